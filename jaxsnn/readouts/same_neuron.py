"""How often the neuron that fires is the one that fired the spike before: long runs of one neuron give 1.

Spikes of one step have no order among them. The reading chosen is the mean over all orders: with s_i spikes of neuron i
and k = sum_i s_i in a step, and the last spike before it from neuron i with probability p_i,

    expected repeats = sum_i p_i s_i / k + sum_i s_i (s_i - 1) / k          then p_i = s_i / k

For one spike a step this is the plain count, and for k spikes of one neuron (sequential firing at zero delay) k - 1 of
them repeat for certain. N neurons firing together count as chance, not as runs. (The alternative, to order a step's
spikes by neuron, would call a synchronous volley free of repeats.) The first spike in the window has none before it.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Span, Tick, Total, check_size
from .accumulate import add, no_total, sum_over_time
from .score import Seen
from .window import Meter


class SameNeuronState(NamedTuple):
    last: Float[Array, " neuron"]  # probability that the last spike was this neuron's; all zero before the first
    repeats: Total
    spikes: Total  # spikes that have one before them

    @property
    def fraction(self) -> Float[Array, ""]:
        """Fraction of spikes that repeat the neuron before; NaN with fewer than two spikes."""
        return self.repeats.value / self.spikes.value


class SameNeuron(Meter):
    """Same-neuron fraction of the spikes `of` [neuron]. Result: `state.fraction`."""

    of: str = eqx.field(static=True, default="output.spikes")
    neurons: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_size("neurons", self.neurons)

    def init(self, key: Array) -> SameNeuronState:
        del key
        return SameNeuronState(jnp.zeros(self.neurons), no_total(), no_total())

    def unroll(self, state: SameNeuronState, xs: Seen, span: Span) -> tuple[SameNeuronState, tuple]:
        spikes = self.values(xs, (self.neurons,))
        inside = self.weights(span.indices) > 0

        def one(last, now, tick: Tick):
            del tick
            spikes, inside = now
            total = jnp.where(inside, jnp.sum(spikes), 0)
            share = spikes / jnp.maximum(total, 1)
            repeats = jnp.sum(share * (last + spikes - 1))
            return jnp.where(total > 0, share, last), (jnp.where(inside, repeats, 0), total)

        last, (repeats, total) = span.part(()).each(one, state.last, (spikes, inside))
        total = sum_over_time(total)
        first = (jnp.sum(state.last) == 0) & (total > 0)
        spikes_after_one = total - first.astype(total.dtype)
        repeats = add(state.repeats, sum_over_time(repeats))
        return SameNeuronState(last, repeats, add(state.spikes, spikes_after_one)), ()
