"""Numbers of a point as the device will hold them: float32, or int32, unless jax was told otherwise."""

from typing import Any

import jax
import numpy as np

from .grid import Grid

_LARGEST = float(np.finfo(np.float32).max)


def settled(name: str, value: Any) -> Any:
    """NumPy arrays of the dtypes that the device will use; refuses what would be rounded or wrapped in silence."""
    if type(value) is float and abs(value) <= _LARGEST:  # by far most often
        return np.asarray(value, jax.dtypes.canonicalize_dtype(float))

    def one(leaf: Any) -> np.ndarray:
        array = np.asarray(leaf)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{name} = {leaf!r}: arrays of a plan hold numbers; put names and choices into `static`")
        kind = {"f": float, "b": bool}.get(array.dtype.kind, int)
        with np.errstate(over="ignore", under="ignore"):  # what a study computes may well come out as 0
            found = array.astype(jax.dtypes.canonicalize_dtype(kind))
        if kind is float and not np.isfinite(found).all():
            raise ValueError(
                f"{name} = {leaf!r}: must be finite in {found.dtype}; rescale it, or switch jax to float64"
            )
        if kind is int and not np.array_equal(found, array):
            raise ValueError(f"{name} = {leaf!r}: does not fit into {found.dtype}, and must; write it as a float")
        return found

    return one(value) if isinstance(value, float | int | np.ndarray) else jax.tree.map(one, value)


def check_distinct(grid: Grid) -> None:
    """ValueError for points that would be one and the same to a program that is given their numbers as they are, and
    for a number that would be 0 to it."""
    kind = jax.dtypes.canonicalize_dtype(float)
    least = float(np.finfo(kind).tiny)
    rounded = lambda value: float(kind.type(value)) if isinstance(value, float) else value
    for factor in grid.factors:
        for name, column in factor:
            lost = [value for value in column if isinstance(value, float) and 0 < abs(value) < least]
            if lost:
                raise ValueError(
                    f"{name} = {lost[0]!r}: is 0 in {kind}, and must not be; rescale it, or switch jax to float64"
                )
        seen: dict[tuple, tuple] = {}
        with np.errstate(over="ignore"):  # what is too large is refused by name
            for row in zip(*(column for _, column in factor), strict=True):
                other = seen.setdefault(tuple(map(rounded, row)), row)
                if other is row:
                    continue
                shown = lambda values: values if len(values) > 1 else values[0]
                raise ValueError(
                    f"{' and '.join(name for name, _ in factor)} = {shown(other)!r} and {shown(row)!r}: are one number "
                    f"in {kind}, and must be told apart; rescale, drop one, or switch jax to float64"
                )
