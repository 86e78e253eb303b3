"""A Study: what `sweep` runs. A plain function, a Program, or either with a name, a version and a `prepare`.

prepare(point) -> Plan        host, float64: sizes, steps, dt, every check; static apart from traced
program                       a Program, or run(point, key) -> dict of small arrays
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import numpy as np

from ..engine import Once, Plan, Program
from ..engine.segments import SEGMENT
from .grid import Grid
from .spec import canonical


def numbers_are_traced(point: dict[str, Any]) -> Plan:
    """The default `prepare`: numbers are traced, strings and booleans are static."""
    static = {name: value for name, value in point.items() if isinstance(value, str | bool)}
    return Plan(static, {name: value for name, value in point.items() if name not in static})


@dataclass(frozen=True)
class Study:
    """An experiment as a sweep sees it.

    name, version: identify its results; raise the version when the meaning of the numbers changes.
    program: a Program, or a function run(point, key) -> dict of small arrays.
    prepare: makes a Plan of a point, on the host; raises ValueError for a point that makes no sense.
    constants: merged into every point (duration and the like); axes of the grid take precedence.
    chunk: points computed together; segment: steps aimed at between two visits of the host.
    updates: prepared point -> work of one network (neuron-updates, say), for speeds and estimates.
    undefined: results that may be NaN without a warning (the CV of a silent network).
    """

    name: str
    version: str | int
    program: Program | Callable
    prepare: Callable[[dict[str, Any]], Plan] = numbers_are_traced
    constants: Mapping[str, Any] = field(default_factory=dict)
    chunk: int = 64
    segment: int = SEGMENT
    updates: Callable[[dict[str, Any]], float] | None = None
    undefined: tuple[str, ...] = ()

    def __post_init__(self):
        if not (isinstance(self.program, Program) or callable(self.program)):
            raise ValueError(f"program = {self.program!r}: must be a Program or a function run(point, key)")
        for name in ("chunk", "segment"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"{name} = {value!r}: must be an integer of at least 1")


def as_study(run: Study | Program | Callable) -> Study:
    """A plain function or Program as a Study of that name, version 1."""
    if isinstance(run, Study):
        return run
    name = type(run).__name__ if isinstance(run, Program) else getattr(run, "__name__", "run")
    return Study(name=name, version=1, program=run)


def as_program(run: Program | Callable) -> Program:
    return run if isinstance(run, Program) else Once(run)


class Prepared(NamedTuple):
    """A point ready to run: coordinates with constants, its plan with arrays as the device will see them, its steps."""

    point: dict[str, Any]
    plan: Plan
    steps: int

    @property
    def values(self) -> dict[str, Any]:
        """What the program is given."""
        return {**self.plan.static, **self.plan.arrays}


def prepare_point(study: Study, point: Mapping[str, Any]) -> Prepared:
    """Plan and check one point on the host; a ValueError names the point."""
    point = dict(point)
    try:
        plan = study.prepare(dict(point))
        if not isinstance(plan, Plan):
            raise ValueError(f"prepare returned {type(plan).__name__}; it must return a Plan(static, arrays, noise)")
        canonical(plan.static)
        canonical(plan.noise)
        arrays = {name: _settled(name, value) for name, value in plan.arrays.items()}
        plan = Plan(dict(plan.static), arrays, dict(plan.noise))
        program = as_program(study.program)
        values = {**plan.static, **plan.arrays}
        program.check(values)
        steps = program.steps(values)
        if not 1 <= steps < 2**31:
            raise ValueError(f"steps = {steps}: a run has at least one step and fewer than 2**31")
    except ValueError as error:
        raise ValueError(f"at the point {_shown(point)}: {error}") from error
    except KeyError as error:
        raise ValueError(f"at the point {_shown(point)}: {error} is missing; make it an axis or a constant") from error
    return Prepared(point, plan, int(steps))


def _shown(point: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value!r}" for name, value in point.items()) or "(no axes)"


def _settled(name: str, value: Any) -> Any:
    """NumPy arrays of the dtypes that the device will use; refuses what would be rounded or wrapped in silence."""

    def one(leaf: Any) -> np.ndarray:
        array = np.asarray(leaf)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{name} = {leaf!r}: arrays of a plan hold numbers; put names and choices into `static`")
        kind = {"f": float, "b": bool}.get(array.dtype.kind, int)
        with np.errstate(over="ignore"):
            settled = array.astype(jax.dtypes.canonicalize_dtype(kind))
        if kind is float and not np.all(np.isfinite(settled)):
            raise ValueError(f"{name} = {leaf!r}: must be finite in {settled.dtype}")
        if kind is int and not np.array_equal(settled, array):
            raise ValueError(f"{name} = {leaf!r}: does not fit into {settled.dtype}")
        return settled

    return jax.tree.map(one, value)


def prepare_grid(study: Study, grid: Grid, constants: Mapping[str, Any]) -> list[Prepared]:
    """Every point of the grid, checked."""
    return [prepare_point(study, {**constants, **point}) for point in grid.points()]


def merged_constants(study: Study, axes: Sequence[str], constants: Mapping[str, Any] | None) -> dict[str, Any]:
    """The study's constants with those of the call; an axis replaces the study's constant of its name."""
    both = sorted(set(constants or {}) & set(axes))
    if both:
        raise ValueError(f"{both[0]!r} is an axis of the grid and a constant; drop one of the two")
    merged = {**study.constants, **(constants or {})}
    return {name: value for name, value in merged.items() if name not in axes}
