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
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Span, check_size
from .accumulate import Total, add, keep, no_total, sum_over_time
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
        spikes = keep(self.weights(span.indices), self.values(xs, (self.neurons,)))
        total = jnp.sum(spikes, axis=-1)
        share = spikes / jnp.maximum(total, 1)[:, None]
        known = jnp.concatenate([state.last[None], share])
        # row of `known` that holds the last spike up to and including each step; row 0 is the state's
        row = jax.lax.cummax(jnp.where(total > 0, jnp.arange(1, span.steps + 1, dtype=jnp.int32), 0))
        before = known[jnp.concatenate([jnp.zeros_like(row[:1]), row[:-1]])]
        repeats = sum_over_time(jnp.sum(share * (before + spikes - 1), axis=-1))
        first = (jnp.sum(state.last) == 0) & (jnp.sum(total) > 0)
        counted = sum_over_time(total) - first.astype(total.dtype)
        return SameNeuronState(known[row[-1]], add(state.repeats, repeats), add(state.spikes, counted)), ()
