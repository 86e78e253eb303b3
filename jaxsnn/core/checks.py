"""Checks that name the field, the value, what is allowed and the remedy, and step aside for traced values.

A check that needs several values, or another form than those below, goes through `when_known` (see `deferred`).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .deferred import known, when_known


def shown(value: Any) -> str:
    """A value as it is quoted in an error: on one line, and short whatever it is."""
    if is_key(value):
        return f"{value.size} keys of shape {value.shape}" if value.shape else "a random key"
    is_array = isinstance(value, np.ndarray | np.generic | jax.Array) and known(value)
    text = np.array2string(np.asarray(value), threshold=6) if is_array else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= 200 else f"{text[:197]}..."


def require(ok: bool, field: str, value: Any, allowed: str, remedy: str) -> None:
    """Raise a ValueError that a user can act on unless `ok`."""
    if not ok:
        raise ValueError(f"{field} = {shown(value)}: {allowed}; {remedy}")


def _check(field: str, value: Any, good: Callable[[np.ndarray], np.ndarray], allowed: str, remedy: str) -> None:
    def test(value: Any) -> None:
        array = np.asarray(value)
        if jnp.issubdtype(array.dtype, jnp.floating):
            array = array.astype(np.promote_types(array.dtype, np.float32))  # NumPy knows no isfinite of bfloat16
        if array.dtype.kind not in "iuf":
            require(False, field, value, f"{allowed}, and it is no number", "pass a number, or an array of numbers")
        require(bool(np.all(np.isfinite(array) & good(array))), field, value, allowed, remedy)

    when_known(test, value)


def check_positive(field: str, value: Any, remedy: str = "pass a value above zero") -> None:
    _check(field, value, lambda a: a > 0, "must be finite and positive", remedy)


def check_not_negative(field: str, value: Any, remedy: str = "pass zero or more") -> None:
    _check(field, value, lambda a: a >= 0, "must be finite and not negative", remedy)


def check_finite(field: str, value: Any, remedy: str = "look for a division by zero where it is computed") -> None:
    _check(field, value, lambda a: np.ones_like(a, bool), "must be finite", remedy)


def check_between(field: str, value: Any, low: float, high: float, remedy: str) -> None:
    _check(field, value, lambda a: (a >= low) & (a <= high), f"must lie in [{low:g}, {high:g}]", remedy)


def check_below(field: str, value: Any, top_name: str, top: Any, remedy: str) -> None:
    """Every entry lies below `top`, one number or one for each."""

    def test(value: Any, top: Any) -> None:
        below = bool(np.all(np.asarray(value) < np.asarray(top)))  # jnp would trace inside a jit
        require(below, field, value, f"must be below {top_name} = {shown(top)}", remedy)

    when_known(test, value, top)


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


def check_kind(field: str, value: Any, kind: type, example: str) -> None:
    """An object of one class: neither its name nor the class itself. example: how to make one."""
    require(isinstance(value, kind), field, value, f"must be a {kind.__name__}", f"make one, such as {example}")


def is_key(value: Any) -> bool:
    """Whether this is an array of typed random keys."""
    return isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)


def check_key(field: str, value: Any) -> None:
    """One typed random key."""
    allowed = "must be one typed random key"
    require(is_key(value) and value.shape == (), field, value, allowed, "make it with jax.random.key(seed)")
