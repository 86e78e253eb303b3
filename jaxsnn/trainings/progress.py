"""How a panel is getting on: runs that are finished, how far the others are, and the time that is left.

How far a run is stands in the checkpoint that its fit saves every half minute.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..engine.checkpoint import open_regular
from .trainings import Training

_LARGEST = 16 << 20  # bytes of a checkpoint's header


class Status(NamedTuple):
    """finished: the run that has just been finished, if it is told of one. under_way: fraction of each that runs.

    seconds_left: None while nothing is known.
    """

    done: int
    total: int
    under_way: tuple[float, ...]
    seconds_left: float | None
    finished: Training | None = None

    @property
    def fraction(self) -> float:
        return (self.done + sum(self.under_way)) / max(self.total, 1)


def fraction_done(checkpoint: Path) -> float:
    """How far a fit was when it last saved its state; 0 where that cannot be told."""
    try:
        with open_regular(checkpoint) as file:
            for _ in ("magic", "hash"):
                file.readline(100)
            length = int.from_bytes(file.read(8), "little")
            meta = json.loads(file.read(length))["meta"] if length <= _LARGEST else {}
        return min(max(float(meta["done"]) / float(meta["steps"]), 0.0), 1.0)
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return 0.0


def seconds_left(
    took: Sequence[float], waiting: int, running: Iterable[tuple[float, float]], workers: int
) -> float | None:
    """took: seconds of finished runs; waiting: runs that were not begun; running: (fraction, seconds until now)."""
    known = list(took)
    running = list(running)
    if not known:
        known = [seconds / fraction for fraction, seconds in running if fraction > 0]
    if not known:
        return None
    each = sum(known) / len(known)
    work = waiting + sum(1 - fraction if fraction else max(1 - seconds / each, 0.0) for fraction, seconds in running)
    return each * work / max(workers, 1)
