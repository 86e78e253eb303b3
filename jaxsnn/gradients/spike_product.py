"""A product of weights and spikes, by the spike.

    i[t, post] = sum_pre weight[post, pre] s[t, pre]          s = 0 or 1

Where spikes are rare, only they are worked through (`core.bit_product`), also for the gradient of the weights, and for
that they are kept as bits: a 32nd of the memory. The derivatives are the plain ones,

    d_weight = sum_t d_i[t, post] s[t, pre]          d_s = d_i weight

Of anything but 0 and 1 the product is not a number, and with it the gradient of the weights, rather than a wrong one.
"""

import functools

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float, Shaped

from ..core import bit_product, packed_numbers, require
from ..core.bit_product import LEAST
from .undifferentiable import undifferentiable


def spike_product(weight: Float[Array, "post pre"], spikes: Shaped[Array, "time inputs"]) -> Float[Array, "time post"]:
    """spikes @ weight.T; spikes must be 0 or 1. Differentiable in both, in both modes; twice in the weights alone.

    Raises ValueError if there are not as many inputs as weights for them, and TypeError where a second derivative
    would need the bits' own.
    """
    allowed, remedy = f"must be (time, {weight.shape[1]})", "give every input a column of the weights"
    require(spikes.shape[1] == weight.shape[1], "spikes.shape", spikes.shape, allowed, remedy)
    if jnp.issubdtype(spikes.dtype, jnp.floating):
        kind = jnp.result_type(weight, spikes)
        weight, spikes = weight.astype(kind), spikes.astype(kind)
    return _product(weight, spikes)


@jax.custom_jvp
def _product(weight, spikes):
    if min(weight.shape) >= LEAST:
        return _by_bits(weight, spikes)
    _, other = packed_numbers(spikes)
    return jnp.where(other[:, None], jnp.nan, spikes.astype(weight.dtype) @ weight.T)


def _by_bits(weight, spikes):
    words, other = packed_numbers(spikes)
    return bit_product(words, weight.T, void=other)


def _slope(given, slopes):
    """Linear in the slope of the weights by way of bits alone: so these are what a backward pass keeps."""
    (weight, spikes), (d_weight, d_spikes) = given, slopes
    moved = []
    if not isinstance(d_weight, SymbolicZero):
        moved.append(_by_bits(d_weight, undifferentiable(spikes, "for second derivatives leave out spikes_only")))
    if not isinstance(d_spikes, SymbolicZero):
        moved.append(d_spikes @ weight.T)
    return _product(weight, spikes), functools.reduce(jnp.add, moved)


_product.defjvp(_slope, symbolic_zeros=True)
