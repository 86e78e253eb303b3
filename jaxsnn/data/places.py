"""Where data sets lie: a path that the user gives, the folder JAXSNN_DATA, known places. Nothing is ever downloaded.

find("fashion-mnist")                  known places, such as the folder of a Debian package
find("shd", "~/sets")                  ~/sets/shd, or ~/sets itself; there and nowhere else
JAXSNN_DATA=~/sets                     a folder that holds the sets in folders of their names
"""

import os
from pathlib import Path
from typing import NamedTuple

from ._say import MissingData, one_of

VARIABLE = "JAXSNN_DATA"


class DataSet(NamedTuple):
    """What is known of one set."""

    holds: tuple[str, ...]  # patterns, of which the set's folder holds at least one
    remedy: str  # how to get it
    names: tuple[str, ...] = ()  # other names of its folder, those that common tools give it
    within: tuple[str, ...] = ()  # folders below it, in which those tools put the files
    places: tuple[str, ...] = ()  # where packages install it


_IDX = ("train-images*idx3-ubyte*", "t10k-images*idx3-ubyte*")
_IDX_FILES = "the files (train|t10k)-images-idx3-ubyte(.gz) and (train|t10k)-labels-idx1-ubyte(.gz)"

SETS = {
    "fashion-mnist": DataSet(
        _IDX,
        f"apt install dataset-fashion-mnist, or put {_IDX_FILES} into a folder fashion-mnist",
        ("fashion", "fashionmnist"),
        ("raw",),
        ("/usr/share/datasets/fashion-mnist",),
    ),
    "mnist": DataSet(_IDX, f"put {_IDX_FILES} into a folder mnist", (), ("raw",), ("/usr/share/datasets/mnist",)),
    "shd": DataSet(("shd_*.h5",), "unpack shd_train.h5.zip and shd_test.h5.zip of its publisher into a folder shd"),
    "ssc": DataSet(("ssc_*.h5",), "unpack ssc_train.h5.zip, ssc_valid.h5.zip and ssc_test.h5.zip into a folder ssc"),
    "n-mnist": DataSet(
        ("Train/[0-9]", "Test/[0-9]"),
        "unpack Train.zip and Test.zip of its publisher, which hold <digit>/<number>.bin, into a folder n-mnist",
        ("nmnist",),
    ),
    "dvs-gesture": DataSet(
        ("ibmGestureTrain/user*", "ibmGestureTest/user*"),
        "put the folders ibmGestureTrain and ibmGestureTest, as tonic re-packs them, into a folder dvs-gesture",
        ("dvsgesture",),
    ),
    "speech-commands": DataSet(
        ("testing_list.txt",),
        "unpack version 2 of its publisher's archive into a folder speech-commands",
        ("speechcommands", "gsc"),
        ("speech_commands_v0.02",),
    ),
}


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _names(name: str) -> set[str]:
    return {_plain(name), *SETS[name].names}


def _called_otherwise(folder: Path, name: str) -> bool:
    """Whether the folder bears the name of another set; MNIST's files are named as Fashion-MNIST's."""
    own = _plain(folder.name)
    return own not in _names(name) and any(own in _names(other) for other in SETS)


def _holding(folder: Path, name: str) -> Path | None:
    """The folder, or one below it where common tools put the files, if the set lies there."""
    for place in (folder, *(folder / below for below in SETS[name].within)):
        if any(next(place.glob(pattern), None) is not None for pattern in SETS[name].holds):
            return place
    return None


def _under(root: Path, name: str, itself: bool) -> Path | None:
    """The set in a folder of its name under root, or, if `itself`, in root."""
    below = sorted(path for path in root.iterdir() if _plain(path.name) in _names(name) and path.is_dir())
    for folder in below:
        found = _holding(folder, name)
        if found is not None:
            return found
    itself = (itself and not _called_otherwise(root, name)) or _plain(root.name) in _names(name)
    return _holding(root, name) if itself else None


def find(name: str, data: Path | str | None = None) -> Path:
    """The folder in which the files of the set `name` (one of SETS) lie.

    data: the set's own folder, or one that holds it in a folder of its name; then it is looked for there only. Else in
    the folder JAXSNN_DATA, if that is set, and in known places. Raises MissingData, with what to do, if it is absent.
    """
    one_of("name", name, SETS)
    point = f"point to it with --data FOLDER or {VARIABLE}=FOLDER"
    looked: list[str] = []
    roots = [(data, True)] if data is not None else [(os.environ.get(VARIABLE) or None, False)]
    for root, itself in roots:
        if root is None:
            continue
        folder = Path(root).expanduser()
        if not folder.is_dir():
            what = "data" if itself else VARIABLE
            raise MissingData(f"{what} = {str(root)!r}: must be a folder that exists; {point}")
        found = _under(folder, name, itself)
        if found is not None:
            return found
        looked.append(str(folder))
    if data is None:
        for place in SETS[name].places:
            found = _holding(Path(place), name)
            if found is not None:
                return found
            looked.append(place)
    where = f" in {' and '.join(looked)}" if looked else ""
    raise MissingData(f"the data set {name!r} was not found{where}: {SETS[name].remedy}; then {point}")
