"""Leaky integrator: a membrane that never fires.

    tau dv/dt = -v + x

Exact while x is constant over a step: v_n = e v_{n-1} + (1 - e) x_n, e = exp(-dt / tau). Without a reset a stretch of
time is one relaxation.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, Total, check_one_or_each, check_positive, param, relax


class LeakyIntegratorState(NamedTuple):
    v: Float[Array, " neuron"]


class LeakyIntegrator(Cell):
    """Emits v at the end of the step; starts at zero."""

    tau: Float[Array, "..."] = param(20.0)  # in the unit of dt; one for all, or [neuron]
    size: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_one_or_each(self, "tau")
        check_positive("LeakyIntegrator.tau", self.tau)

    def init(self, key):
        del key
        return LeakyIntegratorState(v=jnp.zeros(self.size))

    def step(self, state: LeakyIntegratorState, x: Float[Array, " neuron"], tick: Tick):
        v = jnp.exp(-tick.dt / self.tau) * state.v - jnp.expm1(-tick.dt / self.tau) * x
        return LeakyIntegratorState(v), v

    def unroll(self, state: LeakyIntegratorState, xs: Float[Array, "time neuron"], span: Span):
        ratio = span.dt / self.tau
        gain = jnp.broadcast_to(-jnp.expm1(-ratio), (self.size,))
        end, vs = relax(ratio, Total.of(state.v), gain[None] * xs)
        return LeakyIntegratorState(end.high), vs
