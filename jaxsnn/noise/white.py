"""White-noise current, constant over each step.

    i_n = sigma / sqrt(dt) z_n,   z_n ~ N(0, 1)         so that the integral of i over a time T has variance sigma^2 T

This is a current, for cells that integrate their input. The exact noise of a leaky membrane is in `membrane`.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, check_not_negative, check_one_or_each, param
from .normals import normals


class WhiteNoise(Cell):
    """A source: independent noise per neuron, added to its input if there is one."""

    sigma: Float[Array, "..."] = param(1.0)  # current * sqrt(time unit); one for all, or [neuron]
    size: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_one_or_each(self, "sigma")
        check_not_negative("WhiteNoise.sigma", self.sigma)

    def draw(self, stream, steps):
        return normals(stream, steps, (self.size,))

    def step(self, state, x: Float[Array, " neuron"] | None, tick: Tick):
        i = self.sigma / jnp.sqrt(tick.dt) * tick.noise
        return state, i if x is None else x + i

    def unroll(self, state, xs: Float[Array, "time neuron"] | None, span: Span):
        scale = jnp.broadcast_to(self.sigma / jnp.sqrt(span.dt), (self.size,))
        i = scale[None] * span.noise
        return state, i if xs is None else xs + i
