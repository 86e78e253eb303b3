"""Dense synapses: every input to every neuron.

i[post] = sum_pre weight[post, pre] x[pre]
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, check_finite, param, require


class Dense(Cell):
    """Memoryless; a stretch of time is one matrix product."""

    weight: Float[Array, "post pre"] = param()

    def __check_init__(self):
        shape = jnp.shape(self.weight)
        require(len(shape) == 2, "Dense.weight.shape", shape, "must be (post, pre)", "add the missing axis")
        check_finite("Dense.weight", self.weight)

    def step(self, state, x: Float[Array, " pre"], tick: Tick):
        del tick
        return state, self.weight @ x

    def unroll(self, state, xs: Float[Array, "time pre"], span: Span):
        del span
        return state, xs @ self.weight.T
