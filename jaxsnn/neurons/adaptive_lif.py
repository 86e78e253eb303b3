"""Leaky integrate-and-fire neuron with an adaptive threshold (ALIF; Bellec et al. 2018, the neuron of their LSNN).

    tau dv/dt = -v + i                  tau_adapt da/dt = -a            between spikes
    theta = threshold + strength a
    v -> v - theta,  a -> a + 1         at a spike, v >= theta

Each spike raises the neuron's threshold by `strength`, which is forgotten with tau_adapt; the reset takes the raised
threshold off. Exact exponential integration: correct for any dt while i is constant over a step. v and theta are
compared once a step, at its end, after the step's input and decay. Here a jumps by one whatever dt; the trace b of
Bellec et al. is (1 - exp(-dt / tau_adapt)) a, so their beta is strength / (1 - exp(-dt / tau_adapt)).

Under a constant current the interval settles at the T that solves, to dt,

    i (1 - exp(-T / tau)) = threshold + strength q / (1 - q)            q = exp(-T / tau_adapt)
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import Cell, Tick, check_finite, check_kind, check_one_or_each, check_positive, param
from ..gradients import FastSigmoid, SpikeRule, emit


class AdaptiveLIFState(NamedTuple):
    v: Float[Array, " neuron"]  # membrane potential after the reset, in units of the threshold's
    a: Float[Array, " neuron"]  # adaptation, in spikes: those of the past, each with what is left of it
    log_prob: PyTree = ()  # of the spikes so far, for a rule in score mode


class AdaptiveLIF(Cell):
    """Subtractive reset, no refractory period; starts at rest and without adaptation.

    detach_reset: cut the gradient through the reset of v (never through a).
    """

    tau: Float[Array, "..."] = param(20.0)  # in the unit of dt; one for all, or [neuron], as all others
    threshold: Float[Array, "..."] = param(1.0)  # of a neuron that has not fired for long
    tau_adapt: Float[Array, "..."] = param(200.0)  # in the unit of dt
    strength: Float[Array, "..."] = param(0.1)  # by how much a spike raises the threshold
    spike: SpikeRule = eqx.field(default_factory=FastSigmoid)
    size: int = eqx.field(static=True, kw_only=True)
    detach_reset: bool = eqx.field(static=True, default=False, kw_only=True)

    def __check_init__(self):
        check_one_or_each(self, "tau", "threshold", "tau_adapt", "strength")
        check_kind("AdaptiveLIF.spike", self.spike, SpikeRule, "FastSigmoid()")
        check_positive("AdaptiveLIF.tau", self.tau)
        check_positive("AdaptiveLIF.tau_adapt", self.tau_adapt)
        check_finite("AdaptiveLIF.threshold", self.threshold)
        check_finite("AdaptiveLIF.strength", self.strength)

    def init(self, key):
        del key
        return AdaptiveLIFState(jnp.zeros(self.size), jnp.zeros(self.size), self.spike.begin((self.size,)))

    def draw(self, stream, steps):
        return self.spike.draw(stream, steps, (self.size,))

    def step(self, state: AdaptiveLIFState, current: Float[Array, " neuron"], tick: Tick):
        v = jnp.exp(-tick.dt / self.tau) * state.v - jnp.expm1(-tick.dt / self.tau) * current
        a = jnp.exp(-tick.dt / self.tau_adapt) * state.a
        theta = self.threshold + self.strength * a
        v, s, log_prob = emit(self.spike, v, theta, state.log_prob, tick)
        reset = jax.lax.stop_gradient(s) if self.detach_reset else s
        return AdaptiveLIFState(v - theta * reset, a + s, log_prob), s
