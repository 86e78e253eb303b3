"""Log-likelihood of recorded spikes under a stochastic network.

    log P(spikes) = sum over neurons and steps of log P(s | u),        u from the recorded spikes, not from new ones

The network is run with noise that forces the recorded pattern, so resets and recurrent synapses see what was recorded,
and u is a smooth function of weights, thresholds, delays (through their kernel), time constants and the noise level.
The gradient is exact: nothing is sampled, and no surrogate is involved.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree, Shaped

from ..core import Cell, Span, require, strong, when_known
from .enumeration import check_run, rules_of, with_mode
from .score import total_log_prob
from .stochastic import SpikeNoise, forced


def log_likelihood(
    cell: Cell, spikes: Shaped[Array, "time neuron"], xs: PyTree = None, *, dt: Any, key: Any
) -> Float[Array, ""]:
    """Log-probability that `cell` fires `spikes` (0 or 1), given its inputs; sum over neurons and steps.

    cell: with one population of neurons whose rule is stochastic (NoiseDriven, Hazard), in any mode. xs: its inputs,
    leading time axis. key: gives the initial state and whatever else the cell draws.
    Raises ValueError for a cell with no such population, or several (hidden spikes are not recorded), or with synapses
    that fail by chance; for spikes that are neither 0 nor 1, and for what `simulate` refuses.
    """
    check_run(cell, xs, dt, key)
    chances = {rule.decides for rule in rules_of(cell)}
    remedy = "leave failing synapses out: which of them transmitted was not recorded"
    require(chances <= {"spikes"}, "cell: decided by chance", sorted(chances), "must be spikes alone", remedy)
    when_known(_check_spikes, spikes)
    spikes = spikes if jnp.issubdtype(spikes.dtype, jnp.floating) else spikes.astype(float)
    steps = spikes.shape[0]
    lengths = {jnp.shape(leaf)[0] for leaf in jax.tree.leaves(xs)}
    allowed = f"must be {steps}, the steps recorded"
    require(lengths <= {steps}, "xs: lengths", sorted(lengths), allowed, "cut one of the two")
    initial, stream = jax.random.fold_in(key, 0), jax.random.fold_in(key, 1)
    is_draw = lambda node: isinstance(node, SpikeNoise)
    drawn = cell.draw(stream, jnp.arange(steps, dtype=jnp.int32))
    shapes = [node.choice.shape for node in jax.tree.leaves(drawn, is_leaf=is_draw) if is_draw(node)]
    if shapes != [spikes.shape]:
        raise ValueError(
            f"spikes have shape {spikes.shape}, and the network decides spikes of shapes {shapes}: must be one "
            "population, recorded as [time, neuron]; give its neurons NoiseDriven or Hazard, and nobody else"
        )
    noise = jax.tree.map(lambda node: forced(node, spikes) if is_draw(node) else node, drawn, is_leaf=is_draw)
    scored = with_mode(cell, "score")
    final, _ = scored.unroll(scored.init(initial), xs, Span(jnp.zeros((), jnp.int32), strong(dt), noise, steps))
    return total_log_prob(final)


def _check_spikes(spikes: Any) -> None:
    other = ~np.isin(np.asarray(spikes, float), (0, 1))
    if other.any():
        place = tuple(int(i) for i in np.argwhere(other)[0])
        require(False, f"spikes{list(place)}", spikes[place], "must be 0 or 1", "record one spike a step at most")
