"""Which names a study asks for, found out by preparing and tracing one point: for errors that a user can act on.

Names that nothing reads are refused by the sweep itself, which sees all points.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from jax import Array, eval_shape, random
from jax import numpy as jnp

from ..sweeps.study import Study, as_program, numbers_are_traced, prepare_point

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


def _trace(study: Study, values: Mapping[str, Any]) -> None:
    """Follow one network from beginning to end without computing anything."""
    program: Program = as_program(study.program)

    def whole(key: Array) -> Any:
        carry = program.begin(values, key)
        steps = getattr(program, "block", 1)
        return program.finish(values, program.advance(values, key, carry, jnp.int32(0), steps))

    eval_shape(whole, random.key(0))


def check_names(study: Study, point: Mapping[str, Any], given: Iterable[str]) -> None:
    """ValueError for names that the study asks for and the point lacks; one of those given may have been meant.

    point: constants of the study with the values given.
    """
    lacking = required(study, point)
    if not lacking:
        return
    spare = {*given} - {*study.constants, *required(study, study.constants)}
    near = difflib.get_close_matches(lacking[0], spare, 1)
    meant = f" (did you mean it by {_flag(near[0])}?)" if near else ""
    raise ValueError(f"{study.name} needs {' and '.join(map(_flag, lacking))}{meant}; {known_names(study)}")


def known_names(study: Study) -> str:
    """For instance: its axes are --leak, --noise, its settings --duration (200.0)."""
    axes = required(study, study.constants)
    settings = [f"{_flag(name)} ({value})" for name, value in study.constants.items()]
    parts = [f"its axes are {', '.join(map(_flag, axes))}"] if axes else []
    parts += [f"its settings are {', '.join(settings)}"] if settings else []
    return "; ".join(parts) or "it takes no axes"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
