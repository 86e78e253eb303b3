"""Curves: simulation as points with error bars, theory as lines and bands, and families of U-shaped curves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Num
from matplotlib.axes import Axes

from .house import MARKERS, MEANING, Real, log_axis, ordered, style

Values = Num[Any, " point"] | Sequence
Table = Num[Any, "curve point"] | Sequence


def points(
    ax: Axes,
    x: Values,
    y: Values,
    error: Num[Any, " point"] | Num[Any, "2 point"] | Sequence | None = None,
    *,
    label: str | None = None,
    colour: str = MEANING["simulation"],
    marker: str = "o",
    joined: bool = False,
) -> None:
    """Simulation: points `[point]` with error bars.

    error: half the length of each bar `[point]`, or the lengths below and above `[2, point]` (y units; the 95 %
           interval by convention of the house, say so in the caption)
    joined: a thin line between the points, where no theory leads the eye
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    with style():
        if joined:
            ax.plot(x, y, color=colour, linewidth=0.7, alpha=0.5, zorder=2.5)
        ax.errorbar(
            x,
            y,
            yerr=None if error is None else np.asarray(error, float),
            color=colour,
            marker=marker,
            linestyle="none",
            markeredgecolor="white",
            markeredgewidth=0.4,
            elinewidth=0.9,
            capsize=0,
            label=label,
            zorder=3,
        )


def line(
    ax: Axes,
    x: Values,
    y: Values,
    *,
    label: str | None = None,
    meaning: str = "theory",
    colour: str | None = None,
    dashed: bool = False,
) -> None:
    """Theory: a line through `[point]`, in the colour of its meaning (or another)."""
    if meaning not in MEANING:
        raise ValueError(f"meaning = {meaning!r}: must be one of {', '.join(MEANING)}; or pass colour=...")
    with style():
        ax.plot(
            np.asarray(x, float),
            np.asarray(y, float),
            color=colour or MEANING[meaning],
            linestyle=(0, (4, 2)) if dashed else "-",
            label=label,
            zorder=2,
        )


def band(
    ax: Axes,
    x: Values,
    low: Values | Real,
    high: Values | Real,
    *,
    label: str | None = None,
    colour: str = MEANING["theory"],
    alpha: Real = 0.1,
) -> None:
    """A shaded region between `low` and `high` (`[point]` or one number): an interval, or all below a bound."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    with style():
        ax.fill_between(np.asarray(x, float), low, high, color=colour, alpha=alpha, linewidth=0, label=label, zorder=1)


def u_curves(
    ax: Axes,
    noise: Values,
    error: Table,
    spread: Table | None = None,
    *,
    labels: Sequence[str],
    theory: tuple[Values, Table] | None = None,
    minima: tuple[Any, Any] | None = None,
    title: str = "",
    colours: Sequence[str] | None = None,
    xlabel: str = r"noise $\sigma$",
    ylabel: str = "readout error",
) -> None:
    """A family of curves over noise on a log axis, for instance one for each delay, dark to light.

    noise `[point]`, error and spread `[curve, point]` (points that are not finite are left out), labels `[curve]`
    theory: (noise `[fine]`, error `[curve, fine]`), a line under the points of the same colour
    minima: (noise `[curve]`, error `[curve]`), marked with a star; not finite for a curve without a minimum
    title:  what the labels are, over the legend: "delay (inter-spike intervals)"
    """
    noise, error = np.asarray(noise, float), np.asarray(error, float)
    if error.shape != (len(labels), len(noise)):
        raise ValueError(
            f"error has shape {error.shape} for {len(labels)} labels and {len(noise)} noise levels: must be "
            "[curve, point]; transpose it"
        )
    colours = list(colours) if colours is not None else ordered(len(labels))
    with style():
        for row, (label, colour) in enumerate(zip(labels, colours, strict=True)):
            if theory is not None:
                line(ax, theory[0], np.asarray(theory[1], float)[row], colour=colour)
            good = np.isfinite(error[row])
            bars = None if spread is None else np.asarray(spread, float)[row][good]
            points(
                ax,
                noise[good],
                error[row][good],
                bars,
                label=label,
                colour=colour,
                marker=MARKERS[row % len(MARKERS)],
                joined=theory is None,
            )
        stars = []
        if minima is not None:
            stars = ax.plot(
                np.asarray(minima[0], float),
                np.asarray(minima[1], float),
                linestyle="none",
                marker="*",
                markersize=8,
                color=MEANING["optimum"],
                markeredgecolor="white",
                markeredgewidth=0.6,
                label="minimum",
                zorder=4,
            )
        log_axis(ax, "x")
        ax.set_xlabel(xlabel)
        ax.set_ylabel(ylabel)
        handles, names = ax.get_legend_handles_labels()  # the curves in their order, then the stars
        order = sorted(range(len(names)), key=lambda i: handles[i] in stars)
        ax.legend([handles[i] for i in order], [names[i] for i in order], title=title or None, alignment="left")
