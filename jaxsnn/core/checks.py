"""Checks that name the field, the value, what is allowed and the remedy, and step aside for traced values.

A network of a sweep is built once for many points, under `vmap`; `passing` then makes every check that stepped aside
for each of the points, on its numbers. That is why a check that needs several values, or another form than those below,
goes through `when_known`.
"""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer


class _Deferred:
    """Checks met while a network is built under vmap, with the traced values that they wait for."""

    def __init__(self):
        self.tests: list[Callable[..., None]] = []
        self.values: list[tuple[Any, ...]] = []
        self.unseen = False  # a check stepped aside without leaving word


_deferred: ContextVar[_Deferred | None] = ContextVar("deferred", default=None)


def _known(value: Any) -> bool:
    return not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(value))


def is_concrete(value: Any) -> bool:
    """Whether the numbers are known now; under jit, vmap or grad they are not, and value checks must not run."""
    known, deferred = _known(value), _deferred.get()
    if not known and deferred is not None:
        deferred.unseen = True
    return known


def when_known(test: Callable[..., None], *values: Any) -> None:
    """`test(*values)`, which raises ValueError, when the numbers are known; not at all under jit, vmap or grad.

    values: arrays or numbers. The test may use nothing else that depends on a traced value.
    """
    deferred = _deferred.get()
    if _known(values):
        test(*values)
    elif deferred is not None:
        deferred.unseen |= not jax.tree_util.all_leaves(values)
        deferred.tests.append(test)
        deferred.values.append(values)


def passing(check: Callable[[Any], None], points: Sequence[Any]) -> np.ndarray:
    """Of points that differ in their numbers only, those that `check` is known to let pass: bool [point].

    points: trees of NumPy arrays, alike in structure and shapes. False says nothing: check that point alone. Numbers
    that all points share are given to `check` as they are, the others traced, so that it runs once and not for each.
    """
    none = np.zeros(len(points), bool)
    if len(points) < 2:
        return none
    columns = [np.stack(column) for column in zip(*(jax.tree.leaves(point) for point in points), strict=True)]
    shared = [all(column[:1].tobytes() == row.tobytes() for row in column) for column in columns]
    if all(shared):
        return none | _passes(check, points[:1])
    structure = jax.tree.structure(points[0])
    deferred = _Deferred()

    def build(varying: list[Any]) -> list[tuple[Any, ...]]:
        rest = iter(varying)
        leaves = [column[0] if same else next(rest) for column, same in zip(columns, shared, strict=True)]
        check(jax.tree.unflatten(structure, leaves))
        return deferred.values

    token = _deferred.set(deferred)
    try:
        found = jax.vmap(build)([column for column, same in zip(columns, shared, strict=True) if not same])
        rows = [[np.asarray(value) for value in values] for values in found]
    except Exception:  # whatever it is, the check of one point says it better
        return none
    finally:
        _deferred.reset(token)
    if deferred.unseen:
        return none
    passed = ~none
    for test, values in zip(deferred.tests, rows, strict=True):
        seen: dict[tuple[bytes, ...], bool] = {}  # points of a grid share most of their numbers
        for place in range(len(points)):
            row = [value[place] for value in values]
            name = tuple(value.tobytes() for value in row)
            if name not in seen:
                seen[name] = _passes(test, row)
            passed[place] &= seen[name]
    return passed


def _passes(test: Callable[..., None], row: Sequence[Any]) -> bool:
    try:
        test(*row)
    except Exception:  # see above
        return False
    return True


def shown(value: Any) -> str:
    """A value as it is quoted in an error: on one line, and short whatever it is."""
    if is_key(value):
        return f"{value.size} keys of shape {value.shape}" if value.shape else "a random key"
    is_array = isinstance(value, np.ndarray | np.generic | jax.Array) and _known(value)
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
