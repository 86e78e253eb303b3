"""Leaky integrate-and-fire neuron that is driven by conductances.

    tau dv/dt = rest - v + sum_c g_c (reversal_c - v)       between spikes; g_c in units of the leak conductance
    v -> reset                                              at a spike, v >= threshold; held there for `refractory`

While the g_c are constant the membrane relaxes to a weighted mean of the reversal potentials, faster than tau:

    v_inf = (rest + sum_c g_c reversal_c) / G          tau_eff = tau / G          G = 1 + sum_c g_c

    v(t + h) = v_inf + (v(t) - v_inf) exp(-h / tau_eff)

which is the step taken here: exact for any dt and any conductance while it is constant over a step, and never beyond
the reversal potentials (Euler's overshoots them at g > 2 tau / dt). Conductances that vary within a step leave an error
of order dt^2 if their means over the step are given, as the synapses of this library do. A threshold and a refractory
period as in `RefractoryLIF`.

Defaults: Vogels & Abbott 2005 (rest -60, threshold -50, reversal 0 and -80 mV, tau 20, refractory 5 ms) in units of
threshold - rest, counted from rest.
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
    check_not_negative,
    check_one_or_each,
    check_positive,
    lost,
    param,
    require,
)
from ..gradients import FastSigmoid, SpikeRule, emit
from .refractory_lif import NEVER, ROUNDING


class ConductanceLIFState(NamedTuple):
    v: Float[Array, " neuron"]  # membrane potential after the reset
    wait: Float[Array, " neuron"]  # what is left of the refractory period
    log_prob: PyTree = ()  # of the spikes so far, for a rule in score mode


class ConductanceLIF(Cell):
    """Hard reset; starts at rest and ready to fire. Input: [channel, neuron], channels in the order of `reversal`.

    detach_reset: cut the gradient through the reset and the wait that a spike brings.
    """

    tau: Float[Array, "..."] = param(20.0)  # in the unit of dt; one for all, or [neuron], as all but `reversal`
    threshold: Float[Array, "..."] = param(1.0)
    reset: Float[Array, "..."] = param(0.0)
    refractory: Float[Array, "..."] = param(5.0)  # in the unit of dt
    rest: Float[Array, "..."] = param(0.0)
    reversal: Float[Array, " channel"] = param((6.0, -2.0))  # excitatory, inhibitory
    spike: SpikeRule = eqx.field(default_factory=FastSigmoid)
    size: int = eqx.field(static=True, kw_only=True)
    detach_reset: bool = eqx.field(static=True, default=False, kw_only=True)

    def __check_init__(self):
        check_one_or_each(self, "tau", "threshold", "reset", "refractory", "rest")
        check_positive("ConductanceLIF.tau", self.tau)
        check_not_negative("ConductanceLIF.refractory", self.refractory, "pass 0 for a neuron without one")
        for name in ("threshold", "rest", "reversal"):
            check_finite(f"ConductanceLIF.{name}", getattr(self, name), "pass potentials in one unit")
        shape = self.reversal.shape
        remedy = "pass one reversal potential per row of conductances"
        require(len(shape) == 1 and shape[0] >= 1, "ConductanceLIF.reversal.shape", shape, "must be (channel,)", remedy)
        remedy = "lower it: a neuron that is reset above its threshold fires for ever"
        check_below("ConductanceLIF.reset", self.reset, "threshold", self.threshold, remedy)

    @property
    def input_shape(self) -> tuple[int, int]:
        """Shape of what it takes in a step."""
        return self.reversal.shape[0], self.size

    def init(self, key):
        del key
        rest = jnp.broadcast_to(self.rest, (self.size,))
        return ConductanceLIFState(rest, jnp.zeros(self.size), self.spike.begin((self.size,)))

    def draw(self, stream, steps):
        return self.spike.draw(stream, steps, (self.size,))

    def step(self, state: ConductanceLIFState, g: Float[Array, "channel neuron"], tick: Tick):
        if g.shape[0] != self.reversal.shape[0]:
            raise ValueError(
                f"ConductanceLIF.reversal has {self.reversal.shape[0]} channels, the conductances have {g.shape[0]} "
                "rows: each row needs its reversal potential; pass as many, or another input"
            )
        total = 1 + jnp.sum(g, axis=0)
        target = (self.rest + self.reversal @ g) / total
        free = tick.dt - jnp.minimum(state.wait, tick.dt)  # the part of the step in which the membrane moves
        v = state.v + lost(total * free / self.tau) * (target - state.v)
        able = free > ROUNDING * tick.dt
        kept, s, log_prob = emit(self.spike, v, jnp.where(able, self.threshold, NEVER), state.log_prob, tick)
        v, s = jnp.where(able, kept, v), jnp.where(able, s, jax.lax.stop_gradient(s))
        reset = jax.lax.stop_gradient(s) if self.detach_reset else s
        wait = jnp.maximum(state.wait - tick.dt, 0) + reset * self.refractory
        return ConductanceLIFState((1 - reset) * v + reset * self.reset, wait, log_prob), s
