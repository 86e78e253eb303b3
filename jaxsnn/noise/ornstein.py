"""Ornstein-Uhlenbeck process: coloured noise with a correlation time.

    tau du = -u dt + sigma sqrt(2 tau) dW               stationary standard deviation sigma
    <u(t) u(t + T)> = sigma^2 exp(-|T| / tau)

Exact in law for every dt:  u_{n+1} = e u_n + sigma sqrt(1 - e^2) z_n,  e = exp(-dt / tau),  started from the stationary
distribution, so there is nothing to wait for.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, Total, check_not_negative, check_one_or_each, check_positive, param, relax
from .normals import normals


class OrnsteinUhlenbeckState(NamedTuple):
    u: Float[Array, " neuron"]


class OrnsteinUhlenbeck(Cell):
    """A source: an independent process per neuron, added to its input if there is one; emits u at the step's end."""

    tau: Float[Array, "..."] = param(5.0)  # correlation time, in the unit of dt; one for all, or [neuron]
    sigma: Float[Array, "..."] = param(1.0)  # stationary standard deviation; one for all, or [neuron]
    size: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_one_or_each(self, "tau", "sigma")
        check_positive("OrnsteinUhlenbeck.tau", self.tau, "for uncorrelated noise use WhiteNoise")
        check_not_negative("OrnsteinUhlenbeck.sigma", self.sigma)

    def init(self, key):
        return OrnsteinUhlenbeckState(self.sigma * jax.random.normal(key, (self.size,)))

    def draw(self, stream, steps):
        return normals(stream, steps, (self.size,))

    def _kick(self, dt):
        return self.sigma * jnp.sqrt(-jnp.expm1(-2 * dt / self.tau))

    def step(self, state: OrnsteinUhlenbeckState, x: Float[Array, " neuron"] | None, tick: Tick):
        u = jnp.exp(-tick.dt / self.tau) * state.u + self._kick(tick.dt) * tick.noise
        return OrnsteinUhlenbeckState(u), u if x is None else x + u

    def unroll(self, state: OrnsteinUhlenbeckState, xs: Float[Array, "time neuron"] | None, span: Span):
        kicks = jnp.broadcast_to(self._kick(span.dt), (self.size,))[None] * span.noise
        end, us = relax(span.dt / self.tau, Total.of(state.u), kicks)
        return OrnsteinUhlenbeckState(end.high), us if xs is None else xs + us
