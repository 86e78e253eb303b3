"""`descend_all`: a whole fit as one traced function, for the `run` of a study.

    def run(point, key):
        train = {"neuron.threshold": positive()}
        found = descend_all(loss, network(point), train, optimizer=optax.adam(1e-2), steps=300, key=key)
        return {"threshold": found.values["neuron.threshold"], "loss": found.loss[-1]}

So `sweep` runs grids of fits with seeds as restarts, and stores and resumes them as it does simulations. There is no
host between the steps: for checkpoints, early stopping, data and progress use `fit`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from .descent import FitState, begin, descend
from .loop import check_call, recorded_paths
from .optimizers import grouped
from .running import gathered_by, placed
from .trainable import Values, choose


class Descended(NamedTuple):
    """model, values: at the end. loss: [step], before each step. path: recorded values [step, ...]. broken: the step
    at which loss or gradient stopped being finite and the fit stood still, -1 for never."""

    model: PyTree
    values: Values
    loss: Float[Array, " step"]
    path: Values
    broken: Int[Array, ""]


def descend_all(
    loss: Callable,
    model: PyTree,
    train: Any,
    *,
    optimizer: Any,
    steps: int,
    key: Any,
    record: list[str] | None = None,
    mode: str = "reverse",
) -> Descended:
    """As `fit` without batches. Traced models are welcome; bounds of concrete ones are checked."""
    check_call(steps, 1, None, 1, mode, key)
    trainable = choose(model, train)
    transform = grouped(optimizer, list(trainable.bounds))
    recorded = recorded_paths(model, list(trainable.bounds), record)

    put = lambda free, gathered: placed(trainable.put(model, free), gathered)

    def one(state: FitState, step: Array) -> tuple[FitState, Any]:
        objective = lambda free: loss(put(free, state.gathered), jax.random.fold_in(key, step))
        return descend(state, objective, step, trainable=trainable, optimizer=transform, recorded=recorded, mode=mode)

    state = begin(trainable.free_values(model), gathered_by(model), transform)
    state, rows = jax.lax.scan(one, state, jnp.arange(steps, dtype=jnp.int32))
    values = trainable.values(state.free)
    return Descended(put(state.free, state.gathered), values, rows.series["loss"], rows.values, state.broken.step)
