"""A second kind of random key, for noise that nobody shares.

Noise that a whole grid shares costs next to nothing. Where every network draws its own, the generator is most of the
work, and a stream of Gaussian noise is made in another way, in about a third of the time (`noise.normals`). The kind of
the key says which: `paired(key)` is a key of the same words. Everything else that is drawn from it is the same.
"""

import jax
from jax.extend.random import define_prng_impl, threefry_prng_impl
from jaxtyping import Array

_PAIRED = define_prng_impl(
    key_shape=threefry_prng_impl.key_shape,
    seed=threefry_prng_impl.seed,
    split=threefry_prng_impl.split,
    random_bits=threefry_prng_impl.random_bits,
    fold_in=threefry_prng_impl.fold_in,
    name="threefry2x32-paired",
    tag="paired",
)


def paired(key: Array) -> Array:
    """The key, or keys, with normals in pairs; keys of other generators than JAX's default stay as they are."""
    if str(key.dtype) != "key<fry>":
        return key
    return jax.random.wrap_key_data(jax.random.key_data(key), impl=_PAIRED)


def is_paired(key: Array) -> bool:
    return str(key.dtype) == "key<paired>"
