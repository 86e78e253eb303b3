"""Escape noise in continuous time: spikes as a point process, the same for every dt.

    P(s = 1) = 1 - exp(-rho(u) dt)            hazard rho, in spikes per time unit

    shape="exponential"   rho = rate exp(u / temperature)                   Gerstner et al. 2014, chapter 9
    shape="softplus"      rho = rate log(1 + exp(u / temperature))          exponential below, a line above threshold

The tangent is the derivative of the probability, in the rule's parameters and in dt too,

    ds = exp(-rho dt) (dt drho + rho ddt),          drho = rho'(u) (du - u / temperature dtemperature) + rho drate/rate

summed over the steps of a stretch of time it is that of the expected number of spikes, however many steps there are.
A step holds one spike at most, so dt must resolve 1 / rho where it matters. Written in log(rho dt), which is cut at 30:
there a step without a spike has probability exp(-1e13).
"""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import check_positive, param, require
from .rule import threshold
from .stochastic import SpikeNoise, StochasticRule
from .surrogate import optional

SHAPES = ("exponential", "softplus")
_TOP = 30.0


class Hazard(StochasticRule):
    """rate: spikes per time unit, at threshold if exponential (there log 2 of it if softplus)."""

    rate: Float[Array, "..."] = param()  # 1 / time unit of dt; one for all, or [neuron]
    temperature: Float[Array, "..."] = param(0.1)  # of u: how sharp the threshold is; one for all, or [neuron]
    shape: str = eqx.field(static=True, default="exponential", kw_only=True)
    dt: Float[Array, ""] | None = eqx.field(converter=optional, default=None, kw_only=True)  # neurons fill it in

    def __check_init__(self):
        check_positive("Hazard.rate", self.rate)
        check_positive("Hazard.temperature", self.temperature)
        if self.dt is not None:
            check_positive("Hazard.dt", self.dt)
        allowed = "must be " + " or ".join(f'"{shape}"' for shape in SHAPES)
        require(
            self.shape in SHAPES, "Hazard.shape", self.shape, allowed, 'pass one of the two; "exponential" is usual'
        )

    def at(self, dt):
        return self if dt is None else dataclasses.replace(self, dt=dt)

    def _log_intensity(self, u):
        """log(rho dt): the log of the expected number of spikes in the step, were none the last."""
        if self.dt is None:
            raise ValueError("Hazard.dt = None: a hazard needs the length of a step; call rule(u, noise, dt)")
        x = u / self.temperature
        if self.shape == "softplus":
            # log softplus(x) = x - exp(x) / 2 far below threshold, where softplus itself would underflow
            low = x < -10
            x = jnp.where(low, x - jnp.exp(jnp.minimum(x, -10)) / 2, jnp.log(jax.nn.softplus(jnp.where(low, -10, x))))
        return jnp.minimum(x + jnp.log(self.rate * self.dt), _TOP)

    def variates(self, key, shape):
        # a spike where an exponential variate E is at most rho dt: -log E, with the digits that a rare spike needs
        return SpikeNoise(jax.random.gumbel(key, shape, mode="high"))

    def probability(self, u):
        return -jnp.expm1(-jnp.exp(self._log_intensity(u)))

    def fire(self, u, noise):
        return threshold(self._log_intensity(u) + noise.choice)

    def log_probability(self, u, s):
        log = self._log_intensity(u)
        expected = jnp.exp(log)
        # log(1 - exp(-x)) = log x + log((1 - exp(-x)) / x), the second term smooth, -x / 2 at small x
        small = expected < 1e-3
        safe = jnp.where(small, jnp.ones_like(expected), expected)
        ratio = jnp.where(small, expected * (expected / 24 - 0.5), jnp.log(-jnp.expm1(-safe)) - jnp.log(safe))
        return jnp.where(s > 0, log + ratio, -expected)

    def tangent(self, u, noise, d_rule, d_u):
        del noise

        def log_intensity(rule, u):
            return rule._log_intensity(u)

        log, d_log = jax.jvp(log_intensity, (self, u), (d_rule, d_u))
        expected = jnp.exp(log)
        return expected * jnp.exp(-expected) * d_log
