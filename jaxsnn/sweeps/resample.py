"""Errors of derived quantities, with the seeds as the independent samples.

All points of a seed share their noise, so a quantity that is computed from many points (a minimum, a slope, a fit) is
computed again from the whole table with one seed left out at a time (delete-one jackknife):

    se^2 = (S - 1)/S  sum_s (q_s - mean q)^2          q_s without seed s
    interval: value +- t(S - 1) se

Everything is float64. Differences are taken seed by seed before they are averaged.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ..core import require
from ..statistics import jackknife_error, leave_one_out, student_quantile

Data = Any  # a Dataset, a DataArray, an array, or a tuple, list or dict of them
Values = Any  # a float64 array, or a dict of them


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error and interval; arrays, or dicts of arrays, as the quantity is.

    n: seeds. note: empty, or a sentence on why the error is NaN somewhere, or too small.
    """

    value: Values
    se: Values
    low: Values
    high: Values
    n: int
    note: str = ""


def jackknife(f: Callable[[Data], Any], data: Data, axis: str | int = "seed", confidence: Any = 0.95) -> Estimate:
    """Any quantity of a table with its error over seeds.

    f: takes data of the same form, with all or all but one of the seeds, and returns a number, an array or a dict of
        them; it averages over the seeds itself (variances before roots).
    data: a Dataset, DataArray, array, or a tuple, list or dict of these. axis: name of the seed dimension, or for bare
        arrays its number (the last one when "seed" is left).

    Where f gives NaN, or divides by zero, without one of the seeds, the error there is NaN and `note` says so.
    Raises ValueError for fewer than two seeds, or tables that differ in their seeds.
    """
    require(callable(f), "f", f, "must be a function of the data", "pass for instance a lambda")
    count = _seeds(data, axis)
    full = _quantity(f, data)
    parts = [_quantity(f, _only(data, axis, others)) for others in leave_one_out(count)]
    names = {name for part in parts if part is not None for name in part}
    if full is None:
        full = {name: np.array(np.nan) for name in names or {""}}
    value, se = {}, {}
    failed: set[int] = set()
    skipped: set[int] = set()
    holes = _with_nan(data, axis, count)
    for name, whole in full.items():
        each = np.stack([_like(part, name, whole) for part in parts], axis=-1)
        skipped |= {s for s in holes if np.any(np.isfinite(whole) & (each[..., s] == whole))}
        failed |= {s for s in range(count) if not np.all(np.isfinite(each[..., s]) | ~np.isfinite(whole))}
        value[name], se[name] = whole, jackknife_error(each)
    return _estimate(value, se, count, confidence, _note(failed, skipped, value, count))


def paired_difference(a: Data, b: Data, axis: str | int = "seed", confidence: Any = 0.95) -> Estimate:
    """Mean over seeds of a - b, with its error from the per-seed differences; a and b are arrays or DataArrays.

    The noise that a seed's points share cancels in the difference. Raises ValueError when the seeds differ.
    """
    if _is_labelled(a) and _is_labelled(b):
        if not np.array_equal(a[axis].values, b[axis].values):
            raise ValueError(f"the two have other seeds ({a[axis].values} and {b[axis].values}) and cannot be paired")
        for name in set(a.coords) & set(b.coords) & set(a.dims) & set(b.dims):
            if not np.array_equal(a[name].values, b[name].values):
                raise ValueError(f"the two have other values of {name} ({a[name].values} and {b[name].values})")
        difference = (a.astype(float) - b.astype(float)).transpose(..., axis)
        each = difference.values
    else:
        x, y = np.asarray(a, float), np.asarray(b, float)
        place = -1 if isinstance(axis, str) else axis
        if x.shape[place] != y.shape[place]:
            raise ValueError(f"{x.shape[place]} seeds cannot be paired with {y.shape[place]}; pass the same seeds")
        each = np.moveaxis(x - y, place, -1)
    count = each.shape[-1]
    if count < 2:
        raise ValueError(f"seeds = {count}: an error needs at least 2 seeds; run more of them")
    se = each.std(axis=-1, ddof=1) / np.sqrt(count)
    return _estimate({"": each.mean(axis=-1)}, {"": se}, count, confidence, "")


def _estimate(value: dict, se: dict, count: int, confidence: Any, note: str) -> Estimate:
    number = isinstance(confidence, float | np.floating) and 0 < confidence < 1
    require(number, "confidence", confidence, "must lie between 0 and 1", "pass 0.95")
    wide = student_quantile(0.5 + confidence / 2, count - 1)
    low = {name: value[name] - wide * se[name] for name in value}
    high = {name: value[name] + wide * se[name] for name in value}
    bare = lambda d: d[""] if set(d) == {""} else d
    return Estimate(bare(value), bare(se), bare(low), bare(high), count, note)


