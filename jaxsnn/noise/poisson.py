"""Poisson spikes: in each step a neuron fires with probability rate * dt, independently of everything.

A step holds one spike at most, so the train is Poisson as dt goes to zero: its count over a long time has Fano factor
1 - rate dt.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Tick, check_between, check_not_negative, check_one_or_each, param


class PoissonSource(Cell):
    """A source of spikes; it has no input."""

    rate: Float[Array, "..."] = param()  # spikes per time unit and neuron; one for all, or [neuron]
    size: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_one_or_each(self, "rate")
        check_not_negative("PoissonSource.rate", self.rate)

    def check(self, dt):
        check_between("PoissonSource.rate", self.rate, 0, 0.1 / dt, f"at dt = {dt:g} use shorter steps")

    def draw(self, stream, steps):
        return jax.vmap(lambda step: jax.random.uniform(jax.random.fold_in(stream, step), (self.size,)))(steps)

    def step(self, state, x, tick: Tick):
        del x
        return state, (tick.noise < self.rate * tick.dt).astype(tick.noise.dtype)

    def unroll(self, state, xs, span):
        del xs
        chance = jnp.broadcast_to(self.rate * span.dt, (self.size,))
        return state, (span.noise < chance[None]).astype(span.noise.dtype)
