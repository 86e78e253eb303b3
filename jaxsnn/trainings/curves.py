"""Learning curves of a fit, by the epoch: what a training hands over beside its results."""

from typing import Any

import numpy as np

from ..core import check_size
from ..fit import History


def learning_curves(history: History, each_epoch: int) -> dict[str, Any]:
    """Means over every epoch of loss and metrics, of the score and metrics held out, and the seconds an epoch took.

    each_epoch: steps in an epoch (`Batches.each_epoch`). The result is made of numbers and lists, for the facts that
    `train` may return beside its arrays; a number that is not finite is written as None.
    """
    check_size("each_epoch", each_epoch)
    curves = {name: _by_epoch(rows[: history.done], each_epoch) for name, rows in history.series.items()}
    judged = {"score": history.score, **history.held_out}
    curves |= {name: _by_epoch(rows[: history.done], each_epoch) for name, rows in judged.items()}
    epochs = history.done / each_epoch
    running = max(history.seconds - history.compile_seconds, 0.0)
    return {
        "curves": curves,
        "epochs": epochs,
        "fit_seconds": history.seconds,
        "compile_seconds": history.compile_seconds,
        "seconds_per_epoch": running / epochs if epochs else None,
    }


def _by_epoch(rows: np.ndarray, size: int) -> list[float | None]:
    parts = (rows[at : at + size] for at in range(0, len(rows), size))
    means = (float(np.mean(part[np.isfinite(part)])) if np.isfinite(part).any() else None for part in parts)
    return list(means)
