"""One step of gradient descent on the trained parameters, and what is kept from step to step.

    value, gradient = d loss(model with the trained values in place)/d free values
    free <- settle(free + optimiser(gradient))

A step whose loss, gradient or new parameters are not finite changes nothing and is remembered in `Broken`: in a grid of
fits the others go on, and a fit of its own stops with the name of the parameter.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from ..core import require
from .running import Gathered, gathered_from
from .trainable import Trainable, Values

MODES = ("reverse", "forward")


class Broken(NamedTuple):
    """The first step that was not finite (-1: none), and how many entries were not: of the loss, and of each
    parameter or its gradient."""

    step: Int[Array, ""]
    entries: dict[str, Int[Array, ""]]


class Best(NamedTuple):
    """The best held-out score so far, its parameters and statistics, and the number of judgements since."""

    score: Float[Array, ""]
    free: Values
    gathered: Gathered
    since: Int[Array, ""]


class FitState(NamedTuple):
    free: Values
    gathered: Gathered  # statistics of the model, moved by averaging (`running`)
    optimizer: PyTree
    broken: Broken
    best: Best


class Row(NamedTuple):
    """What one step leaves to the history."""

    series: dict[str, Float[Array, ""]]
    values: Values


OWN = ("loss", "gradient")  # series of the history that are no metrics
OWN_JUDGED = ("score",)


def split(outcome: Any, what: str = "loss") -> tuple[Any, dict[str, Any], Any]:
    """A loss is a scalar, (scalar, dict of scalars) or (scalar, dict, state). Raises ValueError for anything else."""
    parts = outcome if isinstance(outcome, tuple) and len(outcome) in (2, 3) else (outcome,)
    missing: tuple[Any, ...] = ({}, ())[len(parts) - 1 :]
    whole: tuple[Any, ...] = (*parts, *missing)
    value, metrics, state = whole
    remedy = "average over samples and neurons, and return (scalar, dict of scalars) for metrics"
    require(isinstance(metrics, Mapping), what, metrics, "must return a scalar, or a scalar and a dict", remedy)
    for name, one in {what: value, **metrics}.items():
        number = hasattr(one, "dtype") or isinstance(one, int | float)
        found = f"{jnp.result_type(one)}{list(jnp.shape(one))}" if number else type(one).__name__
        floats = number and (name != what or jnp.issubdtype(jnp.result_type(one), jnp.floating))
        require(floats and jnp.shape(one) == (), name, found, "must be one real number", remedy)
    own = OWN_JUDGED if what == "validate" else OWN
    for name in metrics:
        allowed = f"must not be called {' or '.join(own)}"
        require(name not in own, "metrics", name, allowed, "the history has these; rename it")
    return value, {name: jnp.asarray(one) for name, one in metrics.items()}, state


def begin(free: Values, gathered: Gathered, optimizer: optax.GradientTransformation) -> FitState:
    entries = {"loss": jnp.int32(0), **{path: jnp.int32(0) for path in free}}
    return FitState(
        free,
        gathered,
        optimizer.init(free),
        Broken(jnp.int32(-1), entries),
        Best(jnp.asarray(jnp.inf, jax.dtypes.canonicalize_dtype(float)), free, gathered, jnp.int32(0)),
    )


def value_and_gradient(
    objective: Callable[[Values], Any], free: Values, gathered: Gathered, mode: str
) -> tuple[Any, dict, Gathered, Values]:
    """Loss, metrics, statistics and gradient. Forward mode costs one pass a parameter and stores no trajectory."""

    def scalar(free: Values) -> tuple[Any, tuple[dict, Gathered]]:
        loss, metrics, state = split(objective(free))
        return loss, (metrics, gathered_from(state, gathered))

    if mode == "forward":
        kept = lambda free: (scalar(free)[0], scalar(free))
        try:
            gradient, (loss, (metrics, after)) = jax.jacfwd(kept, has_aux=True)(free)
        except TypeError as error:
            if "custom_vjp" not in str(error):
                raise
            raise ValueError(
                'mode = "forward": the model has a derivative rule for reverse mode only; make its spike rules for '
                'this one, such as Triangle(0.5, mode="forward"), or leave the mode out'
            ) from error
    else:
        (loss, (metrics, after)), gradient = jax.value_and_grad(scalar, has_aux=True)(free)
    return loss, metrics, after, gradient


def descend(
    state: FitState,
    objective: Callable[[Values], Any],
    step: Int[Array, ""],
    *,
    trainable: Trainable,
    optimizer: optax.GradientTransformation,
    recorded: list[str],
    mode: str,
) -> tuple[FitState, Row]:
    """objective: free values -> loss, (loss, metrics) or (loss, metrics, state)."""
    loss, metrics, gathered, gradient = value_and_gradient(objective, state.free, state.gathered, mode)
    count = lambda a: jnp.sum(~jnp.isfinite(a), dtype=jnp.int32)
    with jax.numpy_dtype_promotion("standard"):  # whatever the caller's setting: optax counts on it
        moves, after = optimizer.update(gradient, state.optimizer, state.free)
    free = trainable.settle(optax.apply_updates(state.free, moves))
    # of what is trained too: a rate that is not finite spoils it, and a silent network has a loss all the same
    each = {path: jnp.maximum(count(gradient[path]), count(free[path])) for path in gradient}
    entries = {"loss": count(loss), **each}
    good = (sum(entries.values()) == 0) & (state.broken.step < 0)
    keep = lambda new, old: jax.tree.map(lambda a, b: jnp.where(good, a, b), new, old)
    first = ~good & (state.broken.step < 0)
    broken = Broken(
        jnp.where(first, step, state.broken.step),
        jax.tree.map(lambda a, b: jnp.where(first, a, b), entries, state.broken.entries),
    )
    values = trainable.values(state.free)
    row = Row(
        {"loss": loss, "gradient": optax.tree.norm(gradient), **metrics},
        {path: values[path] for path in recorded},
    )
    moved = FitState(free, gathered, after, broken, state.best)
    kept = state._replace(broken=broken)
    return keep(moved, kept), row


def chosen(state: FitState) -> tuple[Values, Gathered]:
    """Parameters and statistics of the best held-out score; the last ones where no score was a number."""
    judged = jnp.isfinite(state.best.score)
    best, last = (state.best.free, state.best.gathered), (state.free, state.gathered)
    return jax.tree.map(lambda a, b: jnp.where(judged, a, b), best, last)


def judge(state: FitState, score: Float[Array, ""]) -> FitState:
    """Take a held-out score into account: less is better."""
    best = state.best
    better = score < best.score
    pick = lambda new, old: jax.tree.map(lambda a, b: jnp.where(better, a, b), new, old)
    score = jnp.where(better, score, best.score).astype(best.score.dtype)
    since = jnp.where(better, jnp.int32(0), best.since + 1)
    free, gathered = pick((state.free, state.gathered), (best.free, best.gathered))
    return state._replace(best=Best(score, free, gathered, since))
