"""What the figures share: arms, kinds of noise, their colours and names."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from jaxsnn.claims import resampled
from jaxsnn.plotting import MEANING, SERIES
from jaxsnn.reproduction.page import bars

ARMS = {  # colour, marker, name
    "a": (MEANING["baseline"], "o", "(a) deterministic, same width"),
    "b": (MEANING["ink"], "s", "(b) deterministic, width tuned"),
    "c": (SERIES[0], "D", "(c) noisy"),
    "d": (SERIES[4], "^", "(d) noisy, off at test"),
    "e": (SERIES[1], "v", "(e) deterministic, noise at test"),
}
KINDS = {
    "gaussian": (SERIES[0], "o"),
    "logistic": (SERIES[1], "s"),
    "triangular": (SERIES[2], "^"),
    "uniform": (SERIES[3], "D"),
    "none": (MEANING["ink"], "v"),
}
SETS = {"digits": "8 x 8 digits", "fashion": "Fashion-MNIST"}
BARS = "error bars: 95 % intervals over {seeds} seeds"


def mean_bars(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over the last axis, the seeds, and half-lengths of their 95 % intervals, in per cent."""
    value, half = bars(resampled(100 * values))
    return value, half


def shown_bars(data: Mapping[str, xr.Dataset], panel: str) -> str:
    return BARS.format(seeds=data[panel].sizes["seed"])


def spread_out(x: np.ndarray, number: int, count: int, log: bool = False) -> np.ndarray:
    """x moved a little, so that error bars stand side by side."""
    shift = (number - (count - 1) / 2) / count
    if log:
        return np.asarray(x, float) * 1.12**shift
    step = np.min(np.diff(x)) if len(x) > 1 else 1.0
    return np.asarray(x, float) + 0.25 * step * shift


def handles(which: Mapping[str, Any]) -> list:
    from jaxsnn.reproduction.page import key

    return [key(row[2] if len(row) > 2 else name, colour=row[0], marker=row[1]) for name, row in which.items()]
