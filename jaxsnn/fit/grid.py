"""`fit_grid`: restarts, noise levels, learning rates: many fits of one shape in one compiled program.

    fits = fit_grid(loss, make, {"noise": [.1, .2, .4], "rate": [1e-2] * 3}, {"*.threshold": positive()},
                    optimizer=lambda point: optax.adam(point["rate"]), steps=300, key=key)

`make(point)` builds the model of one fit from its entries of `points`, traced; everything is vmapped over the fits. A
fit that breaks stands still and is reported; the others go on.
"""

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from ..core import require, strong
from .descent import FitState, begin, chosen, descend, judge, split
from .driver import Fitting, drive_fit
from .loop import Fitted, check_call, check_functions, checkpoint_path, recorded_paths
from .misread import refuse_misread
from .optimizers import grouped
from .running import gathered_by, placed
from .trainable import choose


def fit_grid(
    loss: Callable,
    make: Callable[[Mapping[str, Array]], PyTree],
    points: Any,
    train: Any,
    *,
    optimizer: Any,
    steps: int,
    key: Any,
    common: bool = False,
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
    """As `fit`, for every row of `points` at once.

    points: arrays [fit, ...] by name. optimizer: as in `fit`, or a function of a point, for rates that differ.
    common: give all fits the same keys (paired comparisons) instead of independent ones. Batches are shared.

    Returns a Fitted with a leading axis of fits on every array; `stopped.broken` says at which step a fit broke (-1:
    it did not). Raises ValueError as `fit` does, for the first fit that it concerns.
    """
    check_call(steps, every, patience, per_call, mode, key)
    check_functions(loss, batches, validate, patience)
    place = checkpoint_path(checkpoint)
    require(callable(make), "make", make, "must be a function of a point", "write `lambda point: ...`")
    rows, fits = _rows(points)
    models = [make({name: array[i] for name, array in rows.items()}) for i in range(fits)]
    for i, model in enumerate(models):
        try:
            trainable = choose(model, train)
        except ValueError as error:
            raise ValueError(f"fit {i}: {error}") from error
    recorded = recorded_paths(models[0], list(trainable.bounds), record)
    transform = lambda point: grouped(optimizer(point) if callable(optimizer) else optimizer, list(trainable.bounds))
    keys = jnp.broadcast_to(key, (fits,)) if common else jax.vmap(jax.random.fold_in, (None, 0))(key, np.arange(fits))

    def put(point: Any, free: Any, gathered: Any) -> PyTree:
        return placed(trainable.put(make(point), free), gathered)

    def one(state: FitState, point: Any, key: Array, now: Any) -> tuple[FitState, Any]:
        step, batch = now
        args = () if batches is None else (batch,)
        objective = lambda free: loss(put(point, free, state.gathered), *args, jax.random.fold_in(key, step))
        return descend(
            state,
            objective,
            step,
            trainable=trainable,
            optimizer=transform(point),
            recorded=recorded,
            mode=mode,
        )

    def held_out(state: FitState, point: Any, key: Array) -> tuple[FitState, dict[str, Array]]:
        found = validate(put(point, state.free, state.gathered), jax.random.fold_in(key, 2**31 - 1))  # type: ignore[misc]
        score, metrics, _ = split(found, "validate")
        return judge(state, score), {"score": jnp.asarray(score), **metrics}

    each = jax.vmap(one, (0, 0, 0, None))

    def started(point: Any) -> FitState:
        model = make(point)
        return begin(trainable.free_values(model), gathered_by(model), transform(point))

    start = jax.vmap(started)(rows)
    first = () if batches is None else (batches(0),)
    begins = lambda at, free: loss(put(at[0], free, at[1]), *first, key)
    each_start = [jax.tree.map(lambda a, i=i: a[i], ((rows, start.gathered), start.free)) for i in range(fits)]
    refuse_misread(begins, trainable, each_start)
    fitting = Fitting(
        advance=lambda state, now: jax.lax.scan(lambda s, n: each(s, rows, keys, n), state, now),
        judge=None if validate is None else lambda state: jax.vmap(held_out)(state, rows, keys),
        state=start,
        batches=batches,
        steps=steps,
        every=every,
        patience=patience,
        per_call=per_call,
        settings={"train": {p: str(b) for p, b in trainable.bounds.items()}, "steps": steps, "every": every},
        fits=fits,
    )
    end = drive_fit(fitting, place, progress)
    free, gathered = (end.state.free, end.state.gathered) if validate is None else jax.vmap(chosen)(end.state)
    models = eqx.filter_vmap(put)(rows, free, gathered)
    return Fitted(models, jax.vmap(trainable.values)(free), end.history, end.stopped)


def _rows(points: Any) -> tuple[dict[str, Array], int]:
    require(isinstance(points, Mapping) and bool(points), "points", str(points), "must be a dict of arrays", "name one")
    for name, value in points.items():
        array = np.asarray(value)
        numbers = array.dtype.kind in "iufb" and array.size > 0
        require(numbers, f"points[{name!r}]", value, "must be an array of numbers, one for each fit", "pass a list")
    as_array = lambda v: strong(v) if np.asarray(v).dtype.kind == "f" else jnp.asarray(v)
    rows = {name: as_array(value) for name, value in points.items()}
    lengths: dict[str, Any] = {name: row.shape[0] if row.ndim else None for name, row in rows.items()}
    if len(set(lengths.values())) != 1 or None in lengths.values():
        raise ValueError(
            f"points have leading lengths {lengths}: must be one number of fits; make them so, repeating the short ones"
        )
    return rows, next(iter(lengths.values()))
