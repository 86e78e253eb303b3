"""A step's row of a ring, where many networks write theirs at once.

Under `vmap` JAX makes a scatter of it, with a check of every place, into rings that lie one after the other: as many
lines of the cache as networks. All write into one slot, so their rows are laid side by side in memory (XLA keeps this
order through the loop over time) and written as one piece.
"""

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jax.experimental.layout import Layout, with_layout_constraint
from jaxtyping import Array, Int, Shaped


def write_row(
    ring: Shaped[Array, "slot ..."], row: Shaped[Array, "..."], slot: Int[Array, ""]
) -> Shaped[Array, "slot ..."]:
    """The ring with this row in `slot`, which must be one of its own. Not for rings that are differentiated."""
    return _write(0)(ring, row, slot)


@cache
def _write(networks: int) -> Callable:
    """`write_row` for arrays with this many leading axes of networks."""

    def plain(ring: Array, row: Array, slot: Array) -> Array:
        ring = jax.lax.dynamic_update_index_in_dim(ring, row, slot, networks)
        if not networks:
            return ring
        order = (networks, *range(networks), *range(networks + 1, ring.ndim))
        return with_layout_constraint(ring, Layout(order))

    def batched(size: int, which: list[bool], ring: Array, row: Array, slot: Array) -> tuple[Array, bool]:
        if which[2]:  # each network has a step of its own
            return jax.vmap(plain, [0 if one else None for one in which])(ring, row, slot), True
        for_all = lambda a, one: a if one else jnp.broadcast_to(a, (size, *a.shape))
        return _write(networks + 1)(for_all(ring, which[0]), for_all(row, which[1]), slot), True

    made = custom_vmap(plain)
    made.def_vmap(batched)
    return made
