"""Spikes of a population as bits, and what a decoder makes of them, in one pass over the membranes.

The bits lie as in `core.packed`. What costs in a step of a sweep is to read the
membranes; so bits and weighted sums leave one reduction together, and it is one over rows of eight neurons: eight
lanes side by side are what XLA vectorises, where a sum over eight neighbours takes three times as long.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt32

from ..core import WORD, sum_last

_LANES = 8


@jax.jit  # to be traced once (`core.decay`)
def pack(
    spikes: Bool[Array, " neuron"], decoder: Float[Array, "signal neuron"]
) -> tuple[UInt32[Array, " word"], Float[Array, " signal"]]:
    """Bits of all neurons, and decoder @ spikes."""
    rows = lambda x: jnp.pad(x, (0, -x.size % WORD)).reshape(-1, WORD // _LANES, _LANES)
    place = np.uint32(1) << (np.arange(spikes.size) % WORD).astype(np.uint32)
    kinds = [*decoder, jnp.asarray(place)]
    parts = tuple(rows(jnp.where(spikes, kind, jnp.zeros((), kind.dtype))) for kind in kinds)
    zeros = tuple(jnp.zeros((), part.dtype) for part in parts)
    *sums, words = jax.lax.reduce(parts, zeros, lambda a, b: tuple(x + y for x, y in zip(a, b, strict=True)), (1,))
    return jnp.sum(words, axis=1, dtype=jnp.uint32), sum_last(jnp.stack([part.reshape(-1) for part in sums]))


def count(words: UInt32[Array, " word"], dtype=jnp.float32) -> Float[Array, ""]:
    """Number of spikes."""
    return jnp.sum(jnp.bitwise_count(words), dtype=jnp.int32).astype(dtype)
