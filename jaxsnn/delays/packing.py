"""Spikes of a population as bits: 32 neurons to a word.

Word w holds neurons 32 w ... 32 w + 31, neuron 32 w + b in bit b. Packing sums contiguous slices and unpacking selects
by lane, without reshapes: these are the forms that XLA vectorises inside a time step.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, UInt32

WORD = 32


def word_count(neurons: int) -> int:
    return -(-neurons // WORD)


def pack(spikes: Bool[Array, " neuron"]) -> UInt32[Array, " word"]:
    """Bits of all neurons."""
    words = []
    for first in range(0, spikes.shape[0], WORD):
        part = spikes[first : first + WORD]
        bit = jnp.uint32(1) << jnp.arange(part.shape[0], dtype=jnp.uint32)
        words.append(jnp.sum(jnp.where(part, bit, jnp.uint32(0)), dtype=jnp.uint32))
    return jnp.stack(words)


def unpack(words: UInt32[Array, " word"], neurons: int) -> Bool[Array, " neuron"]:
    """The spikes that `pack` was given."""
    lane = jnp.arange(neurons, dtype=jnp.uint32)
    if words.shape[0] <= 4:  # selecting by lane beats a gather for a few words
        word = jnp.broadcast_to(words[0], (neurons,))
        for number in range(1, words.shape[0]):
            word = jnp.where(lane < number * WORD, word, words[number])
    else:
        word = jnp.repeat(words, WORD, total_repeat_length=words.shape[0] * WORD)[:neurons]
    return (word >> (lane % WORD)) & jnp.uint32(1) != 0


def count(words: UInt32[Array, " word"], dtype=jnp.float32) -> Float[Array, ""]:
    """Number of spikes."""
    return jnp.sum(jnp.bitwise_count(words)).astype(dtype)
