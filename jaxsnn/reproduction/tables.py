"""Results as CSV: a row for each point and seed, sorted, `%.9g`; the same numbers give the same bytes."""

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def table_columns(data: "xr.Dataset", declared: Sequence[str] = ()) -> list[str]:
    """Axes, seed, results with one number per network; `declared` says which of them, and in what order.

    Axes that are not declared stand before the seed, so that every row can be told from the others.
    Raises ValueError for a declared column that the sweep does not have.
    """
    axes = [str(name) for name in data.coords if name != "seed" and data.coords[name].ndim == 1]
    dims = _dims(data)
    results = [str(name) for name in data.data_vars if set(data[name].dims) <= set(dims)]
    if not declared:
        return [*axes, "seed", *results]
    known = {*axes, *results, "seed", *_constants(data)}
    missing = [name for name in declared if name not in known]
    if missing:
        raise ValueError(f"the study declares a column {missing[0]!r}; the sweep has {', '.join(sorted(known))}")
    columns = list(declared) if "seed" in declared else ["seed", *declared]
    place = columns.index("seed")
    return columns[:place] + [name for name in axes if name not in columns] + columns[place:]


def table_text(data: "xr.Dataset", columns: Sequence[str]) -> str:
    """The table, sorted by its axes in the order of the columns. A number that is missing or NaN is an empty field."""
    dims = _dims(data)
    like = _template(data, dims)
    values = {}
    for name in columns:
        if name in data.variables:
            values[name] = data[name].broadcast_like(like).transpose(*dims).values.ravel()
        else:
            values[name] = np.full(like.size, _constants(data)[name], dtype=object)
    axes = [name for name in columns if name in data.coords]
    order = np.lexsort([values[name] for name in reversed(axes)]) if axes else np.arange(like.size)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*([_cell(v) for v in values[name][order].tolist()] for name in columns), strict=True))
    return text.getvalue()


def write_text(path: Path, text: str) -> Path:
    """Write whole or not at all: readers see the old file or the new one."""
    from ..engine.checkpoint import atomic

    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        file.write(text.encode())
    return path


def _dims(data: "xr.Dataset") -> list[str]:
    """The dimensions of the grid, seed last, without those of single results."""
    return [*dict.fromkeys(str(d) for name in data.coords for d in data.coords[name].dims if d != "seed"), "seed"]


def _template(data: "xr.Dataset", dims: Sequence[str]) -> "xr.DataArray":
    import xarray as xr

    return xr.DataArray(np.zeros([data.sizes[d] for d in dims]), dims=dims)


def _constants(data: "xr.Dataset") -> dict[str, Any]:
    return json.loads(data.attrs["spec"])["constants"]


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value + 0.0:.9g}" if isinstance(value, float) else str(value)
