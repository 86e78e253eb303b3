"""The recent past of a population whose recurrence is low-rank: what delayed inhibition needs to know.

Neurons receive the delayed decoded signal of everybody, corrected for their own spikes (`networks.balanced`). So each
step stores the few decoded values and the population's spikes, in a ring indexed by step number. Two rings, one
interface:

    FloatHistory    spikes as floats, any delay kernel, differentiable (delay included)
    PackedHistory   spikes as bits and the decoded signal bit-cast beside them, one array per network; nearest step
                    only, raises under differentiation; for sweeps

A delay of d steps read at step n returns the row that was written at step n + 1 - d: inhibition takes effect in the
membrane that step n + 1 compares with threshold. The row of step n is written before it is read, so d >= 1.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt32

from ..core import check_size, sum_last, unpacked, word_count, write_row
from ..gradients import exchanged
from .kernel import Linear, Nearest
from .packing import count, pack
from .ring import rows_at, slot_of


class Past(NamedTuple):
    """What arrives now."""

    decoded: Float[Array, " signal"]  # decoded signal of the delayed step
    own: Float[Array, " neuron"]  # each neuron's own spikes of the delayed step
    count: Float[Array, ""]  # number of spikes of the delayed step


class _History(eqx.Module):
    neurons: int = eqx.field(static=True)
    max_delay: int = eqx.field(static=True)  # steps
    signals: int = eqx.field(static=True, default=1)

    def __check_init__(self):
        check_size(f"{type(self).__name__}.neurons", self.neurons)
        check_size(f"{type(self).__name__}.signals", self.signals)
        check_size(f"{type(self).__name__}.max_delay", self.max_delay, "pass the longest delay in steps")

    @property
    def length(self) -> int:
        return self.max_delay + 2  # one more for the upper tap of an interpolated delay

    def write(self, ring, index: Int[Array, ""], decoder: Float[Array, "signal neuron"], spikes):
        """The ring with this step's row, decoder @ spikes, and the number of spikes."""
        raise NotImplementedError(f"{type(self).__name__} does not define write")

    def read(self, ring, index: Int[Array, ""], delay: Float[Array, ""]) -> Past:
        """What arrives in time for step index + 1; delay in steps."""
        raise NotImplementedError(f"{type(self).__name__} does not define read")

    def exchange(self, ring, index, decoder, spikes, delay, mode: str = "reverse"):
        """A step's `write` and then its `read`: the ring, decoder @ spikes, the number of spikes, and what arrives.

        mode: "forward" where the ring is to be differentiated by jvp, as in spike rules.
        """
        del mode
        ring, decoded, number = self.write(ring, index, decoder, spikes)
        return ring, decoded, number, self.read(ring, index, delay)


def decode(decoder: Float[Array, "signal neuron"], spikes: Float[Array, " neuron"]) -> Float[Array, " signal"]:
    return sum_last(decoder * spikes[None, :])


class FloatHistory(_History):
    """Differentiable ring of floats."""

    kernel: Linear | Nearest = eqx.field(default_factory=Linear, kw_only=True)

    def make(self) -> Float[Array, "slot row"]:
        return jnp.zeros((self.length, self.signals + self.neurons))

    def write(self, ring: Float[Array, "slot row"], index: Int[Array, ""], decoder, spikes):
        decoded = decode(decoder, spikes)
        ring = write_row(ring, self._row(ring, decoded, spikes), index % self.length)
        return ring, decoded, jnp.sum(spikes)

    def read(self, ring: Float[Array, "slot row"], index: Int[Array, ""], delay: Float[Array, ""]) -> Past:
        slots, weights = self._taps(index, delay)
        # a product: as a sum over so short an axis it was three quarters of a step on a processor
        return self._past(jnp.matmul(weights, rows_at(ring, slots), precision="highest"))

    def exchange(self, ring, index, decoder, spikes, delay, mode="reverse"):
        if mode == "forward":
            return super().exchange(ring, index, decoder, spikes, delay)
        decoded = decode(decoder, spikes)
        ring, row = exchanged(self._taps, ring, self._row(ring, decoded, spikes), index, delay)
        return ring, decoded, jnp.sum(spikes), self._past(row)

    def _row(self, ring, decoded, spikes) -> Float[Array, " row"]:
        return jnp.concatenate([decoded, spikes]).astype(ring.dtype)

    def _taps(self, index, delay) -> tuple[Int[Array, " tap"], Float[Array, " tap"]]:
        """Slots and their weights."""
        lags, weights = self.kernel.taps(delay - 1, last=self.max_delay)
        return slot_of(index, lags, self.length), weights

    def _past(self, row: Float[Array, " row"]) -> Past:
        decoded, own = jnp.split(row, [self.signals])
        return Past(decoded, own, jnp.sum(own))


class PackedHistory(_History):
    """Ring of words: the decoded values, bit-cast, and then 32 neurons' spikes in each."""

    def make(self) -> UInt32[Array, "slot word"]:
        return jnp.zeros((self.length, self.signals + word_count(self.neurons)), jnp.uint32)

    def write(self, ring: UInt32[Array, "slot word"], index: Int[Array, ""], decoder, spikes):
        words, decoded = pack(spikes > 0, decoder)
        # the barrier keeps XLA from computing both anew inside every consumer
        words, decoded = jax.lax.optimization_barrier((words, decoded))
        row = jnp.concatenate([jax.lax.bitcast_convert_type(decoded.astype(jnp.float32), jnp.uint32), words])
        return write_row(ring, row, index % self.length), decoded, count(words)

    def read(self, ring: UInt32[Array, "slot word"], index: Int[Array, ""], delay: Float[Array, ""]) -> Past:
        lag = jnp.round(delay).astype(jnp.int32) - 1
        row = jax.lax.optimization_barrier(rows_at(ring, slot_of(index, lag, self.length)))
        decoded, words = jnp.split(row, [self.signals])
        own = unpacked(words, self.neurons).astype(jnp.float32)
        return Past(jax.lax.bitcast_convert_type(decoded, jnp.float32), own, count(words))
