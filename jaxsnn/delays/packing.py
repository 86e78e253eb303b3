"""Spikes of a population as bits: eight neurons to a byte.

Byte k holds neurons 8 k ... 8 k + 7, neuron 8 k + b in bit b. A sum over eight neighbours is what XLA vectorises inside
a time step; over the 32 of a word it takes four times as long.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, UInt8

BYTE = 8


def byte_count(neurons: int) -> int:
    return -(-neurons // BYTE)


def _places() -> UInt8[Array, "1 bit"]:
    return jnp.arange(BYTE, dtype=jnp.uint8)[None]


def pack(spikes: Bool[Array, " neuron"]) -> UInt8[Array, " byte"]:
    """Bits of all neurons."""
    bits = jnp.pad(spikes, (0, -spikes.shape[0] % BYTE)).reshape(-1, BYTE).astype(jnp.uint8)
    return jnp.sum(bits << _places(), axis=1, dtype=jnp.uint8)


def unpack(packed: UInt8[Array, " byte"], neurons: int) -> Bool[Array, " neuron"]:
    """The spikes that `pack` was given."""
    bits = (packed[:, None] >> _places()) & jnp.uint8(1)
    return bits.reshape(-1)[:neurons] != 0


def count(packed: UInt8[Array, " byte"], dtype=jnp.float32) -> Float[Array, ""]:
    """Number of spikes."""
    return jnp.sum(jnp.bitwise_count(packed), dtype=jnp.int32).astype(dtype)
