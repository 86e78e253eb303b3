"""Poisson spikes: independent of everything, between neurons and between steps.

    PoissonSource     a constant rate:  P(spike in a step) = rate dt
    PoissonEncoder    a rate that is its input, as constant over a step:  P(spike in a step) = 1 - exp(-rate dt)

A step holds one spike at most, so the trains are Poisson as dt goes to zero: with p the probability per step, counts
over a long time have Fano factor 1 - p. The source has exactly the rate it is given, and refuses more than 0.1 / dt.
Probabilities are rounded up to multiples of 2^-23: at 1e-6 a step a rate is 7 % too high, at 1e-5 0.1 %.
The encoder fires in the steps in which a Poisson process of its rate has spikes: silences and first spikes have the law
of that process for any rate and dt, no rate is out of bounds (a negative one counts as 0), and spikes are missing where
two fall into one step: a fraction of about rate dt / 2, 5 % at 0.1 / dt.

Gradients. The source is noise, a draw like others: the gradient of its `rate` is zero. The encoder passes on the
derivative of the mean,

    ds = dp = dt exp(-rate dt) d rate

which is exact in expectation for what is linear in the spikes, and biased for anything else. To fit a constant rate,
give the encoder a `networks.Constant`.
"""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..core import Cell, Span, Tick, check_between, check_not_negative, check_one_or_each, check_size, param


def _uniforms(stream: Array, steps: Int[Array, " time"], size: int) -> Float[Array, "time neuron"]:
    return jax.vmap(lambda step: jax.random.uniform(jax.random.fold_in(stream, step), (size,)))(steps)


class PoissonSource(Cell):
    """A source of spikes; it has no input, and no gradient."""

    rate: Float[Array, "..."] = param()  # spikes per time unit and neuron; one for all, or [neuron]
    size: int = eqx.field(static=True, kw_only=True)
    input_shape: ClassVar[None] = None  # whatever it is given

    def __check_init__(self):
        check_one_or_each(self, "rate")
        check_not_negative("PoissonSource.rate", self.rate)

    def check(self, dt):
        check_between("PoissonSource.rate", self.rate, 0, 0.1 / dt, f"at dt = {dt:g} use shorter steps")

    def draw(self, stream, steps):
        return _uniforms(stream, steps, self.size)

    def step(self, state, x, tick: Tick):
        del x
        return state, (tick.noise < self.rate * tick.dt).astype(tick.noise.dtype)

    def unroll(self, state, xs, span):
        del xs
        chance = jnp.broadcast_to(self.rate * span.dt, (self.size,))
        return state, (span.noise < chance[None]).astype(span.noise.dtype)


class PoissonEncoder(Cell):
    """Turns rates into spikes: its input is one rate per neuron, in spikes per time unit; differentiable in them."""

    size: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_size("PoissonEncoder.size", self.size)

    def draw(self, stream, steps):
        return _uniforms(stream, steps, self.size)

    def _spikes(self, rates: Float[Array, "..."], drawn: Float[Array, "..."], dt: Float[Array, ""]):
        p = -jnp.expm1(-jnp.where(rates < 0, jnp.zeros_like(rates), rates) * dt)
        return (drawn < p).astype(p.dtype) + (p - jax.lax.stop_gradient(p))  # the second term is 0, with dp

    def step(self, state, rate: Float[Array, " neuron"], tick: Tick):
        return state, self._spikes(rate, tick.noise, tick.dt)

    def unroll(self, state, rates: Float[Array, "time neuron"], span: Span):
        return state, self._spikes(rates, span.noise, span.dt)
