"""One run, in this process: trained from its checkpoint as far as there is one, checked, and kept."""

import contextlib
import json
import os
import platform
import resource
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..fit import NotFinite
from ..sweeps.dataset import machine
from ..sweeps.files import check_name
from .store import TrainingStore
from .trainings import Training, Trainings


def carry_out(store: TrainingStore, training: Training) -> None:
    """Train, and keep results and record. Raises ValueError naming the point, KeyboardInterrupt after saving."""
    side = store.side(training)
    side.mkdir(parents=True, exist_ok=True)
    attempts = _attempts(side)
    begun, started = time.monotonic(), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    _note_attempts(side, [*attempts, {"started": started, "seconds": None}])
    forget_peak()
    try:
        arrays, facts = _trained(store, training)
    except KeyboardInterrupt:
        _note_attempts(side, [*attempts, {"started": started, "seconds": time.monotonic() - begun}])
        raise
    except ValueError as error:
        raise ValueError(f"training {training}: {error}") from error
    attempts = [*attempts, {"started": started, "seconds": round(time.monotonic() - begun, 3)}]
    store.write(training, arrays)
    record = {
        "point": training.point,
        "seed": training.seed,
        "seconds": sum(one["seconds"] or 0.0 for one in attempts),
        "attempts": attempts,
        "peak_bytes": peak_bytes(),
        "threads": os.environ.get("NPROC", "all"),
        **machine(),
        "facts": facts,
    }
    store.note(training, record)
    (side / "attempts.json").unlink(missing_ok=True)


def _trained(store: TrainingStore, training: Training) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Results and facts. A checkpoint that the fit refuses is given up, and the run begun again."""
    panel, checkpoint = store.panel, store.checkpoint(training)
    there = any(checkpoint.parent.glob("checkpoint*"))
    call = lambda: panel.train(dict(training.point), panel.key_of(training), checkpoint, **panel.constants)
    try:
        made = call()
    except NotFinite:
        raise
    except ValueError as error:
        if not (there and str(checkpoint.parent) in str(error)):
            raise
        print(f"training {training}: {error}. It is begun again", file=sys.stderr)
        for path in checkpoint.parent.glob("checkpoint*"):
            path.unlink() if path.is_file() else shutil.rmtree(path)
        made = call()
    arrays, facts = made if isinstance(made, tuple) and len(made) == 2 else (made, {})
    return _checked(panel, arrays), _plain_facts(panel.name, facts)


def _checked(panel: Trainings, arrays: Any) -> dict[str, np.ndarray]:
    name, taken = panel.name, {*panel.grid.names, *panel.grid.dims, "seed"}
    if not isinstance(arrays, Mapping) or not arrays:
        raise ValueError(
            f"{name} returned {type(arrays).__name__}; it must return a dict of arrays, with at least one; write "
            "`return {'accuracy': ...}`"
        )
    found = {}
    for key, value in arrays.items():
        check_name(str(key))
        if key in taken:
            raise ValueError(f"{name} returned {key}, which is an axis of the grid; call the result something else")
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise ValueError(
                f"{name} returned {key} = {array.dtype} array: results hold numbers; put texts into the facts, or the "
                "grid"
            )
        found[str(key)] = array
    return found


def _plain_facts(name: str, facts: Any) -> dict[str, Any]:
    try:
        return dict(json.loads(json.dumps(dict(facts), allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} returned facts that cannot be written as JSON ({error}); pass numbers, texts, lists and dicts, "
            "None for what is not finite"
        ) from None


def _attempts(side: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads((side / "attempts.json").read_text())
        return [one for one in found if isinstance(one, dict) and {"started", "seconds"} <= one.keys()]
    except (OSError, ValueError, TypeError):
        return []


def _note_attempts(side: Path, attempts: list[dict[str, Any]]) -> None:
    (side / "attempts.json").write_text(json.dumps(attempts))


def forget_peak() -> None:
    """Let the largest memory be counted from now on, where the system can (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_bytes() -> int:
    """The largest memory of this process, in bytes.

    From Linux's own record of it, which begins with the program; `getrusage` counts what the process that started it
    had in memory at that time.
    """
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if platform.system() == "Darwin" else 1024 * largest
