"""Dense synapses: every input to every neuron.

i[post] = sum_pre weight[post, pre] x[pre]
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, check_finite, param, require
from ..gradients import spike_product


class Dense(Cell):
    """Memoryless; a stretch of time is one matrix product.

    spikes_only: the inputs are 0 or 1 and nothing else. Where they are rare, and inputs and outputs 64 or more, only
    they are worked through on a processor, forwards and backwards (`gradients.spike_product`); with fewer it saves no
    time. The backward pass keeps them as bits. With any other input result and gradient are not numbers.
    """

    weight: Float[Array, "post pre"] = param()
    spikes_only: bool = eqx.field(static=True, default=False, kw_only=True)

    def __check_init__(self):
        shape = jnp.shape(self.weight)
        require(len(shape) == 2, "Dense.weight.shape", shape, "must be (post, pre)", "add the missing axis")
        check_finite("Dense.weight", self.weight)

    @property
    def input_shape(self) -> tuple[int]:
        """Shape of what it takes in a step."""
        return (self.weight.shape[1],)

    def step(self, state, x: Float[Array, " pre"], tick: Tick):
        del tick
        return state, spike_product(self.weight, x[None])[0] if self.spikes_only else self.weight @ x

    def unroll(self, state, xs: Float[Array, "time pre"], span: Span):
        del span
        return state, spike_product(self.weight, xs) if self.spikes_only else xs @ self.weight.T
