"""A row written to a ring and rows read from it, with a gradient that stays where it lies.

    ring[index] <- row,   then   rows = ring[slots]

The derivatives are the plain ones. But the one that JAX makes of a read is a whole ring of zeros with a few rows in it,
added to the cotangent of the ring that is carried on: in every step a pass over all that the ring remembers, half the
time of a backward pass. Here the cotangent is changed at the slots alone. For reverse mode: `jax.jvp` refuses it.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..core import once, write_row

Ring = Float[Array, "slot row"]


@jax.custom_vjp
def exchanged(
    ring: Ring, row: Float[Array, " row"], index: Int[Array, ""], slots: Int[Array, " tap"]
) -> tuple[Ring, Float[Array, "tap row"]]:
    """The ring with `row` at `index`, and its rows at `slots`."""
    ring = write_row(ring, row, index)
    return ring, ring.at[slots].get(mode="promise_in_bounds", wrap_negative_indices=False)


def _forth(ring, row, index, slots):
    return exchanged(ring, row, index, slots), (index, slots)


def _back(kept, cotangents):
    (index, slots), (ring, rows) = kept, cotangents
    # Read, add and write: a scatter that adds takes twice as long. One after the other: two slots may be the same.
    for slot, due in zip(slots, rows, strict=True):
        due = due + jax.lax.dynamic_index_in_dim(ring, slot, 0, keepdims=False)
        ring = jax.lax.dynamic_update_index_in_dim(ring, due, slot, 0)
    row = jax.lax.dynamic_index_in_dim(ring, index, 0, keepdims=False)
    # Row and zeros come out of one condition: so the row is read before its slot is emptied. Otherwise XLA puts the
    # reading into whatever needs the row, later, and keeps two copies of the ring for it.
    row, nothing = once(index, lambda *both: both, row, jnp.zeros_like(row))
    return write_row(ring, nothing, index), row, None, None


exchanged.defvjp(_forth, _back)
