"""Dropout of spikes: each is lost with probability `rate` while the network is trained, and survivors are scaled up.

    y = x keep / (1 - rate)         P(keep = 1) = 1 - rate          E[y] = x

per="step": every neuron anew in every step. per="sequence": a neuron is lost for a whole run or not at all, as one mask
of the run's stream. Both are functions of (stream, step), so every block sees the same losses.

A variate has 16 bits, so rate is met to 2^-17.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree, UInt16

from ..core import Cell, Shape, Span, Tick, as_tuple, check_between, check_shape, param, require
from ..noise.bits import sixteen_bits

_LEVELS = 1 << 16


class Dropout(Cell):
    """rate: below one. size: neurons, or the shape of feature maps. active: whether anything is lost (`training`)."""

    rate: Float[Array, ""] = param()
    size: Shape = eqx.field(static=True, kw_only=True)
    per: str = eqx.field(static=True, default="step", kw_only=True)
    active: bool = eqx.field(static=True, default=True, kw_only=True)

    def __check_init__(self):
        check_shape("Dropout.size", self.size)
        check_between("Dropout.rate", self.rate, 0, 1 - 1 / _LEVELS, "pass the share of spikes to lose, such as 0.4")
        known = ("step", "sequence")
        require(self.per in known, "Dropout.per", self.per, f"must be one of {known}", "pass one of them")

    def draw(self, stream, steps):
        if not self.active:
            return ()
        if self.per == "sequence":
            steps = jnp.zeros_like(steps)
        return sixteen_bits(stream, steps, as_tuple(self.size))

    def step(self, state: PyTree, x: Float[Array, "..."], tick: Tick):
        return state, self._thinned(x, tick.noise) if self.active else x

    def unroll(self, state: PyTree, xs: Float[Array, "time ..."], span: Span):
        return state, self._thinned(xs, span.noise) if self.active else xs

    def _thinned(self, x: Float[Array, "..."], noise: UInt16[Array, "..."]) -> Float[Array, "..."]:
        lost = jnp.round(jax.lax.stop_gradient(self.rate) * _LEVELS).astype(jnp.uint16)
        return jnp.where(noise >= lost, x / (1 - self.rate), jnp.zeros_like(x))
