"""The whole-sequence form of a delay: the past before the stretch and the stretch itself in one array, read at lags.

    y[n] = sum_k weight_k x[n - k]                                      `delayed`: every shape of delay
    i[n, post] = sum_k,pre kernel_k[post, pre] x[n - k, pre]            `contracted`: without [time, post, pre]

`timeline` holds the past and then the stretch, [row, pre]: row past + n belongs to step n of the stretch, and lags up
to `past` reach back into what happened before it. Both functions loop over lags (few taps, or all lags of a dense
kernel), with a slice, a gather or a matmul for each, and store nothing per lag for the backward pass.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree


def _summed(term: Callable[[PyTree], Array], over: PyTree, shape: tuple[int, ...], dtype) -> Array:
    """Sum of term(row) over the rows of `over`, recomputed in the backward pass."""

    def body(total, row):
        return total + term(row), None

    return jax.lax.scan(jax.checkpoint(body), jnp.zeros(shape, dtype), over)[0]


def delayed(
    timeline: Float[Array, "row pre"], steps: int, lags: Int[Array, "tap ..."], weights: Float[Array, "tap ..."]
) -> Float[Array, "time ..."]:
    """The last `steps` rows as they arrive. lags [tap, *delay], delay of shape (), [pre] or [post, pre].

    Returns [time, pre] for one delay or one per pre, [time, post, pre] for one per synapse.
    """
    past, pre = timeline.shape[0] - steps, timeline.shape[1]
    row_shape = lags.shape[1:] or (pre,)
    shape = (steps,) + row_shape

    def arriving(lag):
        if lag.ndim == 0:
            return jax.lax.dynamic_slice_in_dim(timeline, past - lag, steps)
        now = (past + jnp.arange(steps, dtype=jnp.int32)).reshape((steps,) + (1,) * lag.ndim)
        row = jnp.broadcast_to(now, shape) - jnp.broadcast_to(lag[None], shape)
        return timeline[row, jnp.broadcast_to(jnp.arange(pre, dtype=jnp.int32), shape)]

    def term(tap):
        lag, weight = tap
        return jnp.broadcast_to(weight, shape) * arriving(lag)

    return _summed(term, (lags, weights), shape, timeline.dtype)


def contracted(
    timeline: Float[Array, "row pre"], steps: int, kernel: Float[Array, "lag post pre"]
) -> Float[Array, "time post"]:
    """Current of a delayed dense synapse: `kernel` holds, at lag 0, 1, ..., weight [post, pre] times lag weight."""
    past = timeline.shape[0] - steps

    def term(now):
        lag, weight = now
        return jax.lax.dynamic_slice_in_dim(timeline, past - lag, steps) @ weight.T

    lags = jnp.arange(kernel.shape[0], dtype=jnp.int32)
    return _summed(term, (lags, kernel), (steps, kernel.shape[1]), timeline.dtype)