def _with_nan(data: Data, axis: str | int, count: int) -> set[int]:
    """The seeds, by their place, that hold a NaN."""
    found = np.zeros(count, bool)
    for leaf in _leaves(data):
        tables = list(leaf.data_vars.values()) if hasattr(leaf, "data_vars") else [leaf]
        for table in tables:
            if _is_labelled(table):
                table = table.transpose(..., axis).values if axis in table.dims else np.zeros(count)
                place = -1
            else:
                table, place = np.asarray(table), -1 if isinstance(axis, str) else axis
            if table.dtype.kind == "f":
                found |= np.isnan(np.moveaxis(table, place, -1)).reshape(-1, count).any(axis=0)
    return set(np.flatnonzero(found).tolist())


def _note(failed: set[int], skipped: set[int], value: dict, count: int) -> str:
    sentences = []
    if skipped:
        sentences.append(
            f"{len(skipped)} of {count} seeds hold NaN and were left out of the quantity, but count as samples: errors "
            "and intervals are too small; select the seeds that are there"
        )
    if failed:
        which = ", ".join(str(s) for s in sorted(failed))
        sentences.append(
            f"undefined in {len(failed)} of {count} resamples (without the seed in place {which}), so no error is given"
        )
    if any(not np.all(np.isfinite(v)) for v in value.values()):
        sentences.append("undefined from the full data")
    return "; ".join(sentences)


def _quantity(f: Callable, data: Data) -> dict[str, np.ndarray] | None:
    """f's answer as named float64 arrays; None where it cannot be computed."""
    try:
        found = f(data)
    except (ArithmeticError, np.linalg.LinAlgError):
        return None
    if hasattr(found, "data_vars"):
        return {str(name): np.asarray(v, float) for name, v in found.data_vars.items()}
    if isinstance(found, dict):
        return {str(name): np.asarray(v, float) for name, v in found.items()}
    return {"": np.asarray(found, float)}


def _like(part: dict[str, np.ndarray] | None, name: str, whole: np.ndarray) -> np.ndarray:
    if part is None or name not in part:
        return np.full(whole.shape, np.nan)
    if part[name].shape != whole.shape:
        if not np.any(np.isfinite(whole)):
            return np.full(whole.shape, np.nan)
        raise ValueError(
            f"the quantity {name!r} has shape {part[name].shape} without one seed and {whole.shape} with all; "
            "return one shape, with NaN where it is undefined"
        )
    return part[name]


def _is_labelled(leaf: Any) -> bool:
    """Whether this is an xarray object; without loading xarray, which takes as long as half of jax."""
    xr = sys.modules.get("xarray")
    return xr is not None and isinstance(leaf, xr.Dataset | xr.DataArray)


def _leaves(data: Data) -> list[Any]:
    return jax.tree.leaves(data, is_leaf=_is_labelled)


def _length(leaf: Any, axis: str | int) -> int:
    if _is_labelled(leaf):
        if axis not in leaf.dims:
            raise ValueError(f"the data have no dimension {axis!r}, only {sorted(map(str, leaf.dims))}; pass axis=...")
        return leaf.sizes[axis]
    return np.asarray(leaf).shape[-1 if isinstance(axis, str) else axis]


def _seeds(data: Data, axis: str | int) -> int:
    for leaf in _leaves(data):
        _check_axis(leaf, axis)
    counts = {_length(leaf, axis) for leaf in _leaves(data)}
    if len(counts) != 1:
        raise ValueError(f"the tables have {sorted(counts)} seeds; they must share theirs")
    named = [leaf[axis].values for leaf in _leaves(data) if _is_labelled(leaf) and axis in leaf.coords]
    for one in named[1:]:
        if not np.array_equal(one, named[0]):
            raise ValueError(
                f"the tables have other seeds ({named[0]} and {one}); pass the same ones in the same order"
            )
    count = counts.pop()
    if count < 2:
        raise ValueError(f"seeds = {count}: an error needs at least 2 seeds; run more of them")
    return count


def _check_axis(leaf: Any, axis: str | int) -> None:
    """Of a bare array; what xarray's own lack is said by `_length`."""
    if not _is_labelled(leaf):
        array = np.asarray(leaf)
        good = array.dtype.kind in "iufb" and -array.ndim <= (-1 if isinstance(axis, str) else axis) < array.ndim
        allowed = f"must be an axis of an array of numbers of shape {array.shape}"
        require(good, "axis", axis, allowed, "pass the place of the seeds, such as -1")


def _only(data: Data, axis: str | int, seeds: np.ndarray) -> Data:
    def one(leaf: Any) -> Any:
        if _is_labelled(leaf):
            return leaf.isel({axis: np.flatnonzero(seeds)})
        return np.compress(seeds, np.asarray(leaf), axis=-1 if isinstance(axis, str) else axis)

    return jax.tree.map(one, data, is_leaf=_is_labelled)
