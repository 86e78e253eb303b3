"""A product of weights and spikes, by the spike.

    i[t, post] = sum_pre weight[post, pre] s[t, pre]          s = 0 or 1

Where spikes are rare, only they are worked through (`core.bit_product`), also for the gradient of the weights, and for
that they are kept as bits: a 32nd of the memory. The derivatives are the plain ones,

    d_weight = sum_t d_i[t, post] s[t, pre]          d_s = d_i weight

Of anything but 0 and 1 the product is not a number, rather than a wrong one.
"""

import functools

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float

from ..core import bit_product, packed_numbers


@jax.custom_jvp
def spike_product(weight: Float[Array, "post pre"], spikes: Float[Array, "time pre"]) -> Float[Array, "time post"]:
    """spikes @ weight.T; spikes must be 0 or 1. Differentiable in both, in both modes."""
    return _product(weight, spikes)[0]


def _product(weight, spikes):
    words, other = packed_numbers(spikes)
    return bit_product(words, weight.T, void=other), words


def _slope(given, slopes):
    (weight, spikes), (d_weight, d_spikes) = given, slopes
    product, words = _product(weight, spikes)
    moved = []
    if not isinstance(d_weight, SymbolicZero):
        moved.append(bit_product(words, d_weight.T))
    if not isinstance(d_spikes, SymbolicZero):
        moved.append(d_spikes @ weight.T)
    return product, functools.reduce(jnp.add, moved)


spike_product.defjvp(_slope, symbolic_zeros=True)
