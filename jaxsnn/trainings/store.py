"""The store of a panel of trainings.

    spec.json               what was asked for
    code.json               the files that the numbers come from, with their hashes (`sources`)
    runs/<id>/result.npz    the arrays of a finished run
    runs/<id>/done.json     written last: point and seed, shapes, and the SHA-256 of result.npz
    side/<id>/              checkpoint of a run that is not finished; afterwards record.json: times, memory, curves
    side/lock

A run counts as done once its done.json is there, which is flushed to disk and renamed into place after its arrays. `id`
is a hash of all that decides the run. So a panel that is asked for with more seeds or other points keeps the runs it
has in common with what is there; everything else must agree.
"""

import hashlib
import io
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..sweeps.files import as_folder, read_bytes, read_json, write_bytes, write_json
from ..sweeps.lock import held
from ..sweeps.spec import canonical
from .sources import code_hash, sources_of
from .trainings import Training, Trainings

Shapes = dict[str, tuple[tuple[int, ...], str]]
LARGEST = 1 << 30  # bytes of one run's results


class Damage(NamedTuple):
    training: Training
    what: str


@dataclass(frozen=True)
class TrainingStore:
    """A panel and its folder, which may be new or part full."""

    panel: Trainings
    folder: Path
    files: dict[str, str]  # the sources of now

    @property
    def code(self) -> str:
        return code_hash(self.files)

    def side(self, training: Training) -> Path:
        return self.folder / "side" / training.id

    def checkpoint(self, training: Training) -> Path:
        return self.side(training) / "checkpoint"

    def changed(self) -> str:
        """Which sources are others than those that what is here was made of, results and checkpoints; empty where there
        is nothing."""
        if not (self.folder / "runs").is_dir() and not any(self.folder.glob("side/*/checkpoint*")):
            return ""
        return _listed(_changed(_read(self.folder / "code.json"), self.files))

    def finished(self) -> list[Training]:
        return [one for one in self.panel.trainings if (self._run(one) / "done.json").is_file()]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the store's lock, and write its description."""
        (self.folder / "side").mkdir(parents=True, exist_ok=True)
        with held(self.folder):
            wanted = {"spec.json": self.panel.spec.to_json(), "code.json": self.files}
            for name, value in wanted.items():
                if _read(self.folder / name) != value:
                    write_json(self.folder / name, value)
            yield

    def write(self, training: Training, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep the results of a run: all of them or, when it is killed on the way, none."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})
        content = buffer.getvalue()
        folder = self._run(training)
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / "result.npz", content)
        shapes = {name: [list(array.shape), array.dtype.str] for name, array in sorted(arrays.items())}
        about = {"point": training.point, "seed": training.seed, "arrays": shapes}
        write_json(folder / "done.json", {**about, "sha256": hashlib.sha256(content).hexdigest(), "code": self.code})

    def read(self, training: Training) -> dict[str, np.ndarray]:
        """ValueError for results that are not those that were written."""
        what = self._fault(training)
        if what:
            raise ValueError(f"{self._run(training)} is damaged ({what}); delete it, and it is trained again")
        with np.load(self._run(training) / "result.npz", allow_pickle=False) as found:
            return {name: found[name] for name in found.files}

    def shapes(self, training: Training) -> Shapes:
        """Names, shapes and dtypes of a finished run's results."""
        found = read_json(self._run(training) / "done.json")["arrays"]
        return {name: (tuple(shape), dtype) for name, (shape, dtype) in found.items()}

    def damage(self) -> list[Damage]:
        found = [Damage(one, self._fault(one)) for one in self.finished()]
        return [one for one in found if one.what]

    def give_up(self, training: Training) -> None:
        """Forget the results of a run, so that it is trained again."""
        (self._run(training) / "done.json").unlink(missing_ok=True)
        shutil.rmtree(self._run(training), ignore_errors=True)

    def note(self, training: Training, record: Mapping[str, Any]) -> None:
        """Keep times and curves of a finished run, and give up its checkpoint."""
        side = self.side(training)
        side.mkdir(parents=True, exist_ok=True)
        write_json(side / "record.json", record)
        for path in side.glob("checkpoint*"):
            path.unlink() if path.is_file() else shutil.rmtree(path)

    def record(self, training: Training) -> dict[str, Any]:
        """What `note` kept; empty where it cannot be read: nothing about times is worth stopping for."""
        found = _read(self.side(training) / "record.json")
        return found if isinstance(found, dict) else {}

    def _run(self, training: Training) -> Path:
        return self.folder / "runs" / training.id

    def _fault(self, training: Training) -> str:
        folder = self._run(training)
        try:
            said = read_json(folder / "done.json")
            content = read_bytes(folder / "result.npz", LARGEST)
            if canonical([said["point"], said["seed"]]) != canonical([training.point, training.seed]):
                return "done.json names another point"
            return "" if hashlib.sha256(content).hexdigest() == said["sha256"] else "result.npz has another SHA-256"
        except (OSError, ValueError, KeyError, TypeError) as error:
            return " ".join(str(error).split()) or type(error).__name__


def open_store(panel: Trainings, folder: Path, trust: bool = False) -> TrainingStore:
    """The store of this panel at `folder`, which may be new. Writes nothing.

    trust: accept what other sources have made. Raises ValueError for a folder that holds something else: another
    training, other constants, another key, or, unless `trust`, results of other sources.
    """
    folder = as_folder("store", folder)
    store = TrainingStore(panel, folder, sources_of(panel.train))
    if not folder.exists():
        return store
    if not folder.is_dir():
        raise ValueError(f"store {folder} is a file, and must be a folder; name another one")
    strange = sorted(path.name for path in folder.iterdir() if path.name != "side" and not path.name.startswith("."))
    if not (folder / "spec.json").is_file():
        if strange:
            raise ValueError(
                f"folder {folder} holds {strange[0]!r} and no trainings (spec.json is missing); name a new folder"
            )
        return store
    there = read_json(folder / "spec.json")
    if not isinstance(there, dict):
        raise ValueError(f"{folder / 'spec.json'} is damaged (it describes nothing); name another folder")
    differences = panel.spec.differences({**there, "grid": panel.spec.to_json()["grid"]})
    if differences:
        raise ValueError(
            f"store {folder} was made by other trainings ({'; '.join(differences)}); name another folder, or ask for "
            "what it holds"
        )
    changed = store.changed()
    if changed and not trust:
        raise ValueError(
            f"store {folder} was made by other code ({changed}); name another folder, go back to that "
            "version, or, if the change leaves the numbers what they are, pass trust=True"
        )
    return store


def _changed(there: Any, here: Mapping[str, str]) -> list[str]:
    """One phrase for every file that is not what it was."""
    if not isinstance(there, dict):
        return ["code.json cannot be read"]
    words = {(True, False): "is no longer used", (False, True): "is new", (True, True): "has changed"}
    names = sorted(set(there) | set(here))
    return [f"{n} {words[n in there, n in here]}" for n in names if there.get(n) != here.get(n)]


def _listed(phrases: list[str]) -> str:
    shown = "; ".join(phrases[:4])
    return shown if len(phrases) <= 4 else f"{shown}; and {len(phrases) - 4} more"


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
