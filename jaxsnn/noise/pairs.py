"""Standard normals in pairs of neurons: the same Gaussian noise as `normals`, for streams that nobody shares.

Neurons 2 i and 2 i + 1 of a step are the two outputs of one Box-Muller transform of the 64 bits

    a, b = threefry2x32(stream, (2^31 + step, i))         20 rounds, the generator of JAX, written out

    radius = sqrt(-2 log u),  u in (0, 1] from a          at most 6.66, as 31 bits go into u
    angle                                                  within pi/4 of an axis from 23 bits of b, which axis and side
                                                           from the last three; sine and cosine by polynomials

So a normal is a pure function of (stream, step, neuron), as everywhere, for half a call of threefry and without an
inverse error function. The first counter keeps clear of those that `fold_in` and `jax.random` use.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, UInt32, UInt64

from ..core import once
from .bits import FIRST, threefry

_SIGN = np.uint32(1 << 31)


def paired_normals(stream: Array, steps: Int[Array, " time"], shape: tuple[int, ...]) -> Float[Array, "time ..."]:
    """Independent standard normals of `shape` for each of `steps`, which follow one another; stream is a random key."""
    key, size = jax.random.key_data(stream), math.prod(shape)
    lanes = jnp.arange(-(-size // 2), dtype=jnp.uint32)

    def draw(step):
        words = threefry(key[0], key[1], jnp.broadcast_to(FIRST + step, lanes.shape), lanes)
        return _pack(*box_muller(*words))

    with jax.enable_x64():  # for the 64 bits of a pair
        # both outputs stay together until they are stored: XLA would draw every number again for its partner
        words = once(steps[0], jax.vmap(draw), steps.astype(jnp.uint32))
        drawn = lax.bitcast_convert_type(words, jnp.float32)
    drawn = drawn.reshape(steps.shape[0], -1)[:, :size].reshape(steps.shape + shape)
    return drawn.astype(jax.dtypes.canonicalize_dtype(float))


def box_muller(a: UInt32[Array, "*n"], b: UInt32[Array, "*n"]) -> tuple[Float[Array, "*n"], Float[Array, "*n"]]:
    """Two independent standard normals from 64 random bits."""
    f = np.float32
    signed = lambda word, drop: lax.shift_right_arithmetic(lax.bitcast_convert_type(word, jnp.int32), np.int32(drop))
    u = ((a >> np.uint32(1)).astype(jnp.int32).astype(jnp.float32) + f(0.5)) * f(2.0**-31)
    radius = jnp.sqrt(f(-2) * jnp.log(u))
    x = (signed(b, 9).astype(jnp.float32) + f(0.5)) * f(math.pi / 4 * 2.0**-22)  # in (-pi/4, pi/4)
    z = x * x
    sine = x + x * z * (f(-1.6666654611e-1) + z * (f(8.3321608736e-3) - z * f(1.9515295891e-4)))
    series = f(4.166664568298827e-2) + z * (f(-1.388731625493765e-3) + z * f(2.443315711809948e-5))
    cosine = f(1) - f(0.5) * z + z * z * series
    along = jnp.where((b & np.uint32(4)) != 0, sine, cosine)
    across = (sine + cosine) - along
    return _flip(radius * along, b << np.uint32(31)), _flip(radius * across, (b << np.uint32(30)) & _SIGN)


def _flip(value: Float[Array, "*n"], sign: UInt32[Array, "*n"]) -> Float[Array, "*n"]:
    return lax.bitcast_convert_type(lax.bitcast_convert_type(value, jnp.uint32) ^ sign, jnp.float32)


def _pack(first: Float[Array, "*n"], second: Float[Array, "*n"]) -> UInt64[Array, "*n"]:
    low, high = (lax.bitcast_convert_type(value, jnp.uint32) for value in (first, second))
    with jax.enable_x64():
        return low.astype(jnp.uint64) | (high.astype(jnp.uint64) << np.uint64(32))
