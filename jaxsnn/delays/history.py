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
from jaxtyping import Array, Float, Int, UInt8

from ..core import check_size
from ..gradients import exchanged
from .kernel import Linear, Nearest
from .packing import byte_count, count, pack, unpack


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

    def write(self, ring, index: Int[Array, ""], decoded: Float[Array, " signal"], spikes: Float[Array, " neuron"]):
        raise NotImplementedError(f"{type(self).__name__} does not define write")

    def read(self, ring, index: Int[Array, ""], delay: Float[Array, ""]) -> Past:
        raise NotImplementedError(f"{type(self).__name__} does not define read")

    def exchange(self, ring, index, decoded, spikes, delay, mode: str = "reverse"):
        """A step's `write` and then its `read`: the ring, the number of spikes, and what arrives.

        mode: "forward" where the ring is to be differentiated by jvp, as in spike rules.
        """
        del mode
        ring, number = self.write(ring, index, decoded, spikes)
        return ring, number, self.read(ring, index, delay)


class FloatHistory(_History):
    """Differentiable ring of floats."""

    kernel: Linear | Nearest = eqx.field(default_factory=Linear, kw_only=True)

    def make(self) -> Float[Array, "slot row"]:
        return jnp.zeros((self.length, self.signals + self.neurons))

    def write(self, ring: Float[Array, "slot row"], index: Int[Array, ""], decoded, spikes):
        """The ring with this step's row, and the number of spikes."""
        return ring.at[index % self.length].set(self._row(ring, decoded, spikes)), jnp.sum(spikes)

    def read(self, ring: Float[Array, "slot row"], index: Int[Array, ""], delay: Float[Array, ""]) -> Past:
        """What arrives in time for step index + 1; delay in steps."""
        slots, weights = self._taps(index, delay)
        return self._past(weights, ring[slots])

    def exchange(self, ring, index, decoded, spikes, delay, mode="reverse"):
        if mode == "forward":
            return super().exchange(ring, index, decoded, spikes, delay)
        slots, weights = self._taps(index, delay)
        ring, rows = exchanged(ring, self._row(ring, decoded, spikes), index % self.length, slots)
        return ring, jnp.sum(spikes), self._past(weights, rows)

    def _row(self, ring, decoded, spikes) -> Float[Array, " row"]:
        return jnp.concatenate([decoded, spikes]).astype(ring.dtype)

    def _taps(self, index, delay) -> tuple[Int[Array, " tap"], Float[Array, " tap"]]:
        """Slots and their weights."""
        lags, weights = self.kernel.taps(delay - 1, last=self.max_delay)
        return (index - lags) % self.length, weights

    def _past(self, weights: Float[Array, " tap"], rows: Float[Array, "tap row"]) -> Past:
        # a product: as a sum over so short an axis it was three quarters of a step on a processor
        row = jnp.matmul(weights, rows, precision="highest")
        decoded, own = jnp.split(row, [self.signals])
        return Past(decoded, own, jnp.sum(own))


_FLOAT = 4  # bytes of a decoded value


class PackedHistory(_History):
    """Ring of bytes: the decoded values, four bytes each, and then eight neurons' spikes in each."""

    def make(self) -> UInt8[Array, "slot byte"]:
        return jnp.zeros((self.length, _FLOAT * self.signals + byte_count(self.neurons)), jnp.uint8)

    def write(self, ring: UInt8[Array, "slot byte"], index: Int[Array, ""], decoded, spikes):
        """The ring with this step's row, and the number of spikes."""
        bits = jax.lax.bitcast_convert_type(decoded.astype(jnp.float32), jnp.uint8).reshape(-1)
        # the barriers keep XLA from computing both anew inside every consumer
        bits, packed = jax.lax.optimization_barrier((bits, pack(spikes > 0)))
        row = jnp.concatenate([bits, packed])
        ring = jax.lax.dynamic_update_index_in_dim(ring, row, index % self.length, 0)
        return ring, count(packed)

    def read(self, ring: UInt8[Array, "slot byte"], index: Int[Array, ""], delay: Float[Array, ""]) -> Past:
        lag = jnp.round(delay).astype(jnp.int32) - 1
        row = jax.lax.dynamic_index_in_dim(ring, (index - lag) % self.length, 0, keepdims=False)
        row = jax.lax.optimization_barrier(row)
        decoded = jax.lax.bitcast_convert_type(row[: _FLOAT * self.signals].reshape(-1, _FLOAT), jnp.float32)
        packed = row[_FLOAT * self.signals :]
        return Past(decoded, unpack(packed, self.neurons).astype(jnp.float32), count(packed))
