"""The tables that are kept: a row for each training; curves and counts by voice in one field, separated by spaces."""

import csv
import io
from typing import Any

import numpy as np
import xarray as xr

from jaxsnn.reproduction.tables import table_columns, table_text

from .analysis import ROW

AXES = ("arm", "beta", "hidden", "inputs")
SINGLE = ("parameters", "best_epoch", "test_chosen", "test_best")
LISTED = (
    "test_correct", "test_samples", "accent_correct", "accent_samples", "flite_correct", "flite_samples", "validation",
    "test", "loss", "accuracy", "moved", "delays_before", "delays_after",
)  # fmt: skip


def table(name: str, data: xr.Dataset) -> str:
    """CSV of a panel. Arrays of two axes are written row by row: moves [epoch, layer], histograms [layer, delay]."""
    if ROW not in data.dims:
        return table_text(data, [name for name in table_columns(data) if name == "seed" or data[name].size > 1])
    listed = [column for column in LISTED if column in data]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*AXES, "seed", *SINGLE, *listed])
    for place in range(data.sizes[ROW]):
        for seed in range(data.sizes["seed"]):
            one = data.isel({ROW: place, "seed": seed})
            known = [one[column].values.item() for column in (*AXES, "seed", *SINGLE)]
            writer.writerow([*map(_number, known), *(" ".join(_each(one[column])) for column in listed)])
    return text.getvalue()


def _each(values: xr.DataArray) -> list[str]:
    return [_number(value) for value in np.ravel(values.values).tolist()]


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
