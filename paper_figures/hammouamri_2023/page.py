"""What the figures of this paper share: names and colours of the arms, intervals over voices and seeds."""

import numpy as np
import xarray as xr

from experiments.hammouamri_2023.analysis import by_voice, estimate
from jaxsnn.plotting import MARKERS, MEANING, SERIES

ARMS = {
    "none": "no delays",
    "random": "random, fixed",
    "histogram": "random, learned histogram",
    "constant": "learned, constant width",
    "annealed": "learned, annealed",
}
COLOURS = {"none": MEANING["baseline"], **dict(zip(list(ARMS)[1:], SERIES, strict=False))}
MARKS = dict(zip(ARMS, MARKERS, strict=False))
BARS = "95 % intervals, bootstrap over test voices and seeds (Student's t)"
DATA = "Synthetic spoken digits (SSD-20), held-out voices; not SHD"


def accuracy(one: xr.Dataset, split: str = "test") -> tuple[float, float]:
    """Of one row of a panel: mean in per cent and half its interval, not a number where there is one seed."""
    found = estimate(by_voice(one, split))
    low, high = found.interval()
    return 100 * found.value, 50 * (high - low)


def hidden_where_unknown(half: float) -> float:
    return half if np.isfinite(half) else 0.0
