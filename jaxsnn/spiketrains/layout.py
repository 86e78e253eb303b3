"""The layout that all measures take: spikes [trial, cell, time]."""

from typing import Any

import numpy as np

from ..core import require


def trials_of(name: str, spikes: Any, least: int = 1) -> np.ndarray:
    """float64 [trial, cell, time].

    Raises ValueError for another number of axes, for fewer than `least` trials, and for NaN and infinity.
    """
    array = np.asarray(spikes)
    require(array.dtype.kind in "iufb", name, array.dtype, "must hold numbers", "pass spikes per bin")
    require(array.ndim == 3, f"{name}.shape", array.shape, "must be [trial, cell, time]", "add or move axes")
    allowed = f"must have at least {least} trial{'s' if least > 1 else ''} and one bin"
    require(
        array.shape[0] >= least and array.shape[2] > 0, f"{name}.shape", array.shape, allowed, "repeat the stimulus"
    )
    spikes = array.astype(np.float64)
    wrong = spikes[~np.isfinite(spikes)]  # rates and other answers to a stimulus may well be negative
    require(wrong.size == 0, name, wrong[:3], "must be finite", "leave out the trials that are not")
    return spikes


def alike(a: np.ndarray, b: np.ndarray) -> None:
    """Raises ValueError unless both have the same cells and the same bins."""
    same = a.shape[1:] == b.shape[1:]
    require(same, "b.shape", b.shape, f"must have the cells and bins of a, {a.shape[1:]}", "cut both to what is common")
