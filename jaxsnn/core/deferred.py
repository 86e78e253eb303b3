"""Checks that meet a traced number: they step aside, and leave a note in the trace.

Under jit, vmap or grad numbers have no value, so a check of one waits: `when_known` makes it now or leaves a note with
the number and the test, of which `passing` makes it later. Outside of `taking` nothing is left, and no program that
runs holds a note. A test is a function of the noted values and of nothing else that is traced.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

Test = Callable[..., None]


class Notes:
    """What becomes of the checks of a trace: which of many points pass them, and whether one could not be made."""

    def __init__(self, points: int = 1, strict: bool = True):
        self.passed = np.ones(points, bool)
        self.strict = strict  # whether a check that fails by another error than ValueError counts
        self.unseen = False


_notes: ContextVar[Notes | None] = ContextVar("notes", default=None)
traced_with_notes = jax.make_user_context(False)  # what jax keeps of traces without notes is of no use with them


def known(value: Any) -> bool:
    """Whether no number in it is traced."""
    return not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(value))


def is_concrete(value: Any) -> bool:
    """Whether the numbers are known now; under jit, vmap or grad they are not, and value checks must not run."""
    tracers = [leaf for leaf in jax.tree.leaves(value) if isinstance(leaf, Tracer)]
    if tracers and _notes.get() is not None:
        noted.bind(tracers[0], test=never_made)
    return not tracers


def when_known(test: Test, *values: Any) -> None:
    """`test(*values)`, which raises ValueError, when the numbers are known; under jit, vmap or grad only `checks_of`
    and `passing` make it.

    values: arrays or numbers. The test may use nothing else that depends on a traced value.
    """
    if known(values):
        test(*values)
    elif not jax.tree_util.all_leaves(values):
        is_concrete(values)
    elif _notes.get() is not None:
        noted.bind(*values, test=test)


def never_made(*values: Any) -> None:
    """Stands for a check that stepped aside without leaving word."""
    raise TypeError


class Each:
    """A test of values of which some have a leading axis: made for every entry of it."""

    def __init__(self, test: Test, mapped: Sequence[bool]):
        self.test, self.mapped = test, mapped

    def __call__(self, *values: Any) -> None:
        for row, _ in self.rows(values):
            self.test(*row)

    def rows(self, values: Sequence[Any]) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
        """The entries that differ, in the order in which they come, and where each of them is."""
        arrays = [np.asarray(value) for value in values]
        own = [np.ascontiguousarray(a) for a, mapped in zip(arrays, self.mapped, strict=True) if mapped]
        # points of a grid share most of their numbers
        as_bytes = np.concatenate([a.reshape(len(a), -1).view(np.uint8) for a in own], axis=1)
        _, first, which = np.unique(as_bytes, axis=0, return_index=True, return_inverse=True)
        for one in np.argsort(first):
            row = [np.asarray(a[first[one]] if mapped else a) for a, mapped in zip(arrays, self.mapped, strict=True)]
            yield row, np.flatnonzero(which.ravel() == one)


def passes(test: Test, row: Sequence[Any], notes: Notes) -> bool:
    """Whether a test does not refuse these values."""
    try:
        test(*row)
    except ValueError:
        return False
    except Exception:  # it is no check of numbers
        return not notes.strict
    return True


noted = Primitive("noted")  # a check in a trace: takes the values, gives nothing, computes nothing
noted.multiple_results = True


def _arrived(*values, test):
    """With a leading axis of points, each of which passes or not."""
    notes = _notes.get()
    if notes is None:
        return []
    for row, places in test.rows(values):
        notes.passed[places] &= passes(test.test, row, notes)
    return []


def _mapped(given, axes, *, test):
    moved = [value if axis is None else jnp.moveaxis(value, axis, 0) for value, axis in zip(given, axes, strict=True)]
    return noted.bind(*moved, test=Each(test, tuple(axis is not None for axis in axes))), []


def _without_tangents(given, tangents, *, test):
    del tangents
    return noted.bind(*given, test=test), []


noted.def_impl(_arrived)
noted.def_abstract_eval(lambda *values, test: [])
mlir.register_lowering(noted, lambda context, *values, test: [])
batching.primitive_batchers[noted] = _mapped
ad.primitive_jvps[noted] = _without_tangents


@contextmanager
def taking(notes: Notes | None = None) -> Iterator[Notes]:
    """Notes are left: in these, or in those that are taken already."""
    notes = notes or _notes.get() or Notes()
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)
