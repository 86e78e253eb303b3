"""Exponential synaptic current.

    tau_syn di/dt = -i          i -> i + s at the spikes of the step, at its beginning

Emits the mean of i over the step, i (tau_syn / dt) (1 - exp(-dt / tau_syn)): what a neuron that takes its input as
constant over a step must be given for the charge of a spike to be tau_syn, whatever dt. Amplitudes belong to the
weights, before or after.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, Total, check_one_or_each, check_positive, decay, integral, param, relax


class ExponentialState(NamedTuple):
    i: Float[Array, " pre"]  # at the end of the step


class Exponential(Cell):
    """One current per input; a stretch of time is one relaxation."""

    tau_syn: Float[Array, "..."] = param(5.0)  # in the unit of dt; one for all, or [pre]
    size: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_one_or_each(self, "tau_syn")
        check_positive("Exponential.tau_syn", self.tau_syn)

    def init(self, key):
        del key
        return ExponentialState(i=jnp.zeros(self.size))

    def step(self, state: ExponentialState, s: Float[Array, " pre"], tick: Tick):
        rate = 1 / self.tau_syn
        i = state.i + s
        return ExponentialState(decay(rate, tick.dt) * i), integral(rate, tick.dt) / tick.dt * i

    def unroll(self, state: ExponentialState, ss: Float[Array, "time pre"], span: Span):
        rate = jnp.broadcast_to(1 / self.tau_syn, (self.size,))
        left, mean = decay(rate, span.dt), integral(rate, span.dt) / span.dt
        end, ends = relax(rate * span.dt, Total.of(state.i), left[None] * ss)  # i at the end of each step
        befores = jnp.concatenate([state.i[None], ends[:-1]])
        return ExponentialState(end.high), mean[None] * (befores + ss)
