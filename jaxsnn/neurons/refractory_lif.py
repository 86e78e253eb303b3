"""Leaky integrate-and-fire neuron with a hard reset and an absolute refractory period.

    tau dv/dt = -v + i          between spikes
    v -> reset                  at a spike, v >= threshold; held there for the time `refractory`

Exact exponential integration: correct for any dt while i is constant over a step. The threshold is looked at once a
step, after the step's input; a spike stands at the end of its step. `refractory` is a time, not a number of steps: in
the step in which it ends the membrane moves for the rest of the step, so it may be swept and fitted, and a spike
depends on it as in continuous time. Under a constant current the interspike interval is
refractory + tau ln((i - reset) / (i - threshold)), to dt.

A current that is white noise is constant over a step by name only: where refractory is not a whole number of steps, the
step that is cut in two gives less variance than it should. Take refractory = k dt with `WhiteNoise`. A rule
that fires by chance takes that step for a whole one.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import (
    Cell,
    Tick,
    check_below,
    check_finite,
    check_kind,
    check_not_negative,
    check_one_or_each,
    check_positive,
    lost,
    once,
    param,
)
from ..gradients import FastSigmoid, SpikeRule, emit

ROUNDING = 0.01  # of a step: what a wait that was counted down may be short of its end
NEVER = 1e9  # a threshold that no membrane reaches, whatever the rule's noise: silence is certain, and scores zero


class RefractoryLIFState(NamedTuple):
    v: Float[Array, " neuron"]  # membrane potential after the reset
    wait: Float[Array, " neuron"]  # what is left of the refractory period
    log_prob: PyTree = ()  # of the spikes so far, for a rule in score mode


class RefractoryLIF(Cell):
    """Hard reset, absolute refractory period; starts at rest, v = 0, and ready to fire.

    detach_reset: cut the gradient through the reset and the wait that a spike brings.
    """

    tau: Float[Array, "..."] = param(20.0)  # in the unit of dt; one for all, or [neuron], as all others
    threshold: Float[Array, "..."] = param(1.0)
    reset: Float[Array, "..."] = param(0.0)
    refractory: Float[Array, "..."] = param(2.0)  # in the unit of dt
    spike: SpikeRule = eqx.field(default_factory=FastSigmoid)
    size: int = eqx.field(static=True, kw_only=True)
    detach_reset: bool = eqx.field(static=True, default=False, kw_only=True)

    def __check_init__(self):
        check_one_or_each(self, "tau", "threshold", "reset", "refractory")
        check_kind("RefractoryLIF.spike", self.spike, SpikeRule, "FastSigmoid()")
        check_positive("RefractoryLIF.tau", self.tau)
        check_finite("RefractoryLIF.threshold", self.threshold)
        check_finite("RefractoryLIF.reset", self.reset)
        check_not_negative("RefractoryLIF.refractory", self.refractory, "pass 0 for a neuron without one")
        remedy = "lower it: a neuron that is reset above its threshold fires for ever"
        check_below("RefractoryLIF.reset", self.reset, "threshold", self.threshold, remedy)

    def init(self, key):
        del key
        return RefractoryLIFState(jnp.zeros(self.size), jnp.zeros(self.size), self.spike.begin((self.size,)))

    def draw(self, stream, steps):
        return self.spike.draw(stream, steps, (self.size,))

    def step(self, state: RefractoryLIFState, current: Float[Array, " neuron"], tick: Tick):
        free = tick.dt - jnp.minimum(state.wait, tick.dt)  # the part of the step in which the membrane moves
        moved = lambda v, free, current: v + lost(free * (1 / self.tau)) * (current - v)
        v = once(tick.index, moved, state.v, free, current)  # for its five readers
        able = free > ROUNDING * tick.dt
        kept, s, log_prob = emit(self.spike, v, jnp.where(able, self.threshold, NEVER), state.log_prob, tick)
        v, s = jnp.where(able, kept, v), jnp.where(able, s, jax.lax.stop_gradient(s))
        reset = jax.lax.stop_gradient(s) if self.detach_reset else s
        wait = jnp.maximum(state.wait - tick.dt, 0) + reset * self.refractory
        return RefractoryLIFState((1 - reset) * v + reset * self.reset, wait, log_prob), s
