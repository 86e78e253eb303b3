"""Score function of the hazard network, truncated: what the last W of time did to the error of now.

    d E[e_t^2] / d log sigma = E[ e_t^2 sum_{t' <= t} score_t' ],      score_t = d log P(spikes_t | v_t) / d log sigma

v_t depends on sigma through its noise, spikes held as they were; the readout depends on spikes alone. The variance of
the sum grows with its length, and spikes of long ago have no influence, so it is cut to t' > t - W:

    G_W = mean_t (e_t^2 - mean e^2) (S_t - S_{t-W})           S_t: sum of the scores up to t

biased as far as W is too short. One run serves every W of `HORIZONS`. Scores are summed over half an interval.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from jaxsnn.core import Span
from jaxsnn.gradients import LogProb, total_log_prob
from jaxsnn.networks import Balanced

HORIZONS = (0.03125, 0.0625, 0.125, 0.25, 0.5, 1.0, 2.0)  # W, readout time constants
CHOSEN = 4  # of HORIZONS: what the descent and the comparison of rules use
BLOCK = 10


def score_slopes(
    net: Balanced,
    point: Mapping[str, Any],
    log_noise: Float[Array, ""],
    state: PyTree,
    begin: Int[Array, ""],
    stream: Array,
) -> tuple[PyTree, Float[Array, ""], Float[Array, " horizon"], Float[Array, ""]]:
    """State after the window, log variance, its slope in log sigma for every horizon, and the rate of spikes."""
    dt = point["dt"]
    drive = jnp.ones((BLOCK, 1), dt.dtype)

    def block(carry, number):
        state, dv = carry
        start = begin + number * BLOCK
        noise = net.draw(stream, start + jnp.arange(BLOCK, dtype=jnp.int32))

        def run(log, v):
            # sigma by its ratio to where it is, so that every other number of the network stays as it is
            moved = eqx.tree_at(lambda n: n.noise, net, net.noise * jnp.exp(log - log_noise))
            after, y = moved.unroll(_fresh(state)._replace(v=v), drive, Span(start, dt, noise, BLOCK))
            return (total_log_prob(after), after.v), (after, y)

        one = jnp.ones_like(log_noise)
        _, (score, dv), (state, y) = jax.jvp(run, (log_noise, state.v), (one, dv), has_aux=True)
        e = y.error[:, 0]
        return (state, dv), (score, jnp.mean(e), jnp.mean(e * e), jnp.mean(y.count))

    numbers = jnp.arange(point["window"] // BLOCK, dtype=jnp.int32)
    carry, (scores, mean, square, count) = jax.lax.scan(block, (state, jnp.zeros_like(state.v)), numbers)
    settled = point["window"] // (4 * BLOCK)
    centre = jnp.mean(mean[settled:])
    square = square - 2 * centre * mean + centre * centre
    variance = jnp.mean(square[settled:])
    excess = square[settled:] - variance
    total = jnp.concatenate([jnp.zeros_like(scores[:1]), jnp.cumsum(scores)])
    per = point["neurons"] / (BLOCK * dt)  # blocks in a readout time constant
    at = jnp.arange(settled, len(numbers), dtype=jnp.int32)

    def truncated(horizon):
        back = jnp.maximum(jnp.round(horizon * per).astype(jnp.int32), 1)
        return jnp.mean(excess * (total[at + 1] - total[jnp.maximum(at + 1 - back, 0)])) / variance

    slopes = jax.vmap(truncated)(jnp.asarray(np.asarray(HORIZONS), dt.dtype))
    return carry[0], jnp.log(variance), slopes, jnp.mean(count[settled:]) / dt


def _fresh(state: PyTree) -> PyTree:
    """The log-probability counted from zero, so that it keeps its digits."""
    zero = lambda node: LogProb(jnp.zeros_like(node.value)) if isinstance(node, LogProb) else node
    return jax.tree.map(zero, state, is_leaf=lambda node: isinstance(node, LogProb))
