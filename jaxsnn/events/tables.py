"""Reading and writing one number of a table at a traced place.

As slices and not as scatters: XLA makes a loop out of every scatter on a CPU, which costs most of the compile time.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Shaped


def write(whole: Shaped[Array, "..."], at: tuple, value: Shaped[Array, ""], happens: Bool[Array, ""]) -> Array:
    """`whole` with `value` at the place `at` (one index for each axis), or unchanged. Out of range, nothing happens."""
    inside = happens
    for index, size in zip(at, whole.shape, strict=True):
        inside &= index < size
    kept = jnp.where(inside, value, read(whole, at))
    return jax.lax.dynamic_update_slice(whole, jnp.reshape(kept, (1,) * whole.ndim), at)


def read(whole: Shaped[Array, "..."], at: tuple) -> Shaped[Array, ""]:
    """The number at a place; the nearest one if out of range."""
    return jnp.reshape(jax.lax.dynamic_slice(whole, at, (1,) * whole.ndim), ())


def add(
    whole: Float[Array, "..."] | Int[Array, "..."], at: tuple, value: Array | int, happens: Bool[Array, ""]
) -> Array:
    """`whole` with `value` added at a place, or unchanged."""
    return write(whole, at, read(whole, at) + value, happens)
