"""A product of weights and spikes that remembers the spikes as bits.

    i[t, post] = sum_pre weight[post, pre] s[t, pre]          s = 0 or 1

The gradient of the weights needs every spike, and a long backward pass has to keep them: as bits they take a 32nd of
the memory. The derivatives are the plain ones,

    d_weight = sum_t d_i[t, post] s[t, pre]          d_s = d_i weight

Anything but 0 and 1 would be remembered wrongly, so this is for spikes alone.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@jax.custom_vjp
def spike_product(weight: Float[Array, "post pre"], spikes: Float[Array, "time pre"]) -> Float[Array, "time post"]:
    """spikes @ weight.T; spikes must be 0 or 1."""
    return spikes @ weight.T


def _remember(weight, spikes):
    return spikes @ weight.T, (weight, jnp.packbits(spikes != 0, axis=-1))


def _pull_back(remembered, d_i):
    weight, bits = remembered
    spikes = jnp.unpackbits(bits, axis=-1, count=weight.shape[1]).astype(weight.dtype)
    return d_i.T @ spikes, d_i @ weight


spike_product.defvjp(_remember, _pull_back)
