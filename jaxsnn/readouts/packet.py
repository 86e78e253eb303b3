"""The packet that the membranes form: its mean, width and top, time averaged.

Mean, variance and width (population standard deviation) are over the neurons at one instant; the time average follows.
For N independent neurons the time-averaged variance is (N - 1)/N of that of one neuron's distribution.
Sampling every few steps costs little where a packet moves slowly, and reads that much less memory.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..core import Span, check_size
from .accumulate import Spread, float_type, gather, no_spread
from .score import Seen
from .window import Meter


class PacketState(NamedTuple):
    samples: Spread  # of (mean, variance, width, maximum) of the packet
    peak: Float[Array, ""]  # highest membrane seen; -inf for an empty window

    @property
    def count(self) -> Int[Array, ""]:
        """Number of samples."""
        return self.samples.count

    @property
    def mean(self) -> Float[Array, ""]:
        return self.samples.mean[..., 0]

    @property
    def variance(self) -> Float[Array, ""]:
        """Time average of the variance over neurons."""
        return self.samples.mean[..., 1]

    @property
    def width(self) -> Float[Array, ""]:
        """Time average of the standard deviation over neurons."""
        return self.samples.mean[..., 2]

    @property
    def maximum(self) -> Float[Array, ""]:
        """Time average of the highest membrane."""
        return self.samples.mean[..., 3]


class Packet(Meter):
    """Packet statistics of the membranes `of` [neuron], at the steps whose index is a multiple of `every`."""

    of: str = eqx.field(static=True, default="output.v")
    every: int = eqx.field(static=True, default=1, kw_only=True)

    def __check_init__(self):
        check_size("every", self.every)

    def init(self, key: Array) -> PacketState:
        del key
        return PacketState(no_spread((4,)), jnp.asarray(-jnp.inf, float_type()))

    def unroll(self, state: PacketState, xs: Seen, span: Span) -> tuple[PacketState, tuple]:
        membranes = self.values(xs, None)
        if membranes.ndim != 2:
            raise ValueError(f"of = {self.of!r}: a packet is made of one value per neuron; pick a field [neuron]")
        samples = -(-span.steps // self.every)  # at most
        rows = -span.start % self.every + self.every * jnp.arange(samples, dtype=jnp.int32)
        v = membranes[jnp.minimum(rows, span.steps - 1)]
        weights = self.weights(span.start + rows) * (rows < span.steps).astype(v.dtype)
        mean = jnp.mean(v, axis=-1)
        variance = jnp.mean(jnp.square(v - mean[:, None]), axis=-1)
        spread = variance > 0  # the square root has no gradient at zero
        width = jnp.where(spread, jnp.sqrt(jnp.where(spread, variance, 1)), 0)
        maximum = jnp.max(v, axis=-1)
        gathered = gather(state.samples, jnp.stack([mean, variance, width, maximum], axis=-1), weights)
        peak = jnp.max(jnp.where(weights > 0, maximum, -jnp.inf))
        return PacketState(gathered, jnp.maximum(state.peak, peak)), ()
