"""Numbers of a point as the device will hold them: float32, or int32, unless jax was told otherwise."""

from typing import Any

import jax
import numpy as np

from .grid import Grid

_LEAST, _LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)


def settled(name: str, value: Any) -> Any:
    """NumPy arrays of the dtypes that the device will use; refuses what would be rounded or wrapped in silence."""
    if type(value) is float and (_LEAST <= abs(value) <= _LARGEST or not value):  # by far most often
        return np.asarray(value, jax.dtypes.canonicalize_dtype(float))

    def one(leaf: Any) -> np.ndarray:
        array = np.asarray(leaf)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{name} = {leaf!r}: arrays of a plan hold numbers; put names and choices into `static`")
        kind = {"f": float, "b": bool}.get(array.dtype.kind, int)
        with np.errstate(over="ignore", under="ignore"):
            found = array.astype(jax.dtypes.canonicalize_dtype(kind))
        if kind is float and not np.isfinite(found).all():
            raise ValueError(
                f"{name} = {leaf!r}: must be finite in {found.dtype}; rescale it, or switch jax to float64"
            )
        if kind is float and (abs(found[array != 0]) < np.finfo(found.dtype).tiny).any():
            raise ValueError(
                f"{name} = {leaf!r}: is 0 in {found.dtype}, and must not be; rescale it, or switch jax to float64"
            )
        if kind is int and not np.array_equal(found, array):
            raise ValueError(f"{name} = {leaf!r}: does not fit into {found.dtype}, and must; write it as a float")
        return found

    return one(value) if isinstance(value, float | int | np.ndarray) else jax.tree.map(one, value)


def check_distinct(grid: Grid) -> None:
    """ValueError for points that would be one and the same to a program that is given their numbers as they are."""
    kind = jax.dtypes.canonicalize_dtype(float)
    rounded = lambda value: float(kind.type(value)) if isinstance(value, float) else value
    for factor in grid.factors:
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
