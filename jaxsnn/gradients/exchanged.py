"""A row written to a ring and a delayed one read from it, with a gradient that stays where it lies and keeps little.

    ring[index] <- row,   then   past = sum_k weight_k(delay) ring[slot_k]

The derivatives are the plain ones. But the one that JAX makes of a read is a whole ring of zeros with a few rows in it,
added to the cotangent of the ring that is carried on: in every step a pass over all that the ring remembers, half the
time of a backward pass. Here the cotangent is changed at the slots alone. And for the derivative with respect to the
delay JAX keeps the row of every tap; here it is their sum with the slopes of the weights, which is all that is asked.
For reverse mode: `jax.jvp` refuses it.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float, Int

from ..core import mapped_with, once, sum_last, write_row

Ring = Float[Array, "slot row"]
Row = Float[Array, " row"]
Steps = Float[Array, ""]
Taps = tuple[Int[Array, " tap"], Float[Array, " tap"]]


def exchanged(
    taps: Callable[[Int[Array, ""], Steps], Taps], ring: Ring, row: Row, index: Int[Array, ""], delay: Steps
) -> tuple[Ring, Row]:
    """The ring with the row of step `index`, and what comes out of it after `delay`.

    taps: slots and their weights, of (index, delay). It must be hashable and hold no arrays.
    """
    return _exchanged(taps, mapped_with(ring, delay), row, index, delay)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _exchanged(taps, ring, row, index, delay):
    slots, weights = taps(index, delay)
    ring = _written(ring, row, index)
    return ring, _summed(weights, ring, slots)


def _written(ring: Ring, row: Row, index: Int[Array, ""]) -> Ring:
    return write_row(ring, row, index % ring.shape[0])


def _summed(weights: Float[Array, "... tap"], ring: Ring, slots: Int[Array, " tap"]) -> Float[Array, "... row"]:
    rows = ring.at[slots].get(mode="promise_in_bounds", wrap_negative_indices=False)
    # a product: as a sum over so short an axis it was three quarters of a step on a processor
    return jnp.matmul(weights, rows, precision="highest")


def _forth(taps, *given):
    ring, row, index, delay = (each.value for each in given)
    if not given[-1].perturbed:
        return _exchanged(taps, ring, row, index, delay), (index, delay, None)
    (slots, weights), (_, slopes) = jax.jvp(lambda d: taps(index, d), (delay,), (jnp.ones_like(delay),))
    ring = _written(ring, row, index)
    past, slope = _summed(jnp.stack([weights, slopes]), ring, slots)  # one product: two take twice as long
    return (ring, past), (index, delay, slope)


def _back(taps, kept, cotangents):
    index, delay, slope = kept
    ring, past = (jnp.zeros(each.shape, each.dtype) if isinstance(each, SymbolicZero) else each for each in cotangents)
    # Read, add and write: a scatter that adds takes twice as long. One after the other: two slots may be the same.
    for slot, weight in zip(*taps(index, delay), strict=True):
        due = weight * past + jax.lax.dynamic_index_in_dim(ring, slot, 0, keepdims=False)
        ring = jax.lax.dynamic_update_index_in_dim(ring, due, slot, 0)
    row = jax.lax.dynamic_index_in_dim(ring, index % ring.shape[0], 0, keepdims=False)
    # Row and zeros come out of one condition: so the row is read before its slot is emptied. Otherwise XLA puts the
    # reading into whatever needs the row, later, and keeps two copies of the ring for it.
    row, nothing = once(index, lambda *both: both, row, jnp.zeros_like(row))
    return _written(ring, nothing, index), row, None, None if slope is None else sum_last(slope * past)


_exchanged.defvjp(_forth, _back, symbolic_zeros=True)
