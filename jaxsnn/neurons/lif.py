"""Leaky integrate-and-fire neuron.

    tau dv/dt = -v + i          between spikes
    v -> v - threshold          at a spike, v >= threshold

Exact exponential integration: correct for any dt while i is constant over a step. The threshold is looked at once a
step, after the step's input; what lies above it stays after the reset. Under a constant current the interspike interval
is tau ln(i / (i - threshold)), to dt. (For the per-step form of the training literature see `DiscreteLIF`.)
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import Cell, Tick, check_finite, check_kind, check_one_or_each, check_positive, param
from ..gradients import FastSigmoid, SpikeRule, emit


class LIFState(NamedTuple):
    v: Float[Array, " neuron"]  # membrane potential after the reset, in units of the threshold's
    log_prob: PyTree = ()  # of the spikes so far, for a rule in score mode


class LIF(Cell):
    """Subtractive reset, no refractory period.

    detach_reset: cut the gradient through the reset. It can turn the sign of a threshold's gradient.
    """

    tau: Float[Array, "..."] = param(20.0)  # ms, or whatever unit dt has; one for all, or [neuron]
    threshold: Float[Array, "..."] = param(1.0)  # one for all, or [neuron]
    spike: SpikeRule = eqx.field(default_factory=FastSigmoid)
    size: int = eqx.field(static=True, kw_only=True)
    detach_reset: bool = eqx.field(static=True, default=False, kw_only=True)

    def __check_init__(self):
        check_one_or_each(self, "tau", "threshold")
        check_kind("LIF.spike", self.spike, SpikeRule, "FastSigmoid()")
        check_positive("LIF.tau", self.tau)
        check_finite("LIF.threshold", self.threshold)

    def init(self, key):
        del key
        return LIFState(v=jnp.zeros(self.size), log_prob=self.spike.begin((self.size,)))

    def draw(self, stream, steps):
        return self.spike.draw(stream, steps, (self.size,))

    def step(self, state: LIFState, current: Float[Array, " neuron"], tick: Tick):
        decay = jnp.exp(-tick.dt / self.tau)
        v = decay * state.v - jnp.expm1(-tick.dt / self.tau) * current  # 1 - decay loses digits in float32
        v, s, log_prob = emit(self.spike, v, self.threshold, state.log_prob, tick)
        reset = jax.lax.stop_gradient(s) if self.detach_reset else s
        return LIFState(v - self.threshold * reset, log_prob), s
