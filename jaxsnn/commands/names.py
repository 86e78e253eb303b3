"""Which names a study knows, found out by preparing and tracing one point: for errors that a user can act on."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from jax import Array, eval_shape, random
from jax import numpy as jnp

from ..engine import Plan
from ..sweeps.reads import Reads
from ..sweeps.spec import canonical
from ..sweeps.study import Prepared, Study, as_program, numbers_are_traced, prepare_point

if TYPE_CHECKING:
    from ..engine import Program

MOST = 50  # names to ask for before giving up


def required(study: Study, point: Mapping[str, Any]) -> list[str]:
    """Names that a study asks for and the point lacks, in the order in which it asks."""
    trial, found = dict(point), []
    for _ in range(MOST):
        name = _lacking(study, trial)
        if name is None or name in trial:
            break
        found.append(name)
        trial[name] = 1
    return found


def _lacking(study: Study, point: Mapping[str, Any]) -> str | None:
    try:
        prepared = prepare_point(study, point)
        if study.prepare is numbers_are_traced:  # else the program is given what `prepare` made
            _trace(study, prepared.values)
    except KeyError as error:
        return _name(error)
    except ValueError as error:
        return _name(error.__cause__) if isinstance(error.__cause__, KeyError) else None
    except Exception:
        return None  # a value that was made up need not make sense
    return None


def _name(error: BaseException | None) -> str | None:
    return error.args[0] if error is not None and error.args and isinstance(error.args[0], str) else None


def _trace(study: Study, values: Mapping[str, Any]) -> set[str]:
    """Follow one network from beginning to end without computing anything; the names that its program asked for."""
    program: Program = as_program(study.program)
    reads = Reads(values)

    def whole(key: Array) -> Any:
        carry = program.begin(reads, key)
        steps = getattr(program, "block", 1)
        return program.finish(reads, program.advance(reads, key, carry, jnp.int32(0), steps))

    eval_shape(whole, random.key(0))
    return reads.seen.all


def unknown(study: Study, point: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Those of `names` that no number of the study can depend on: to take them away or change them changes nothing."""
    return [name for name in names if not _matters(study, point, name)]


def _matters(study: Study, point: Mapping[str, Any], name: str) -> bool:
    usual = prepare_point(study, point)
    without = {other: value for other, value in point.items() if other != name}
    changes: set[str] = set()
    for trial in (without, {**point, name: _another(point[name])}):
        try:
            changes |= _changed(usual.plan, prepare_point(study, trial).plan)
        except Exception:
            return True  # it is missed, or minds its value
    if not changes <= {name}:
        return True
    # handed on as it is: does the program look at it?
    return bool(changes) and name in _trace(study, usual.values)


def _another(value: Any) -> Any:
    return value + 1 if isinstance(value, int | float) and not isinstance(value, bool) else f"{value}?"


def _changed(one: Plan, other: Plan) -> set[str]:
    changed = set()
    for mine, theirs in ((one.static, other.static), (one.arrays, other.arrays), (one.noise, other.noise)):
        for name in {*mine, *theirs}:
            same = name in mine and name in theirs and canonical(_plain(mine[name])) == canonical(_plain(theirs[name]))
            changed |= set() if same else {name}
    return changed


def _plain(value: Any) -> Any:
    from jax import tree

    return [leaf.tolist() if hasattr(leaf, "tolist") else leaf for leaf in tree.leaves(value)]


def check_names(study: Study, point: Mapping[str, Any], given: Iterable[str]) -> Prepared:
    """The point prepared. ValueError for names in `given` that the study does not know and for names that it lacks.

    point: constants of the study with the values given.
    """
    lacking = required(study, point)
    filled = {**point, **dict.fromkeys(lacking, 1)}
    suspects = [name for name in given if name not in study.constants]
    try:
        prepared = prepare_point(study, filled)
        strangers = unknown(study, filled, suspects)
    except ValueError:
        if not lacking:
            raise
        strangers = []
    if strangers:
        name = strangers[0]
        raise ValueError(f"{study.name} knows no {_flag(name)}{_close(study, name, lacking)}; {known_names(study)}")
    if lacking:
        wanted = " and ".join(_flag(name) for name in lacking)
        raise ValueError(f"{study.name} needs {wanted}; {known_names(study)}")
    return prepared


def known_names(study: Study) -> str:
    """For instance: its axes are --leak, --noise, its settings --duration (200.0)."""
    axes = required(study, study.constants)
    settings = [f"{_flag(name)} ({value})" for name, value in study.constants.items()]
    parts = [f"its axes are {', '.join(map(_flag, axes))}"] if axes else []
    parts += [f"its settings are {', '.join(settings)}"] if settings else []
    return "; ".join(parts) or "it takes no axes"


def _close(study: Study, name: str, lacking: list[str]) -> str:
    near = difflib.get_close_matches(name, [*lacking, *required(study, study.constants), *study.constants, "seeds"], 1)
    return f" (did you mean {_flag(near[0])}?)" if near else ""


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
