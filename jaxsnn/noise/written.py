"""JAX's default generator written out: the same numbers, drawn in less time on a processor.

There JAX compiles threefry as a loop of five turns, each a dozen small programs, to compile sooner. Noise is drawn for
some twenty steps at a time: a few thousand numbers, for which calling all these takes longer than what they do.
"""

import math

import jax
import jax.numpy as jnp
from jax.extend.random import define_prng_impl, threefry_prng_impl
from jaxtyping import Array, Int

from .bits import threefry

_ITSELF = "key<fry>"


def written_out(stream: Array) -> bool:
    """Whether what is drawn from the key can be written out: one of JAX's default kind, in its default setting."""
    return str(stream.dtype) == _ITSELF and jax.config.jax_threefry_partitionable  # pyright: ignore[reportAttributeAccessIssue]


def folded(stream: Array, step: Int[Array, ""]) -> Array:
    """fold_in(stream, step), as a key from which everything is drawn written out."""
    k0, k1 = jax.random.key_data(stream)
    words = threefry(k0, k1, jnp.zeros((), jnp.uint32), step.astype(jnp.uint32))
    return jax.random.wrap_key_data(jnp.stack(words), impl=_WRITTEN)


def _bits(key: Array, width: int, shape: tuple[int, ...]) -> Array:
    size = math.prod(shape)
    if width != 32 or size >= 2**32:
        return threefry_prng_impl.random_bits(key, width, shape)
    places = jax.lax.iota(jnp.uint32, size).reshape(shape)
    a, b = threefry(key[0], key[1], jnp.zeros_like(places), places)
    return a ^ b


_WRITTEN = define_prng_impl(
    key_shape=threefry_prng_impl.key_shape,
    seed=threefry_prng_impl.seed,
    split=threefry_prng_impl.split,
    random_bits=_bits,
    fold_in=threefry_prng_impl.fold_in,
    name="threefry2x32-written-out",
    tag="written",
)
