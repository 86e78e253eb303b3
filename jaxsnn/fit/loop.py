"""`fit`: train chosen leaves of a model by gradient.

    fitted = fit(loss, model, {"cells.1.threshold": positive(), "cells.0.delay": between(0, 24)},
                 optimizer=optax.adam(1e-2), steps=500, key=key)

The loss of step n is a function of the model, the batch of step n and fold_in(key, n): a fit that was stopped and goes
on from its checkpoint ends with the same bits as one that was not. `fit_grid` runs many fits in one program.
"""

import inspect
import os
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from ..core import check_between, check_key, check_size, require
from .descent import MODES, FitState, begin, chosen, descend, judge, split
from .driver import Fitting, Stopped, drive_fit
from .history import History
from .misread import refuse_misread
from .optimizers import grouped
from .running import gathered_by, placed
from .trainable import Values, choose, leaf_paths

_RECORDED = 16  # numbers: parameters up to this size are recorded unless others are asked for

MOST_STEPS = 100_000_000


class Fitted(NamedTuple):
    """The end of a fit. model: the best by the held-out score if there is one, else the last."""

    model: PyTree
    values: Values  # of the trained parameters in `model`, by path
    history: History
    stopped: Stopped


def fit(
    loss: Callable,
    model: PyTree,
    train: Any,
    *,
    optimizer: Any,
    steps: int,
    key: Any,
    batches: Callable[[int], Any] | None = None,
    validate: Callable | None = None,
    every: int = 10,
    patience: int | None = None,
    checkpoint: str | PathLike | None = None,
    record: list[str] | None = None,
    mode: str = "reverse",
    per_call: int = 1,
    progress: bool = False,
) -> Fitted:
    """Minimise a loss over the trained leaves of a model.

    loss: loss(model, key), or loss(model, batch, key) with `batches`; a scalar, or (scalar, dict of scalar metrics),
        or (scalar, dict, state): a model that gathers statistics (batch norm) returns its final states (see `running`).
    train: a dict of bounds by path (see `trainable`). optimizer: an optax optimiser, or a dict of them by path.
    batches: step -> batch, for instance `Batches(arrays, size, key=key)`.
    validate: validate(model, key) -> held-out score, less is better, every `every` steps and at the end, always with
        the same key; or (score, dict of scalar metrics), which the history keeps. It is given the model as it is
        trained: pass it on through `layers.inference`.
    patience: stop after that many judgements without a better one.
    checkpoint: a file that the fit is saved to every half minute and at Ctrl-C, and goes on from; removed at the end.
    record: paths whose values the history keeps (default: those of at most 16 numbers).
    mode: "reverse" or "forward" (few parameters, long runs; needs rules with mode="forward").
    per_call: steps in one compiled call; more than one pays for small models.

    Raises ValueError for what cannot be trained, and for what cells refuse of the first values and of the ends of the
    bounds; NotFinite when loss, gradient or parameters stop being finite; KeyboardInterrupt after saving.
    """
    check_call(steps, every, patience, per_call, mode, key)
    check_functions(loss, batches, validate, patience)
    place = checkpoint_path(checkpoint)
    trainable = choose(model, train)
    transform = grouped(optimizer, list(trainable.bounds))
    recorded = recorded_paths(model, list(trainable.bounds), record)
    state = begin(trainable.free_values(model), gathered_by(model), transform)
    put = lambda free, gathered: placed(trainable.put(model, free), gathered)

    def one(state: FitState, now: tuple[Array, Any]) -> tuple[FitState, Any]:
        step, batch = now
        args = () if batches is None else (batch,)
        objective = lambda free: loss(put(free, state.gathered), *args, jax.random.fold_in(key, step))
        return descend(state, objective, step, trainable=trainable, optimizer=transform, recorded=recorded, mode=mode)

    def held_out(state: FitState) -> tuple[FitState, dict[str, Array]]:
        found = validate(put(state.free, state.gathered), jax.random.fold_in(key, 2**31 - 1))  # type: ignore[misc]
        score, metrics, _ = split(found, "validate")
        return judge(state, score), {"score": jnp.asarray(score), **metrics}

    first = () if batches is None else (batches(0),)
    begins = lambda point, free: loss(put(free, state.gathered), *first, key)
    refuse_misread(begins, trainable, [((), state.free)])
    settings = {"train": {path: str(bound) for path, bound in trainable.bounds.items()}, "steps": steps, "every": every}
    fitting = Fitting(
        advance=lambda state, now: jax.lax.scan(one, state, now),
        judge=None if validate is None else held_out,
        state=state,
        batches=batches,
        steps=steps,
        every=every,
        patience=patience,
        per_call=per_call,
        settings=settings,
    )
    end = drive_fit(fitting, place, progress)
    free, gathered = (end.state.free, end.state.gathered) if validate is None else chosen(end.state)
    return Fitted(put(free, gathered), trainable.values(free), end.history, end.stopped)


def recorded_paths(model: PyTree, paths: list[str], record: list[str] | None) -> list[str]:
    sizes = {path: leaf.size for path, leaf in leaf_paths(model).items()}
    if record is None:
        return [path for path in paths if sizes[path] <= _RECORDED]
    require(isinstance(record, list | tuple), "record", record, "must be a list of paths", f"pass {paths[:1]}")
    for path in record:
        require(path in paths, "record", path, f"must be trained, that is one of {', '.join(paths)}", "leave it out")
    return list(record)


def check_call(steps: int, every: int, patience: int | None, per_call: int, mode: str, key: Any) -> None:
    for name, value in (("steps", steps), ("every", every), ("per_call", per_call)):
        check_size(name, value)
    if patience is not None:
        check_size("patience", patience)
    require(
        mode in MODES, "mode", mode, 'must be "reverse" or "forward"', 'pass "reverse", which suits many parameters'
    )
    check_between("steps", steps, 1, MOST_STEPS, "fit in several calls, each from the model of the one before")
    check_key("key", key)


def _takes(function: Any, count: int) -> bool:
    """Whether a function can be called with so many arguments, as far as it can be known."""
    if not callable(function):
        return False
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # written in C
        return True
    return True


def check_functions(loss: Any, batches: Any, validate: Any, patience: Any) -> None:
    judged = patience is None or validate is not None
    require(judged, "patience", patience, "must come with validate, whose score it waits for", "pass validate too")
    words = "(model, key)" if batches is None else "(model, batch, key)"
    require(_takes(loss, 2 if batches is None else 3), "loss", loss, f"must be a function of {words}", "write one")
    for name, value in (("batches", batches), ("validate", validate)):
        allowed = {"batches": "a function of the step", "validate": "a function of (model, key)"}[name]
        takes = value is None or _takes(value, {"batches": 1, "validate": 2}[name])
        require(takes, name, value, f"must be {allowed}", "write one, or leave it out")


def checkpoint_path(path: Any) -> Path | None:
    """ValueError now for a place in which nothing could be saved in half a minute."""
    if path is None:
        return None
    require(isinstance(path, str | PathLike) and bool(str(path)), "checkpoint", path, "must be a path", "name a file")
    place = Path(path)
    require(not place.is_dir(), "checkpoint", str(path), "must be a file, and is a folder", "name a file in it")
    there = place.parent.is_dir()
    require(there, "checkpoint", str(path), "must be in a folder that exists", f"make {place.parent} first")
    require(
        os.access(place.parent, os.W_OK), "checkpoint", str(path), "must be where you may write", "name another folder"
    )
    return place
