"""The numbers behind a figure as CSV: nine significant digits, the same bytes for the same numbers."""

import csv
import io
import math
import numbers
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np


def write_csv(path: str | PathLike, data: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Path:
    """Write `data` to `path`: floats as `%.9g`, what is missing or not a number as an empty cell.

    data: one of
        columns           {"noise": [...], "error": [...]}; arrays broadcast against each other and are written in C
                          order, so a map is {"noise": noise[:, None], "delay": delay[None, :], "error": error}
        several series    {"simulation": {columns}, "theory": {columns}}, of different lengths: a first column `series`
        rows              [{"noise": 0.1, "error": 0.3}, ...]
    Raises ValueError naming the columns that do not fit together.
    """
    if isinstance(data, Mapping) and any(isinstance(part, Mapping) for part in data.values()):
        loose = [name for name, part in data.items() if not isinstance(part, Mapping)]
        if loose:
            raise ValueError(f"column {loose[0]!r} stands beside whole series: must be in one; move it into a series")
        rows = [{"series": name, **row} for name, part in data.items() for row in _rows(part, f" of series {name!r}")]
    elif isinstance(data, Mapping):
        rows = _rows(data, "")
    else:
        rows = [dict(row) for row in data]
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return path


def _rows(part: Mapping[str, Any], where: str) -> list[dict]:
    arrays = {name: np.asarray(values) for name, values in part.items()}
    try:
        together = np.broadcast_arrays(*arrays.values())
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(
            f"columns{where} have shapes {shapes}: must broadcast against each other; "
            "give series of different lengths as {'simulation': {...}, 'theory': {...}}"
        ) from None
    columns = [array.ravel().tolist() for array in together]
    return [dict(zip(arrays, row, strict=True)) for row in zip(*columns, strict=True)]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    value = value.item() if isinstance(value, np.generic) or getattr(value, "shape", None) == () else value
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return "" if math.isnan(float(value)) else f"{float(value):.9g}"
    raise ValueError(f"a cell holds {value!r}: must be a number, a text or None; give arrays as columns, not in rows")
