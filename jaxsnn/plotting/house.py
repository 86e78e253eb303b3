"""The house style: column widths, one font, colours with fixed meanings, and figures saved with their numbers.

Theory is a line, simulation is points with error bars. The colours are those of Okabe & Ito (2008), which people with
any common colour vision tell apart; `MEANING` says what each stands for, everywhere. A figure is made by `figure` and
saved by `save`; both, and every drawing function of this package, work inside `style()`, so that the result does not
depend on the settings of the machine. A script wraps its own calls to matplotlib in it too:

    with style():
        fig, ax = figure("single")
        points(ax, noise, error, spread, label="simulation")
        ax.set_xlabel(r"noise $\\sigma$")
        save(fig, folder, "fig4d", {"noise": noise, "error": error, "spread": spread})

Nothing here touches pyplot: figures belong to whoever holds them, and none is kept open behind the scenes.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from os import PathLike
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.rcsetup import cycler
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from .numbers import write_csv

Real = float | int | np.number
WIDTH = {"single": 3.5, "middle": 5.2, "double": 7.2}  # inches: one column, one and a half, two
DPI = 300  # of the PNG

MEANING = {
    "theory": "#000000",  # the bound that a paper states or its counterpart
    "estimate": "#CC79A7",  # a sharper approximation
    "simulation": "#0072B2",
    "optimum": "#D55E00",  # minima, ridges, and what a plot points at
    "noise": "#56B4E9",  # the part of an error that noise makes
    "synchrony": "#009E73",  # the part that delay makes
    "baseline": "#8A8A8A",  # what one would get otherwise
    "target": "#000000",
    "ink": "#333333",  # spikes, axes
}
SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")  # groups without an order
MARKERS = ("o", "s", "^", "D", "v", "P")

STYLE = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.title_fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.borderaxespad": 0.4,
    "legend.labelspacing": 0.35,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.edgecolor": "#333333",
    "axes.labelcolor": "#1a1a1a",
    "axes.labelpad": 3,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=SERIES),
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.minor.width": 0.5,
    "ytick.minor.width": 0.5,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.size": 1.6,
    "ytick.minor.size": 1.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.6,
    "lines.solid_capstyle": "round",
    "hatch.linewidth": 0.4,
    "image.cmap": "viridis",
    "figure.dpi": 100,
    "savefig.dpi": DPI,
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,  # text that stays text in an editor
}


def style() -> AbstractContextManager:
    """matplotlib's defaults with the house style on top, until the block ends; also a decorator."""
    return matplotlib.style.context(STYLE, after_reset=True)


def figure(
    width: str = "single",
    *,
    aspect: Real = 0.72,
    rows: int = 1,
    columns: int = 1,
    **options: Any,
) -> tuple[Figure, Any]:
    """A figure and its axes: one Axes, or an array of them `[row, column]` when there are several.

    width:   "single", "middle" or "double" column
    aspect:  height over width of each panel (before labels take their part)
    options: those of `Figure.subplots`, for instance `sharey=True` or `width_ratios=[2, 1]`
    """
    if width not in WIDTH:
        raise ValueError(f"width = {width!r}: must be one of {', '.join(WIDTH)}; pass one of these words")
    if not all(isinstance(number, int | np.integer) for number in (rows, columns)):
        raise ValueError(f"rows, columns = {rows!r}, {columns!r}: must be integers; pass at least 1 panel")
    if rows < 1 or columns < 1 or not aspect > 0:
        raise ValueError(
            f"rows, columns, aspect = {rows}, {columns}, {aspect}: must be positive; pass at least 1 panel"
        )
    inches = WIDTH[width]
    with style():
        spacing = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04, wspace=0.04, hspace=0.06)
        fig = Figure(figsize=(inches, inches / columns * aspect * rows), layout=spacing)
        FigureCanvasAgg(fig)
        return fig, fig.subplots(rows, columns, **options)


def save(
    fig: Figure,
    folder: str | PathLike,
    name: str,
    data: Mapping[str, Any] | Sequence[Mapping[str, Any]],
) -> dict[str, Path]:
    """Write `name`.pdf, `name`.png and `name`.csv with the numbers that the figure shows; returns their paths.

    data: columns or rows, as `write_csv` takes them. The same figure gives the same bytes: no dates, no versions.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {kind: folder / f"{name}.{kind}" for kind in ("pdf", "png", "csv")}
    write_csv(paths["csv"], data)
    with style():
        fig.savefig(paths["png"], dpi=DPI, metadata={"Software": None})
        fig.savefig(paths["pdf"], metadata={"CreationDate": None, "Producer": None, "Creator": None})
    return paths


def series(index: int) -> dict[str, str]:
    """Colour and marker of the index-th of some groups without an order."""
    return {"colour": SERIES[index % len(SERIES)], "marker": MARKERS[index % len(MARKERS)]}


def ordered(count: int) -> list[str]:
    """Colours for the values of an ordered parameter, dark for the first to light for the last."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["viridis"](place)) for place in np.linspace(0.0, 0.82, count)]


def letter(axes: Any) -> None:
    """A bold a, b, c ... above the left edge of each panel, in reading order."""
    with style():
        for place, ax in enumerate(np.ravel(np.asarray(axes, dtype=object))):
            ax.annotate(
                chr(ord("a") + place),
                xy=(0, 1),
                xycoords="axes fraction",
                xytext=(-4, 5),
                textcoords="offset points",
                ha="right",
                va="bottom",
                fontsize=9.5,
                fontweight="bold",
            )


def log_axis(ax: Axes, which: str = "x") -> None:
    """A logarithmic axis ("x", "y" or "xy") with plain numbers: 0.1, 1, 10; also 2 and 5 where it spans little."""
    with style():
        for name in which:
            getattr(ax, f"set_{name}scale")("log")
            axis = getattr(ax, f"{name}axis")
            low, high = sorted(getattr(ax, f"get_{name}lim")())
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 30 else (1.0,)))
            axis.set_major_formatter(FuncFormatter(plain_number))
            axis.set_minor_formatter(NullFormatter())


def plain_number(value: float, place: int | None = None) -> str:
    """A tick label: 0.1, 1, 10, and powers of ten where these get long. `place` is for matplotlib's formatters."""
    del place
    if 1e-3 <= abs(value) < 1e5:
        return f"{value:.6g}"
    exponent = int(np.floor(np.log10(abs(value)) + 1e-9))
    factor = value / 10.0**exponent
    return rf"$10^{{{exponent}}}$" if abs(factor - 1) < 1e-6 else rf"${factor:g}\times10^{{{exponent}}}$"
