"""Low-rank synapses: the population is heard through a few numbers.

    i = left (right x)          left [post, rank], right [rank, pre]

A balanced network's recurrence is of this kind, with left = -decoder^T and right = decoder.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, check_finite, param, require


class LowRank(Cell):
    """Memoryless; costs rank (post + pre) a step instead of post pre."""

    left: Float[Array, "post rank"] = param()
    right: Float[Array, "rank pre"] = param()

    def __check_init__(self):
        left, right = jnp.shape(self.left), jnp.shape(self.right)
        require(len(left) == 2, "LowRank.left.shape", left, "must be (post, rank)", "add the missing axis")
        require(
            len(right) == 2 and right[0] == left[1],
            "LowRank.right.shape",
            right,
            f"must be (rank, pre) with rank = {left[1]} as in left",
            "transpose it, or make the ranks agree",
        )
        check_finite("LowRank.left", self.left)
        check_finite("LowRank.right", self.right)

    @property
    def input_shape(self) -> tuple[int]:
        """Shape of what it takes in a step."""
        return (self.right.shape[1],)

    def step(self, state, x: Float[Array, " pre"], tick: Tick):
        del tick
        return state, self.left @ (self.right @ x)

    def unroll(self, state, xs: Float[Array, "time pre"], span: Span):
        del span
        return state, (xs @ self.right.T) @ self.left.T
