"""What the figures of this paper share: units on the axes, colours of the leaks, intervals over seeds, captions.

Simulation is points with 95 % intervals from the delete-one jackknife over whole seeds (Student's t); all points of a
seed share their noise, so neighbouring points move together. Theory is lines and comes from `jaxsnn.theory` alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from jaxsnn.claims import Figure, Resampled, resampled
from jaxsnn.claims.estimate import student_quantile
from jaxsnn.plotting import MEANING, figure, save
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


@dataclass(frozen=True)
class Page:
    """Where the figures of one run go, and the command behind them."""

    folder: Path
    command: str

    def save(self, canvas: Canvas, name: str, data: Any, caption: str) -> Figure:
        """Write PDF, PNG and CSV; give the record for the report."""
        paths = save(canvas, self.folder, name, data)
        return Figure(name, paths["png"], " ".join(caption.split()), self.command, paths["csv"])


def mosaic(width: str, layout: list[list[str]], aspect: float, **options: Any) -> tuple[Canvas, dict[str, Axes]]:
    """A figure with panels of unequal size; aspect is the height of the whole over its width."""
    canvas, _ = figure(width, aspect=aspect)
    canvas.clear()
    panels: Any = canvas.subplot_mosaic(layout, **options)  # pyright: ignore[reportCallIssue]
    return canvas, panels


# Numbers --------------------------------------------------------------------------------------------------------------


def bars(quantity: Resampled) -> tuple[np.ndarray, np.ndarray]:
    """Values and the half-lengths of their 95 % intervals, of the shape of the quantity."""
    shape = quantity.value.shape
    found = quantity.estimates()
    half = [student_quantile(0.975, e.dof) * e.se for e in found]
    return quantity.value, np.asarray(half, float).reshape(shape)


def mean(values: Any) -> Resampled:
    """Mean over the seeds of an array or DataArray whose last axis, or dimension `seed`, they are."""
    return resampled(_seeds_last(values))


def deviation(variance: Any) -> Resampled:
    """Root of the variance averaged over seeds."""
    return resampled(_seeds_last(variance), lambda v: np.sqrt(v.mean(axis=-1)))


def _seeds_last(values: Any) -> np.ndarray:
    table = values.transpose(..., "seed") if isinstance(values, xr.DataArray) else values
    return np.asarray(table, float)


def single_valued(table: xr.DataArray) -> xr.DataArray:
    """Without the dimensions of one point (their values stay as coordinates); never without the seeds."""
    return table.squeeze([d for d in table.dims if table.sizes[d] == 1 and d != "seed"])


def only(table: xr.Dataset, name: str) -> float:
    """The value of an axis that has one point."""
    return float(table[name].values.item())


def root(formula: Callable, *args: Any) -> np.ndarray:
    """The deviation that belongs to a variance of the theory."""
    return np.sqrt(np.asarray(formula(*args), float))


def rows_of(panel: str, **columns: Any) -> list[dict[str, Any]]:
    """Rows of a CSV: columns of one length, or single values that hold for all of them."""
    together = np.broadcast_arrays(*(np.atleast_1d(values) for values in columns.values()))
    return [
        {"panel": panel, **dict(zip(columns, row, strict=True))}
        for row in zip(*(column.tolist() for column in together), strict=True)
    ]


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


def key(
    label: str,
    *,
    colour: str = MEANING["ink"],
    marker: str | None = None,
    dash: Any = None,
    hollow: bool = False,
) -> Line2D:
    """An entry of a legend: a marker, a line (`dash`: its style), or both."""
    style: dict[str, Any] = {"linestyle": dash or ("-" if marker is None else "none")}
    if marker is not None:
        edge = (colour, 0.8) if hollow or marker == "|" else ("white", 0.4)
        face = "white" if hollow else colour
        style |= {"marker": marker, "markerfacecolor": face, "markeredgecolor": edge[0], "markeredgewidth": edge[1]}
    return Line2D([], [], color=colour, label=label, **style)


def leak_keys(leaks: Sequence[float], dash: Any = None) -> list[Line2D]:
    """Entries of a legend for the leaks, with a line through the marker if `dash` says how."""
    looks = [leak_style(leak) for leak in leaks]
    return [
        key(rf"$\lambda_V$ = {number(leak)}", colour=look["colour"], marker=look["marker"], dash=dash)
        for leak, look in zip(leaks, looks, strict=True)
    ]


def legend_above(canvas: Canvas, handles: Sequence[Line2D], columns: int | None = None) -> Legend:
    """One legend for the whole figure, over its panels, where it covers nothing."""
    place = {"loc": "outside upper center", "ncols": columns or len(handles), "columnspacing": 1.4}
    return canvas.legend(handles=handles, **place)


DASHED = (0, (4, 2))
DOTTED = (0, (1, 1.6))


def number(value: float) -> str:
    """A value in a label or caption: three digits."""
    return f"{value:.3g}"


def listed(values: Sequence[float]) -> str:
    """Values in a sentence."""
    texts = [number(v) for v in values]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def seeds_of(data: Mapping[str, xr.Dataset], panel: str) -> int:
    return int(data[panel].sizes["seed"])
