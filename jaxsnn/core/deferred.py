"""Checks that meet a traced number: they step aside, and can be made later on the numbers themselves.

    checks_of(run)(*args)            makes the checks that run(*args) would meet, and computes only what they ask for
    passing(check, points)           the same for many points at once

`run` is traced with a note wherever a check stepped aside. Then only what the noted numbers depend on is computed, and
loops are never run: within a scan a check is made for its first step, and one that depends on what a loop returns is
not made. That is why a check of values goes through `when_known`, and is a function of them and of nothing traced.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, Primitive
from jax.interpreters import ad, batching, mlir

Test = Callable[..., None]


class _Notes:
    """What becomes of the checks of a trace: which of many points pass them, and whether one could not be made."""

    def __init__(self, points: int = 1, strict: bool = True):
        self.passed = np.ones(points, bool)
        self.strict = strict  # whether a check that fails by another error than ValueError counts
        self.unseen = False


_notes: ContextVar[_Notes | None] = ContextVar("notes", default=None)
_taken = jax.make_user_context(False)  # so that what jax traced and kept without notes is traced again with them
_MOST = 2**24  # numbers that a check takes, all points together; it is not made for more


def known(value: Any) -> bool:
    """Whether no number in it is traced."""
    return not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(value))


def is_concrete(value: Any) -> bool:
    """Whether the numbers are known now; under jit, vmap or grad they are not, and value checks must not run."""
    tracers = [leaf for leaf in jax.tree.leaves(value) if isinstance(leaf, Tracer)]
    if tracers and _notes.get() is not None:
        _noted.bind(tracers[0], test=_never_made)
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
        _noted.bind(*values, test=test)


def _never_made(*values: Any) -> None:
    """Stands for a check that stepped aside without leaving word."""
    raise TypeError


class _Each:
    """A test of values of which some have a leading axis: made for every entry of it."""

    def __init__(self, test: Test, mapped: Sequence[bool]):
        self.test, self.mapped = test, mapped

    def __call__(self, *values: Any) -> None:
        seen = set()
        for row in self.rows(values):
            name = tuple(value.tobytes() for value in row)
            if name not in seen:
                self.test(*row)
            seen.add(name)

    def rows(self, values: Sequence[Any]) -> Iterator[list[np.ndarray]]:
        arrays = [np.asarray(value) for value in values]
        size = next(len(array) for array, mapped in zip(arrays, self.mapped, strict=True) if mapped)
        for place in range(size):
            yield [np.asarray(a[place] if mapped else a) for a, mapped in zip(arrays, self.mapped, strict=True)]


_noted = Primitive("noted")  # a check in a trace: takes the values, gives nothing, computes nothing
_noted.multiple_results = True


def _arrived(*values, test):
    """With a leading axis of points, each of which passes or not."""
    notes = _notes.get()
    if notes is None:
        return []
    seen: dict[tuple[bytes, ...], bool] = {}  # points of a grid share most of their numbers
    for place, row in enumerate(test.rows(values)):
        name = tuple(value.tobytes() for value in row)
        if name not in seen:
            seen[name] = _passes(test.test, row, notes)
        notes.passed[place] &= seen[name]
    return []


def _mapped(given, axes, *, test):
    moved = [value if axis is None else jnp.moveaxis(value, axis, 0) for value, axis in zip(given, axes, strict=True)]
    return _noted.bind(*moved, test=_Each(test, tuple(axis is not None for axis in axes))), []


def _without_tangents(given, tangents, *, test):
    del tangents
    return _noted.bind(*given, test=test), []


_noted.def_impl(_arrived)
_noted.def_abstract_eval(lambda *values, test: [])
mlir.register_lowering(_noted, lambda context, *values, test: [])
batching.primitive_batchers[_noted] = _mapped
ad.primitive_jvps[_noted] = _without_tangents


@contextmanager
def _taking(notes: _Notes) -> Iterator[_Notes]:
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def checks_of(run: Callable[..., Any]) -> Test:
    """The checks that `run` makes, as a function of the same arguments (trees of arrays).

    It raises the ValueError of the first check that is refused, and what tracing `run` raises.
    """

    def check(*args: Any) -> None:
        with _taking(_notes.get() or _Notes()) as notes:
            with _taken(True):
                made = jax.make_jaxpr(lambda *a: (run(*a), None)[1])(*args)
            for test, size, values in _met(made.jaxpr, [_Lazy.of(v) for v in (*made.consts, *jax.tree.leaves(args))]):
                if test is _never_made or size * len(notes.passed) > _MOST:
                    notes.unseen = True
                    continue
                try:
                    when_known(test, *[value() for value in values])
                except ValueError:
                    raise
                except Exception:  # a loop comes before it, or it is no check of numbers
                    notes.unseen = True

    return check


class _Lazy:
    """A value of a jaxpr that is computed when it is asked for, once."""

    def __init__(self, make: Callable[[], Any]):
        self.make, self.value = make, None

    @classmethod
    def of(cls, value: Any) -> "_Lazy":
        return cls(lambda: value)

    def __call__(self) -> Any:
        if self.make is not None:
            self.value, self.make = self.make(), None
        return self.value


_Met = tuple[Test, int, list[_Lazy]]  # a test, how many numbers it takes, and its values


def _met(jaxpr: Jaxpr, given: Sequence[_Lazy]) -> Iterator[_Met]:
    """The notes in a jaxpr, in the order of the program."""
    at = dict(zip((*jaxpr.constvars, *jaxpr.invars), given, strict=True))
    for equation in jaxpr.eqns:
        takes = [_Lazy.of(atom.val) if isinstance(atom, Literal) else at[atom] for atom in equation.invars]
        if equation.primitive is _noted:
            size = sum(math.prod(getattr(atom.aval, "shape", ())) for atom in equation.invars)
            yield equation.params["test"], size, takes
            continue
        yield from _met_inside(equation, takes)
        gives = _Lazy(partial(_computed, equation, takes))
        for place, variable in enumerate(equation.outvars):
            at[variable] = _Lazy(lambda gives=gives, place=place: gives()[place])


_CALLS = ("jit", "pjit", "closed_call", "core_call", "remat2", "checkpoint", "custom_jvp_call", "custom_vjp_call")


def _met_inside(equation: Any, takes: list[_Lazy]) -> Iterator[_Met]:
    """Notes in the function that an equation calls, and in the first step of a scan."""
    name, params = equation.primitive.name, equation.params
    if name == "scan" and params["length"]:
        fixed = params["num_consts"] + params["num_carry"]
        first = -1 if params["reverse"] else 0
        takes = takes[:fixed] + [_Lazy(lambda xs=xs: xs()[first]) for xs in takes[fixed:]]
    elif name not in _CALLS:
        return
    (inner,) = [p for p in params.values() if isinstance(p, ClosedJaxpr | Jaxpr)]
    consts = [_Lazy.of(value) for value in getattr(inner, "consts", ())]
    yield from _met(inner.jaxpr if isinstance(inner, ClosedJaxpr) else inner, [*consts, *takes])


class _Loop(Exception):
    """What is asked for is known only after a loop."""


def _computed(equation: Any, takes: list[_Lazy]) -> Sequence[Any]:
    if _loops(equation):
        raise _Loop
    params = equation.primitive.get_bind_params(equation.params)
    found = equation.primitive.bind(*[value() for value in takes], **params)
    return found if equation.primitive.multiple_results else [found]


def _loops(equation: Any) -> bool:
    """Whether an equation runs a loop, or does more than compute."""
    parts = jax.tree.leaves(list(equation.params.values()), is_leaf=lambda p: isinstance(p, ClosedJaxpr | Jaxpr))
    inner = [getattr(p, "jaxpr", p) for p in parts if isinstance(p, ClosedJaxpr | Jaxpr)]
    name = equation.primitive.name
    return name in ("scan", "while") or bool(equation.effects) or any(_loops(e) for j in inner for e in j.eqns)


def passing(check: Test, points: Sequence[Any]) -> np.ndarray:
    """Of points that differ in their numbers only, those that `check` is known to let pass: bool [point].

    points: trees of NumPy arrays, alike in structure and shapes. False says nothing: check that point alone. Numbers
    that all points share are given to `check` as they are, the others traced, so that it runs once and not for each.
    """
    return _passing(check, points, strict=True)


def not_refused(check: Test, points: Sequence[Any]) -> np.ndarray:
    """Of such points, all but those that `check` is known to refuse: bool [point]. False says nothing here, too."""
    return _passing(check, points, strict=False)


def _passing(check: Test, points: Sequence[Any], strict: bool) -> np.ndarray:
    none, notes = np.zeros(len(points), bool), _Notes(len(points), strict)
    if len(points) < 2:
        return none
    columns = [np.stack(column) for column in zip(*(jax.tree.leaves(point) for point in points), strict=True)]
    shared = [all(column[:1].tobytes() == row.tobytes() for row in column) for column in columns]
    if all(shared):
        return none | _passes(check, points[:1], notes)
    structure = jax.tree.structure(points[0])

    def of(varying: list[Any]) -> None:
        rest = iter(varying)
        with jax.ensure_compile_time_eval():  # what all share stays known
            leaves = [jnp.asarray(c[0]) if same else next(rest) for c, same in zip(columns, shared, strict=True)]
        check(jax.tree.unflatten(structure, leaves))

    with _taking(notes):
        try:
            jax.vmap(checks_of(of))([column for column, same in zip(columns, shared, strict=True) if not same])
        except Exception as error:  # whatever it is, the check of one point says it better, or the run
            return none | (not strict and not isinstance(error, ValueError))
    return none if strict and notes.unseen else notes.passed


def _passes(test: Test, row: Sequence[Any], notes: _Notes) -> bool:
    try:
        test(*row)
    except ValueError:
        return False
    except Exception:  # see above
        return not notes.strict
    return True
