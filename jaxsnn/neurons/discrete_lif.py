"""Discrete leaky integrate-and-fire neuron: the per-step form of the training literature. Time is counted in steps.

    reset "subtract"    v_n = beta v_{n-1} + x_n - threshold s_{n-1}
    reset "zero"        v_n = beta v_{n-1} (1 - s_{n-1}) + x_n
                        s_n = 1 if v_n >= threshold else 0

The input is not scaled, dt plays no part, and the state holds v before the reset. Conventions of other libraries:

    snnTorch Leaky (delayed reset, the default)   the same, with detach_reset=True; but fires at v > threshold only
    SpikingJelly LIF, v_reset = 0                 "zero", beta = 1 - 1/tau; with decay_input, scale the input by 1/tau
    SpikingJelly LIF, v_reset = None              not offered: there the threshold is subtracted before the decay
    noisy spiking networks of Ma et al. 2023      "zero"
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import (
    Cell,
    Shape,
    Tick,
    as_tuple,
    check_between,
    check_finite,
    check_kind,
    check_one_each_or_by_channel,
    param,
    require,
)
from ..gradients import FastSigmoid, SpikeRule, emit


class DiscreteLIFState(NamedTuple):
    v: Float[Array, "..."]  # [neuron] or of `size`; membrane potential before the reset
    s: Float[Array, "..."]  # spikes of the last step, whose reset is still to come
    log_prob: PyTree = ()  # of the spikes so far, for a rule in score mode


class DiscreteLIF(Cell):
    """beta: factor by which v decays in a step, 0 to 1. size: neurons, or the shape (channel, height, width) of maps.

    detach_reset: cut the gradient through the reset (DCLS does; it can turn the sign of a threshold's gradient).
    """

    beta: Float[Array, "..."] = param(0.9)  # one for all, or one each; of maps also (channel, 1, 1)
    threshold: Float[Array, "..."] = param(1.0)  # likewise
    spike: SpikeRule = eqx.field(default_factory=FastSigmoid)
    size: Shape = eqx.field(static=True, kw_only=True)
    reset: str = eqx.field(static=True, default="subtract", kw_only=True)  # or "zero"
    detach_reset: bool = eqx.field(static=True, default=False, kw_only=True)

    def __check_init__(self):
        check_one_each_or_by_channel(self, "beta", "threshold")
        check_kind("DiscreteLIF.spike", self.spike, SpikeRule, "FastSigmoid()")
        check_between("DiscreteLIF.beta", self.beta, 0, 1, "for a time constant tau pass exp(-dt / tau)")
        check_finite("DiscreteLIF.threshold", self.threshold)
        require(
            self.reset in ("subtract", "zero"),
            "DiscreteLIF.reset",
            self.reset,
            'must be "subtract" or "zero"',
            "pass one of the two; the module's docstring says what each means",
        )

    def init(self, key):
        del key
        v, s = jnp.zeros(self.size), jnp.zeros(self.size)
        return DiscreteLIFState(v, s, self.spike.begin(as_tuple(self.size)))

    def draw(self, stream, steps):
        return self.spike.draw(stream, steps, as_tuple(self.size))

    def step(self, state: DiscreteLIFState, x: Float[Array, "..."], tick: Tick):
        last = jax.lax.stop_gradient(state.s) if self.detach_reset else state.s
        if self.reset == "subtract":
            v = self.beta * state.v + x - self.threshold * last
        else:
            v = self.beta * state.v * (1 - last) + x
        v, s, log_prob = emit(self.spike, v, self.threshold, state.log_prob, tick)
        return DiscreteLIFState(v, s, log_prob), s
