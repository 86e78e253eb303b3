"""Random bits by the step: the generator of JAX written out, and sixteen bits for each neuron from a quarter of a call.

    word = threefry2x32(stream, (2^31 + step, i))        20 rounds; its 64 bits are those of neurons 4 i ... 4 i + 3

So the bits of a neuron are a pure function of (stream, step, neuron), as everywhere. `jax.random.bits` makes a whole
call for each sixteen bits. The first counter keeps clear of those that `fold_in` and `jax.random` use; `pairs` counts
alike, so a cell that draws both folds the stream of one.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Int, UInt16, UInt32

FIRST = np.uint32(1 << 31)
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)
_EACH = 4  # neurons that share a word


def sixteen_bits(stream: Array, steps: Int[Array, " time"], shape: tuple[int, ...]) -> UInt16[Array, "time ..."]:
    """Uniform whole numbers below 2^16, of `shape` for each of `steps`. stream: a random key of JAX's default kind."""
    key, size = jax.random.key_data(stream), math.prod(shape)
    lanes = jnp.arange(-(-size // _EACH), dtype=jnp.uint32)

    def draw(step):
        low, high = threefry(key[0], key[1], jnp.broadcast_to(FIRST + step, lanes.shape), lanes)
        return low.astype(jnp.uint64) | (high.astype(jnp.uint64) << np.uint64(32))

    with jax.enable_x64():
        bits = lax.bitcast_convert_type(jax.vmap(draw)(steps.astype(jnp.uint32)), jnp.uint16)
    return bits.reshape(steps.shape[0], -1)[:, :size].reshape(steps.shape + shape)


def threefry(
    k0: UInt32[Array, ""], k1: UInt32[Array, ""], x0: UInt32[Array, "*n"], x1: UInt32[Array, "*n"]
) -> tuple[UInt32[Array, "*n"], UInt32[Array, "*n"]]:
    """Threefry-2x32 with 20 rounds (Salmon et al. 2011) of the counters x under the key k."""
    keys = (k0, k1, k0 ^ k1 ^ _PARITY)
    x0, x1 = x0 + keys[0], x1 + keys[1]
    for group in range(5):
        for turn in _ROTATIONS[group % 2]:
            x0 = x0 + x1
            x1 = x0 ^ ((x1 << np.uint32(turn)) | (x1 >> np.uint32(32 - turn)))
        x0, x1 = x0 + keys[(group + 1) % 3], x1 + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x0, x1
