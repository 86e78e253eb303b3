"""The least number of all networks that `vmap` maps together, as one that they share.

A loop whose end each network has for itself runs under `vmap` until the last has ended, and keeps every number of every
network aside at every turn, for those that have. One whose end is shared is an ordinary loop.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int


@jax.custom_batching.custom_vmap
def least(number: Int[Array, ""]) -> Int[Array, ""]:
    """The number itself where nothing is mapped. It has no derivative."""
    return number


@least.def_vmap
def _of_all(size: int, mapped: list[bool], numbers: Int[Array, " network"]) -> tuple[Int[Array, ""], bool]:
    del size, mapped
    return least(jnp.min(numbers)), False
