"""What the figures of a paper share: where they go, intervals over seeds, rows of their tables, entries of legends."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from ..claims import Figure, Resampled, resampled
from ..plotting import MEANING, figure, save
from ..statistics import student_quantile

DASHED = (0, (4, 2))
DOTTED = (0, (1, 1.6))


@dataclass(frozen=True)
class Page:
    """Where the figures of one run go, and the command behind them."""

    folder: Path
    command: str

    def save(self, canvas: Canvas, name: str, data: Any, caption: str) -> Figure:
        """Write PDF, PNG and CSV; give the record for the report."""
        paths = save(canvas, self.folder, name, data)
        return Figure(name, paths["png"], " ".join(caption.split()), self.command, paths["csv"])


def mosaic(width: str, layout: list[Any], aspect: float, **options: Any) -> tuple[Canvas, dict[str, Axes]]:
    """A figure with panels laid out as by `Figure.subplot_mosaic`; aspect is the height of the whole over its width."""
    canvas, _ = figure(width, aspect=aspect)
    canvas.clear()
    panels: Any = canvas.subplot_mosaic(layout, **options)  # pyright: ignore[reportCallIssue]
    return canvas, panels


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


def rows_of(panel: str, **columns: Any) -> list[dict[str, Any]]:
    """Rows of a CSV: columns of one length, or single values that hold for all of them."""
    together = np.broadcast_arrays(*(np.atleast_1d(values) for values in columns.values()))
    return [
        {"panel": panel, **dict(zip(columns, row, strict=True))}
        for row in zip(*(column.tolist() for column in together), strict=True)
    ]


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


def legend_above(canvas: Canvas, handles: Sequence[Line2D], columns: int | None = None) -> Legend:
    """One legend for the whole figure, over its panels, where it covers nothing."""
    place = {"loc": "outside upper center", "ncols": columns or len(handles), "columnspacing": 1.4}
    return canvas.legend(handles=handles, **place)


def number(value: float) -> str:
    """A value in a label or caption: three digits."""
    return f"{value:.3g}"


def listed(values: Iterable[float]) -> str:
    """Values in a sentence."""
    texts = [number(v) for v in values]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def seeds_of(data: Mapping[str, xr.Dataset], panel: str) -> int:
    return int(data[panel].sizes["seed"])
