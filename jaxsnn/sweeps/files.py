"""Files of a store, which may come from someone else: regular ones only, no links, capped before they are read.

What is read here is JSON or raw numbers. Nothing in a store names code, and no path is taken from a file's content.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..engine.checkpoint import atomic, open_regular
from .axes import short

LARGEST = 64 << 20  # bytes of a JSON file; a layout of a million points has a tenth of that
_DEEPEST = 24
_LEFTOVER = re.compile(r"\..+\.[0-9a-f]+\.tmp|.+\.[0-9a-f]{32}\.partial")


def render(value: Any) -> bytes:
    """The bytes in which a value is written: readable, sorted, the same everywhere."""
    return (json.dumps(value, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def write_bytes(
    path: Path, content: bytes, before_rename: Callable[[], None] = lambda: None, flush: bool = True
) -> None:
    """Atomic: a reader finds the old file or the new one. before_rename: called when the temporary file is written.

    flush: as in `atomic`.
    """
    with atomic(path, flush) as file:
        file.write(content)
        file.flush()
        before_rename()


def write_json(path: Path, value: Any) -> None:
    """`render`, atomically."""
    write_bytes(path, render(value))


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """Raises FileNotFoundError, and ValueError for a link, for what is no file, and for more than `largest` bytes."""
    with open_regular(path, follow=False) as file:
        size = os.fstat(file.fileno()).st_size
        if size > largest:
            raise ValueError(f"{path} has {size} bytes, and at most {largest} are read")
        return file.read(size)


def parse_json(content: bytes) -> Any:
    """JSON without NaN and without depths that nobody writes; ValueError for anything else."""
    try:
        value = json.loads(content, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError(f"nested deeper than {_DEEPEST}") from None
    if _depth(value) > _DEEPEST:
        raise ValueError(f"nested deeper than {_DEEPEST}")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number that is written here")


def _depth(value: Any) -> int:
    """Levels of lists and dicts, as far as one beyond the deepest that is allowed."""
    depth, level = 0, [value]
    while depth <= _DEEPEST and (level := [one for one in level if isinstance(one, dict | list)]):
        level = [item for one in level for item in (one.values() if isinstance(one, dict) else one)]
        depth += 1
    return depth


def read_json(path: Path, largest: int = LARGEST) -> Any:
    """Raises FileNotFoundError, and ValueError with the path for what cannot be read."""
    content = read_bytes(path, largest)
    try:
        return parse_json(content)
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error})") from None


def check_name(name: str) -> None:
    """ValueError for the name of a result that could not be the name of a folder of its own."""
    bad = name == "zarr.json" or name[:1] in ("", ".") or len(name.encode(errors="replace")) > 200
    if bad or not name.isprintable() or set(name) & set('/\\:*?"<>|'):
        raise ValueError(f"result {name!r} has a name that no folder can have, and needs another; rename it")


def as_folder(field: str, path: Any) -> Path:
    """A path as it was given by a user; ValueError for what cannot be one."""
    try:
        folder = Path(path)
        if not str(path) or "\0" in str(path):
            raise ValueError("it is empty, or holds a zero byte")
        folder.exists()
    except (TypeError, ValueError, OSError) as error:
        what = getattr(error, "strerror", None) or error
        raise ValueError(
            f"{field} = {short(path)}: must be the path of a folder ({what}); pass a text or a Path"
        ) from None
    return folder


def survey(folder: Path) -> tuple[set[str], list[str]]:
    """Paths of all files outside `side`, and of all that is neither a file nor a folder (links, also within `side`)."""
    files: set[str] = set()
    strange: list[str] = []
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        with os.scandir(folder / inner) as entries:
            for entry in entries:
                path = f"{inner}/{entry.name}" if inner else entry.name
                outside = path.partition("/")[0] != "side"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                elif entry.is_file(follow_symlinks=False) and path != "side":
                    files |= {path} if outside else set()
                elif outside or entry.is_symlink():
                    strange.append(path)
    return files, sorted(strange)


def is_leftover(path: str) -> bool:
    """Whether this is a temporary file of a write that was killed."""
    return _LEFTOVER.fullmatch(path.rpartition("/")[2]) is not None


def refuse_links(folder: Path) -> None:
    """ValueError for a store with anything in it that leads out of it."""
    strange = survey(folder)[1]
    if strange:
        raise ValueError(
            f"store {folder} holds {strange[0]!r}, which is a link or no file; a store has only files and folders of "
            "its own, so replace it by what it stands for, or remove it"
        )
