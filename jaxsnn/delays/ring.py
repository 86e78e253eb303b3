"""Ring buffer: the rows of the last steps, the row of step n in slot n mod length.

A row is an array or a tree of arrays. Rows are written at the step they belong to. Before step n is written the ring
holds the steps n - length ... n - 1, so lags 1 ... length - 1 may be read; after it, lags 0 ... length - 1.
Steps before the first are zero.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree, Shaped


def make(row: PyTree, length: int) -> PyTree:
    """An empty ring for rows like `row` (arrays or shapes)."""
    return jax.tree.map(lambda leaf: jnp.zeros((length,) + leaf.shape, leaf.dtype), row)


def _length(ring: PyTree) -> int:
    return jax.tree.leaves(ring)[0].shape[0]


def slot_of(index: Int[Array, ""], lag: Int[Array, "..."], length: int) -> Int[Array, "..."]:
    """Where the row of `lag` steps before step `index` is, for lags from 0 to `length`.

    One remainder, of the step alone: of each lag, XLA would take it anew for every number of every row that is read.
    """
    place = index % length - lag
    return jnp.where(place < 0, place + length, place)


def rows_at(ring: Shaped[Array, "slot ..."], slots: Int[Array, "*many"]) -> Shaped[Array, "..."]:
    """The rows of slots that are in the ring: nothing is compared or wrapped for each number."""
    return ring.at[slots].get(mode="promise_in_bounds", wrap_negative_indices=False)


def write(ring: PyTree, row: PyTree, index: Int[Array, ""]) -> PyTree:
    """The ring with the row of step `index`; forgets the step `length` ago."""
    slot = index % _length(ring)
    write = lambda old, new: jax.lax.dynamic_update_index_in_dim(old, jnp.asarray(new, old.dtype), slot, 0)
    return jax.tree.map(write, ring, row)


def read(ring: PyTree, lag: Int[Array, "..."], index: Int[Array, ""]) -> PyTree:
    """The rows `lag` steps before step `index`; the axes of `lag` come before those of the row."""
    slots = slot_of(index, lag, _length(ring))
    return jax.tree.map(lambda leaf: rows_at(leaf, slots), ring)


def read_each(
    ring: Float[Array, "slot pre"], lag: Int[Array, "*many pre"], index: Int[Array, ""]
) -> Float[Array, "*many pre"]:
    """Every column with a lag of its own."""
    column = jnp.broadcast_to(jnp.arange(ring.shape[1], dtype=jnp.int32), lag.shape)
    return ring[slot_of(index, lag, ring.shape[0]), column]


def unrolled(ring: Float[Array, "slot pre"], index: Int[Array, ""]) -> Float[Array, "slot pre"]:
    """Rows in the order of time, steps index - length ... index - 1."""
    return jnp.roll(ring, -(index % ring.shape[0]), axis=0)


def rolled(rows: Float[Array, "slot pre"], index: Int[Array, ""]) -> Float[Array, "slot pre"]:
    """The ring whose rows in the order of time are `rows`, ending at step index - 1: inverse of `unrolled`."""
    return jnp.roll(rows, index % rows.shape[0], axis=0)
