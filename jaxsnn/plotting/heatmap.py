"""Heat maps over two parameters, such as noise and delay, with contours of a theory and ridges of optima.

A cell is centred on its grid point and ends half-way to the next, half-way in the logarithm on a log axis; a cell
without a value is hatched. Ridges are drawn with a halo so that they read on every colour.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Num
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from .house import MEANING, Real, log_axis, plain_number, style

Axis = Num[Any, " x"] | Sequence
Column = Num[Any, " y"] | Sequence
Map = Num[Any, "y x"] | Sequence


def heatmap(
    ax: Axes,
    x: Axis,
    y: Column,
    values: Map,
    *,
    label: str,
    unit: str = "",
    xlabel: str = "",
    ylabel: str = "",
    log: str = "xy",
    log_values: bool = False,
    limits: tuple[Real, Real] | None = None,
    bar: bool = True,
) -> ScalarMappable:
    """Colours for `values` `[y, x]` at the grid points `x` and `y` (noise over delay: noise is y); returns the mesh.

    label, unit: of the values, on the colour bar
    log:         which axes are logarithmic: "", "x", "y" or "xy"; their points must be positive
    log_values:  a logarithmic colour scale
    limits:      of the colours, to share a scale between panels; default: of the finite values
    bar:         draw the colour bar beside `ax`
    """
    x, y, values = np.asarray(x, float), np.asarray(y, float), np.asarray(values, float)
    if values.shape != (len(y), len(x)):
        raise ValueError(
            f"values have shape {values.shape}, the grid has {len(y)} y by {len(x)} x: must be [y, x]; transpose"
        )
    edges = cell_edges(x, log="x" in log, name="x"), cell_edges(y, log="y" in log, name="y")
    finite = values[np.isfinite(values) & (values > 0 if log_values else True)]
    if not finite.size:
        raise ValueError(f"values of {label!r}: hold nothing to draw; check the run for values that are not finite")
    low, high = limits if limits is not None else (float(finite.min()), float(finite.max()))
    norm = LogNorm(low, high) if log_values else Normalize(low, high)
    with style():
        ax.patch.set(facecolor="#f0f0f0", hatch="////", edgecolor="#c4c4c4")
        shown = np.ma.masked_invalid(np.where(values > 0, values, np.nan) if log_values else values)
        mesh = ax.pcolormesh(*edges, shown, norm=norm, cmap="viridis", rasterized=True, edgecolors="none")
        ax.set(xlabel=xlabel, ylabel=ylabel, xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]])
        log_axis(ax, log)
        for spine in ax.spines.values():
            spine.set_visible(True)
        ax.tick_params(which="both", direction="out")
        if bar:
            add_bar(ax, mesh, label, unit)
    return mesh


def contour(
    ax: Axes,
    x: Axis,
    y: Column,
    values: Map,
    levels: Sequence | Num[Any, " level"],
    *,
    label: str | None = None,
    meaning: str = "theory",
) -> None:
    """Lines of equal theory `[y, x]` at `levels`, with their numbers, over a map of the simulation."""
    levels = np.asarray(levels, float)
    with style():
        lines = ax.contour(
            np.asarray(x, float), np.asarray(y, float), np.asarray(values, float), levels,
            colors=MEANING[meaning], linewidths=0.7,
        )  # fmt: skip
        lines.set_path_effects([withStroke(linewidth=1.6, foreground="white", alpha=0.5)])
        texts = ax.clabel(lines, fmt=lambda level: plain_number(level), fontsize=6, inline_spacing=2)
        for text in texts:
            text.set_path_effects([withStroke(linewidth=1.4, foreground="white", alpha=0.7)])
        if label is not None:
            ax.plot([], [], color=MEANING[meaning], linewidth=0.7, label=label)


def ridge(
    ax: Axes,
    x: Axis,
    y: Axis,
    error: Num[Any, " x"] | Num[Any, "2 x"] | Sequence | None = None,
    *,
    label: str | None = None,
    meaning: str = "theory",
    measured: bool = False,
    dashed: bool = False,
) -> None:
    """The best `y` for each `x` `[x]`: a line for theory, points with bars of length `error` when `measured`."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    colour = MEANING[meaning]
    with style():
        if measured:
            bars = None if error is None else np.asarray(error, float)
            shape = {
                "marker": "o",
                "markersize": 4,
                "linestyle": "none",
                "markeredgecolor": "white",
                "markeredgewidth": 0.7,
            }
            _, _, stems = ax.errorbar(x, y, yerr=bars, color=colour, label=label, elinewidth=1.0, zorder=4, **shape)
            for stem in stems:
                stem.set_path_effects([withStroke(linewidth=2.0, foreground="white")])
            return
        halo = "white" if meaning in ("theory", "target", "ink") else "black"
        ax.plot(
            x, y, color=colour, linewidth=1.5, linestyle=(0, (4, 2)) if dashed else "-", label=label, zorder=3,
            path_effects=[withStroke(linewidth=2.7, foreground=halo, alpha=0.85)],
        )  # fmt: skip


def add_bar(axes: Any, mesh: ScalarMappable, label: str, unit: str = "") -> None:
    """A colour bar beside one Axes, or one for an array of them that share `limits`."""
    first = np.ravel(np.asarray(axes, dtype=object))[0]
    with style():
        bar = first.figure.colorbar(mesh, ax=axes, pad=0.02, fraction=0.06, aspect=24)
        bar.set_label(f"{label} ({unit})" if unit else label)
        bar.outline.set_linewidth(0.5)
        if isinstance(mesh.norm, LogNorm):
            low, high = (float(end or 1.0) for end in mesh.get_clim())
            few = high / low < 30
            bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
            bar.ax.yaxis.set_major_formatter(FuncFormatter(plain_number))
            bar.ax.yaxis.set_minor_formatter(NullFormatter())


def cell_edges(centres: Axis, *, log: bool, name: str = "axis") -> Float[np.ndarray, " edge"]:
    """The ends of the cells around increasing `centres`: one more than there are centres.

    Half-way between neighbours (in the logarithm if `log`); the outermost cells reach as far out as in. A single point
    gets a cell of a factor 2, or of width 1.
    """
    centres = np.asarray(centres, float)
    if centres.ndim != 1 or not centres.size or np.any(np.diff(centres) <= 0) or not np.all(np.isfinite(centres)):
        raise ValueError(f"{name} = {centres}: must be finite and strictly increasing; sort it, with the values")
    if log and centres[0] <= 0:
        raise ValueError(
            f"{name} starts at {centres[0]:g}: a logarithmic axis needs points above zero; leave that row out, or "
            "name only the other axis in log=..."
        )
    places = np.log(centres) if log else centres
    if len(places) == 1:
        places = places + np.log(2) / 2 * np.array([-1.0, 1.0]) if log else places + np.array([-0.5, 0.5])
        return np.exp(places) if log else places
    middle = (places[1:] + places[:-1]) / 2
    edges = np.concatenate([[2 * places[0] - middle[0]], middle, [2 * places[-1] - middle[-1]]])
    return np.exp(edges) if log else edges
