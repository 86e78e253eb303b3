"""What the figures of this paper share: units on the axes, colours of the leaks, intervals over seeds, captions.

Simulation is points with 95 % intervals from the delete-one jackknife over whole seeds (Student's t); all points of a
seed share their noise, so neighbouring points move together. Theory is lines and comes from `jaxsnn.theory` alone.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from jaxsnn.reproduction.page import key, number
from jaxsnn.theory import bound_variance, estimate_variance, optimal_noise

NOISE = r"noise $\sigma$ ($w^2/\sqrt{\tau_d}$)"
DELAY = r"delay $\delta$ (mean inter-spike intervals)"
LEAK = r"leak $\lambda_V$ ($1/\tau_d$)"
ERROR = r"readout error $\sigma_\mathrm{readout}$ (units of $1/N$)"
SHORT_ERROR = r"$\sigma_\mathrm{readout}$ (units of $1/N$)"
POTENTIAL = r"membrane potential $v$ ($w^2$)"

LEAKS = {0.01: "#009E73", 0.1: "#0072B2", 1.0: "#E69F00", 10.0: "#D55E00"}
SHAPES = {0.01: "D", 0.1: "o", 1.0: "s", 10.0: "^"}
OURS = "ranges and units are choices of this project"
BARS = "error bars: 95 % intervals, whole-seed jackknife over {seeds} seeds; points of a seed share their noise"
RIDGE_DELAYS = np.geomspace(0.01, 20.0, 121)
MAP_LEAKS = (0.1, 1.0)


# Numbers --------------------------------------------------------------------------------------------------------------


def root(formula: Callable, *args: Any) -> np.ndarray:
    """The deviation that belongs to a variance of the theory."""
    return np.sqrt(np.asarray(formula(*args), float))


def fine(low: float, high: float) -> np.ndarray:
    """Noise levels for the lines of a theory; always as many, so that a formula is compiled once."""
    return np.geomspace(low, high, 161)


@lru_cache
def ridges(neurons: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Best noise and least error [leak, delay] on `MAP_LEAKS` and `RIDGE_DELAYS`, of the bound and the estimate."""
    leaks = np.asarray(MAP_LEAKS)[:, None]
    found = {}
    for name, formula in (("bound", bound_variance), ("estimate", estimate_variance)):
        best = optimal_noise(formula, leaks, RIDGE_DELAYS[None, :], neurons)
        found[name] = np.asarray(best.noise, float), np.sqrt(np.asarray(best.variance, float))
    return found


# Marks ----------------------------------------------------------------------------------------------------------------


def leak_style(leak: float) -> dict[str, str]:
    """Colour and marker of a leak, the same in every figure."""
    nearest = min(LEAKS, key=lambda known: abs(np.log(known) - np.log(leak)) if leak > 0 else known)
    return {"colour": LEAKS[nearest], "marker": SHAPES[nearest]}


def open_points(ax: Axes, x: Any, y: Any, half: Any, *, colour: str, marker: str, label: str | None = None) -> None:
    """Simulation that stands beside the main one: open markers."""
    ax.errorbar(
        x, y, yerr=half, color=colour, marker=marker, linestyle="none", markerfacecolor="white", markeredgewidth=0.8,
        elinewidth=0.7, capsize=0, label=label, zorder=2.8,
    )  # fmt: skip


def leak_keys(leaks: Sequence[float], dash: Any = None) -> list[Line2D]:
    """Entries of a legend for the leaks, with a line through the marker if `dash` says how."""
    looks = [leak_style(leak) for leak in leaks]
    return [
        key(rf"$\lambda_V$ = {number(leak)}", colour=look["colour"], marker=look["marker"], dash=dash)
        for leak, look in zip(leaks, looks, strict=True)
    ]
