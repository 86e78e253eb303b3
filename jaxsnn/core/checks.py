"""Checks that name the field, the value, what is allowed and the remedy, and step aside for traced values."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.core import Tracer


def is_concrete(value: Any) -> bool:
    """Whether the numbers are known now; under jit, vmap or grad they are not, and value checks must not run."""
    return not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(value))


def require(ok: bool, field: str, value: Any, allowed: str, remedy: str) -> None:
    """Raise a ValueError that a user can act on unless `ok`."""
    if not ok:
        shown = np.array2string(np.asarray(value), threshold=6) if not isinstance(value, str) else repr(value)
        raise ValueError(f"{field} = {shown}: {allowed}; {remedy}")


def _check(field: str, value: Any, good: Callable[[np.ndarray], np.ndarray], allowed: str, remedy: str) -> None:
    if is_concrete(value):
        array = np.asarray(value)
        require(bool(np.all(np.isfinite(array) & good(array))), field, value, allowed, remedy)


def check_positive(field: str, value: Any, remedy: str = "pass a value above zero") -> None:
    _check(field, value, lambda a: a > 0, "must be finite and positive", remedy)


def check_not_negative(field: str, value: Any, remedy: str = "pass zero or more") -> None:
    _check(field, value, lambda a: a >= 0, "must be finite and not negative", remedy)


def check_finite(field: str, value: Any, remedy: str = "look for a division by zero where it is computed") -> None:
    _check(field, value, lambda a: np.ones_like(a, bool), "must be finite", remedy)


def check_between(field: str, value: Any, low: float, high: float, remedy: str) -> None:
    _check(field, value, lambda a: (a >= low) & (a <= high), f"must lie in [{low:g}, {high:g}]", remedy)


def check_size(field: str, value: Any, remedy: str = "pass a positive integer") -> None:
    """Static sizes: Python integers of at least one."""
    is_size = isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 1
    require(bool(is_size), field, value, "must be an integer of at least 1", remedy)


def check_one_or_each(cell: Any, *names: str) -> None:
    """A cell that holds a population: `cell.size` is a size, and each named parameter has shape () or (cell.size,)."""
    owner = type(cell).__name__
    check_size(f"{owner}.size", cell.size)
    for name in names:
        shape = getattr(cell, name).shape
        remedy = "pass one number, or one per neuron; vmap over anything else"
        require(shape in ((), (cell.size,)), f"{owner}.{name}.shape", shape, f"must be () or ({cell.size},)", remedy)
