"""Sums over an axis, and copies along one, as products with ones.

On a processor XLA takes up to ten times as long for a sum over an axis, in the middle of other work, as for the same
sum as a matrix-vector product; under `vmap` it is one product for all networks. The gradient of a copy is a sum, so
copies whose gradient matters are products too. In full precision on every device.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def sum_first(x: Float[Array, "n ..."]) -> Float[Array, "..."]:
    return jnp.tensordot(np.ones(x.shape[0], x.dtype), x, 1, precision="highest")


def sum_last(x: Float[Array, "... n"]) -> Float[Array, "..."]:
    return jnp.matmul(x, np.ones(x.shape[-1], x.dtype), precision="highest")


def copied_first(x: Float[Array, "..."], count: int) -> Float[Array, "n ..."]:
    return jnp.einsum("n,...->n...", jnp.ones(count, x.dtype), x, precision="highest")


def copied_last(x: Float[Array, "..."], count: int) -> Float[Array, "... n"]:
    return jnp.einsum("...,n->...n", x, jnp.ones(count, x.dtype), precision="highest")
