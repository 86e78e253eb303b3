"""Surrogate derivatives: a spike is a hard threshold forward, and a bump of chosen width backward.

    s = 1 if u >= 0 else 0          ds = g(u) du          g(u) = c h(u / width)

    rule         h(x)               area of h
    FastSigmoid  1 / (1 + |x|)^2    2           Zenke & Ganguli 2018; snnTorch's slope k is 1 / width
    ArcTan       1 / (1 + x^2)      pi          Fang et al. 2021; SpikingJelly's alpha is 2 / (pi width)
    Triangle     max(0, 1 - |x|)    1           Esser et al. 2016, Bellec et al. 2018

Libraries differ silently in the height, so it is explicit:

    normalize="peak"   c = 1                      g(0) = 1: no spike passes on more than it receives
    normalize="area"   c = 1 / (width * area)     g is a probability density, the derivative of a smooth step

With unit area a single crossing that takes several steps is counted in each of them, about width / (change of u per
step) times, and long recurrent runs can overflow.

The gradient of a width is exactly zero: the bump is a choice of the learner and no part of the network. Sweep it or
anneal it.
"""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import check_positive, param, require
from .rule import SpikeRule, threshold


class _Surrogate(SpikeRule):
    width: eqx.AbstractVar[Float[Array, "..."]]
    normalize: eqx.AbstractVar[str]

    def __check_init__(self):
        name = type(self).__name__
        check_positive(f"{name}.width", self.width)
        require(
            self.normalize in ("area", "peak"),
            f"{name}.normalize",
            self.normalize,
            'must be "area" or "peak"',
            'pass "peak" for g(0) = 1 or "area" for an integral of 1',
        )

    def bump(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        raise NotImplementedError

    @property
    def area(self) -> float:
        raise NotImplementedError

    def derivative(self, u: Float[Array, "..."]) -> Float[Array, "..."]:
        """g(u)."""
        g = self.bump(u / self.width)
        return g / (self.area * self.width) if self.normalize == "area" else g

    def fire(self, u, noise):
        del noise
        return threshold(u)

    def tangent(self, u, noise: PyTree, d_rule, d_u):
        del noise, d_rule
        return self.derivative(u) * d_u


class FastSigmoid(_Surrogate):
    """g falls off as 1/u^2. Known as SuperSpike (unit peak) and soft sign (unit area)."""

    width: Float[Array, "..."] = param(0.04)  # of u: threshold units
    normalize: str = eqx.field(static=True, default="peak", kw_only=True)

    def bump(self, x):
        return 1 / (1 + jnp.abs(x)) ** 2

    @property
    def area(self):
        return 2.0


class ArcTan(_Surrogate):
    """Cauchy bump. At the default width unit peak and unit area are the same."""

    width: Float[Array, "..."] = param(1 / math.pi)
    normalize: str = eqx.field(static=True, default="peak", kw_only=True)

    def bump(self, x):
        return 1 / (1 + x * x)

    @property
    def area(self):
        return math.pi


class Triangle(_Surrogate):
    """Compact support: exactly zero further than `width` from threshold."""

    width: Float[Array, "..."] = param(1.0)
    normalize: str = eqx.field(static=True, default="peak", kw_only=True)

    def bump(self, x):
        return jnp.maximum(1 - jnp.abs(x), 0)

    @property
    def area(self):
        return 1.0
