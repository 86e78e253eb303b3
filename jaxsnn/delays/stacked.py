"""A delayed dense synapse within a loop: all lags of all inputs as one vector, and one matrix product a step.

    r[n, post] = sum_k,pre kernel_k[post, pre] x[n - k, pre] = K [x[n-1]; x[n-2]; ...],   k = 1 ... lags

A loop cannot look ahead, so nothing here is done for several steps at once; but the kernel, which every step needs, is
computed once. Reading every synapse's own slot of the ring, a gather, costs more than this product as soon as a batch
shares the weights, and many times more in the backward pass, where it becomes a scatter.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from . import ring

Past = Float[Array, "row"]  # lag 1 first, then lag 2: [slot * pre]


class StackedLags(eqx.Module):
    """What a recurrent loop needs of its line, for a stretch of steps: `enter`, then `read` and `write`, then `leave`.

    matrix: the kernel at lags 1 ... slots, where slots is the length of the ring.
    """

    matrix: Float[Array, "post slot_pre"]
    slots: int = eqx.field(static=True)

    @classmethod
    def of(cls, kernel: Float[Array, "slot post pre"]) -> "StackedLags":
        slots, post, pre = kernel.shape
        return cls(kernel.transpose(1, 0, 2).reshape(post, slots * pre), slots)

    def enter(self, rows: Float[Array, "slot pre"], start: Int[Array, ""]) -> Past:
        """From the ring before step `start`."""
        return ring.unrolled(rows, start)[::-1].reshape(-1)

    def leave(self, past: Past, end: Int[Array, ""]) -> Float[Array, "slot pre"]:
        """The ring before step `end`."""
        return ring.rolled(past.reshape(self.slots, -1)[::-1], end)

    def read(self, past: Past) -> Float[Array, " post"]:
        return self.matrix @ past

    def write(self, past: Past, x: Float[Array, " pre"]) -> Past:
        return jnp.concatenate([x, past[: -x.shape[0]]])
