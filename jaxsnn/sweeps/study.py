"""A Study: what `sweep` runs. A plain function, a Program, or either with a name, a version and a `prepare`.

prepare(point) -> Plan        host, float64: sizes, steps, dt, every check; static apart from traced
program                       a Program, or run(point, key) -> dict of small arrays
"""

import contextlib
import inspect
import traceback
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from ..core import check_size, require
from ..engine import Once, Plan, Program
from ..engine.segments import SEGMENT
from .grid import Grid
from .reads import Reads, Seen
from .settled import check_distinct, settled
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
        _check_run(self.program)
        words = isinstance(self.name, str) and bool(self.name) and self.name.isprintable()
        require(words, "name", self.name, "must be a word", "name the study, its results are known by it")
        version = isinstance(self.version, str | int) and self.version != ""
        require(version, "version", self.version, "must be a number or a text", "pass 1")
        named = isinstance(self.constants, Mapping) and all(isinstance(name, str) for name in self.constants)
        require(named, "constants", self.constants, "must map names to values", 'pass {"duration": 20.0}')
        require(callable(self.prepare), "prepare", self.prepare, "must be a function of a point", "leave it out")
        counts = self.updates is None or callable(self.updates)
        require(counts, "updates", self.updates, "must be a function of a prepared point", "leave it out")
        names = isinstance(self.undefined, tuple | list) and all(isinstance(name, str) for name in self.undefined)
        require(names, "undefined", self.undefined, "must be a tuple of names of results", 'pass ("cv",)')
        for name in ("chunk", "segment"):
            check_size(name, getattr(self, name))


def _check_run(run: Any) -> None:
    """A Program, or a function that can be called with a point and a key."""
    if isinstance(run, Program):
        return
    remedy = "write `def run(point, key): return {'mean': ...}`"
    require(callable(run), "program", run, "must be a Program or a function run(point, key)", remedy)
    try:
        inspect.signature(run).bind(None, None)
    except TypeError:
        require(False, "program", run, "must take two arguments, (point, key)", remedy)
    except ValueError:
        pass  # written in C: nothing is known of its arguments


def as_study(run: Study | Program | Callable) -> Study:
    """A plain function or Program as a Study of that name, version 1."""
    if isinstance(run, Study):
        return run
    name = type(run).__name__ if isinstance(run, Program) else getattr(run, "__name__", "run")
    _check_run(run)
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
    plan = _plan(study, point)
    return _checked(_Methods.of(study), dict(point), plan)


def _plan(
    study: Study, point: Mapping[str, Any], seen: Seen | None = None, met: dict[str, dict[str, Any]] | None = None
) -> Plan:
    """met: what is static in other points, and what their noise depends on, by its text: equal ones become one."""
    met = {} if met is None else met
    with _naming(point):
        plan = study.prepare(dict(point) if seen is None else Reads(point, seen))
        if not isinstance(plan, Plan):
            kind = "dict" if isinstance(plan, Reads) else type(plan).__name__
            raise ValueError(
                f"prepare returned {kind}; it must return a Plan(static, arrays, noise); write `return Plan(...)`"
            )
        static, noise = (met.setdefault(canonical(found), dict(found)) for found in (plan.static, plan.noise))
        return Plan(static, {name: settled(name, value) for name, value in plan.arrays.items()}, noise)


class _Methods(NamedTuple):
    """Of a program: looking a method up in an Equinox module takes longer than calling it, and points are many."""

    check: Callable[[Mapping[str, Any]], None]
    steps: Callable[[Mapping[str, Any]], int]

    @classmethod
    def of(cls, study: Study) -> "_Methods":
        program = as_program(study.program)
        return cls(program.check, program.steps)


def _checked(
    program: _Methods, point: dict[str, Any], plan: Plan, passed: bool = False, seen: Seen | None = None
) -> Prepared:
    """passed: the program's own check is known to let it pass."""
    values = Reads({**plan.static, **plan.arrays}, seen)
    with _naming(point):
        if not passed:
            program.check(values)
        steps = program.steps(values)
        if not 1 <= steps < 2**31:
            raise ValueError(
                f"steps = {steps}: a run has at least one step and fewer than 2**31; change its duration or dt"
            )
    return Prepared(point, plan, int(steps))


@contextlib.contextmanager
def _naming(point: Mapping[str, Any]) -> Iterator[None]:
    """What a study cannot do with a point is a ValueError that names the point."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{at_point(point)}: {error}") from error
    except (TypeError, ZeroDivisionError, OverflowError) as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"line {frame.lineno} of {Path(frame.filename).name}"
        raise ValueError(
            f"{at_point(point)}: the study cannot prepare it ({type(error).__name__}: {error}; {where}); its values "
            "must "
            "be of the kinds and sizes that the study computes with, so check them"
        ) from error
    except KeyError as error:
        raise ValueError(f"{at_point(point)}: {error} is missing; make it an axis or a constant") from error


def at_point(point: Mapping[str, Any]) -> str:
    """The beginning of an error."""
    return "at the point " + (", ".join(f"{name} = {value!r}" for name, value in point.items()) or "(no axes)")


def prepare_grid(
    study: Study, grid: Grid, constants: Mapping[str, Any], prepared: Seen | None = None, run: Seen | None = None
) -> list[Prepared]:
    """Every point of the grid, checked. The first that is refused raises, whatever is wrong with it.

    prepared, run: take down the names that `prepare` and the program read.
    """
    if study.prepare is numbers_are_traced:
        check_distinct(grid)
    points = [{**constants, **point} for point in grid.points()]
    plans, met, refused = [], {}, None
    for point in points:
        try:
            plans.append(_plan(study, point, prepared, met))
        except ValueError as error:  # unless an earlier point does not pass its check
            refused = error
            break
    passed, methods = _passed(as_program(study.program), plans), _Methods.of(study)
    checked = [_checked(methods, *each, run) for each in zip(points, plans, passed.tolist(), strict=False)]
    if refused is not None:
        raise refused
    return checked


def _passed(program: Program, plans: Sequence[Plan]) -> np.ndarray:
    """Of all points, those that the program's check is known to let pass, however different they are."""
    passed = np.zeros(len(plans), bool)
    for places in alike(plans):
        passed[places] = program.passes([plans[place] for place in places])
    return passed


def alike(plans: Sequence[Plan]) -> list[list[int]]:
    """Places of plans that can share a program: equal static values, and arrays of equal names, shapes and dtypes."""
    groups: dict[Any, list[int]] = {}
    for place, plan in enumerate(plans):
        groups.setdefault((canonical(plan.static), signature(plan.arrays)), []).append(place)
    return list(groups.values())


def signature(arrays: dict[str, Any]) -> Hashable:
    """Names, shapes and dtypes of a plan's arrays: points that differ in them cannot share a program."""
    leaves, structure = jax.tree.flatten(arrays)
    return structure, tuple((leaf.shape, leaf.dtype.str) for leaf in leaves)


def merged_constants(study: Study, axes: Sequence[str], constants: Mapping[str, Any] | None) -> dict[str, Any]:
    """The study's constants with those of the call; an axis replaces the study's constant of its name."""
    if not (isinstance(constants, Mapping | None) and all(isinstance(name, str) for name in constants or ())):
        raise ValueError(
            f"constants = {constants!r}: must map names to values; pass a dict such as {{'duration': 20.0}}"
        )
    both = sorted(set(constants or {}) & set(axes))
    if both:
        raise ValueError(f"{both[0]!r} is an axis of the grid and a constant, and must be one; drop one of the two")
    merged = {**study.constants, **(constants or {})}
    return {name: value for name, value in merged.items() if name not in axes}
