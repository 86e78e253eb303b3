"""The checks of a run, made for one point or for many without running it.

    checks_of(run)(*args)            makes the checks that run(*args) would meet, and computes only what they ask for
    passing(check, points)           the same for many points at once

`run` is traced with a note wherever a check stepped aside (`deferred`). Then only what the noted numbers depend on is
computed, and loops are never run: within a scan a check is made for its first step, and one that depends on what a
loop returns is not made.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from .deferred import Notes, Test, known, never_made, noted, passes, taking, traced_with_notes, when_known

_MOST = 2**24  # numbers that a check takes, all points together; it is not made for more


def checks_of(run: Callable[..., Any]) -> Test:
    """The checks that `run` makes, as a function of the same arguments (trees of arrays).

    It raises the ValueError of the first check that is refused, and what tracing `run` raises.
    """

    def check(*args: Any) -> None:
        with taking() as notes:
            with traced_with_notes(True):
                made = jax.make_jaxpr(lambda *a: (run(*a), None)[1])(*args)
            for test, values in _met(made.jaxpr, [_Lazy.of(v) for v in (*made.consts, *jax.tree.leaves(args))]):
                size = sum(value.size for value in values if value.varies)
                if test is never_made or size * len(notes.passed) > _MOST:
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
    """A value of a jaxpr that is computed when it is asked for, once. varies: it is not the same for all points."""

    def __init__(self, make: Callable[[], Any], size: int, varies: bool):
        self.make, self.size, self.varies, self.value = make, size, varies, None

    @classmethod
    def of(cls, value: Any) -> "_Lazy":
        return cls(lambda: value, np.size(value), not known(value))

    def __call__(self) -> Any:
        if self.make is not None:
            self.value, self.make = self.make(), None
        return self.value


def _met(jaxpr: Jaxpr, given: Sequence[_Lazy]) -> Iterator[tuple[Test, list[_Lazy]]]:
    """The notes in a jaxpr, in the order of the program, with what their tests take."""
    at = dict(zip((*jaxpr.constvars, *jaxpr.invars), given, strict=True))
    for equation in jaxpr.eqns:
        takes = [_Lazy.of(atom.val) if isinstance(atom, Literal) else at[atom] for atom in equation.invars]
        if equation.primitive is noted:
            yield equation.params["test"], takes
            continue
        yield from _met_inside(equation, takes)
        gives, varies = _Lazy(partial(_computed, equation, takes), 0, False), any(one.varies for one in takes)
        for place, variable in enumerate(equation.outvars):
            size = math.prod(getattr(variable.aval, "shape", ()))
            at[variable] = _Lazy(lambda gives=gives, place=place: gives()[place], size, varies)


_CALLS = ("jit", "pjit", "closed_call", "core_call", "remat2", "checkpoint", "custom_jvp_call", "custom_vjp_call")


def _met_inside(equation: Any, takes: list[_Lazy]) -> Iterator[tuple[Test, list[_Lazy]]]:
    """Notes in the function that an equation calls, and in the first step of a scan."""
    name, params = equation.primitive.name, equation.params
    if name == "scan" and params["length"]:
        fixed = params["num_consts"] + params["num_carry"]
        first = -1 if params["reverse"] else 0
        rows = [_Lazy(lambda xs=xs: xs()[first], xs.size // params["length"], xs.varies) for xs in takes[fixed:]]
        takes = takes[:fixed] + rows
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
    none, notes = np.zeros(len(points), bool), Notes(len(points), strict)
    if len(points) < 2:
        return none
    columns = [np.stack(column) for column in zip(*(jax.tree.leaves(point) for point in points), strict=True)]
    shared = [all(column[:1].tobytes() == row.tobytes() for row in column) for column in columns]
    if all(shared):
        return none | passes(check, points[:1], notes)
    structure = jax.tree.structure(points[0])

    def of(varying: list[Any]) -> None:
        rest = iter(varying)
        with jax.ensure_compile_time_eval():  # what all share stays known
            leaves = [jnp.asarray(c[0]) if same else next(rest) for c, same in zip(columns, shared, strict=True)]
        check(jax.tree.unflatten(structure, leaves))

    with taking(notes):
        try:
            jax.vmap(checks_of(of))([column for column, same in zip(columns, shared, strict=True) if not same])
        except Exception as error:  # whatever it is, the check of one point says it better, or the run
            return none | (not strict and not isinstance(error, ValueError))
    return none if strict and notes.unseen else notes.passed
