"""What a surrogate derivative is: a hard threshold forward, and a bump of chosen width backward (shapes: `bumps`).

    s = 1 if u >= 0 else 0          ds = g(u) du          g(u) = c h(u / width)

Libraries differ silently in the height c, so it is explicit:

    normalize="peak"   c = 1 / h(0)               g(0) = 1: no spike passes on more than it receives
    normalize="area"   c = 1 / (width * area)     g integrates to 1: the derivative of a smooth step

And so is what the bump is counted per:

    rate=None          per step: ds = g(u) du. Right where a crossing is one step, u jumping past the bump (the
                       per-step neurons of the training literature). On a fine time grid u crawls through the bump at
                       speed R and a unit area counts the one crossing 1 / (R dt) times: halving dt doubles the
                       gradient, and in long recurrent runs tangents overflow.
    rate=R             per unit time: ds = R dt g(u) du, the derivative of a hazard R G(u), G' = g, over one step. With
                       unit area a crossing at the speed du/dt = R counts once, whatever dt; R is in units of u per
                       time unit, and in a balanced network the rate at which spikes are asked for.

The gradient of a width, and of a rate, is exactly zero: the bump is a choice of the learner and no part of the network.
Sweep it or anneal it.
"""

import dataclasses
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, PyTree

from ..core import check_positive, require, strong
from .rule import SpikeRule, threshold


def optional(value: Any) -> Any:
    return None if value is None else strong(value)


class Surrogate(SpikeRule):
    """Base: `slope` is the bump g."""

    rate: Float[Array, "..."] | None = eqx.field(converter=optional, default=None, kw_only=True)  # None: per step
    dt: Float[Array, ""] | None = eqx.field(converter=optional, default=None, kw_only=True)  # neurons fill it in

    def __check_init__(self):
        for name in ("rate", "dt"):
            if getattr(self, name) is not None:
                check_positive(f"{type(self).__name__}.{name}", getattr(self, name), "pass None to count per step")

    def slope(self, u: Float[Array, "..."]) -> Float[Array, "..."]:
        raise NotImplementedError(f"{type(self).__name__} does not define slope")

    def derivative(self, u: Float[Array, "..."]) -> Float[Array, "..."]:
        """What is passed on: g(u), and rate * dt times that when counted per unit time."""
        if self.rate is None:
            return self.slope(u)
        if self.dt is None:
            raise ValueError(
                f"{type(self).__name__}.dt = None: a rate needs the length of a step; call rule(u, noise, dt)"
            )
        return self.rate * self.dt * self.slope(u)

    def at(self, dt):
        return self if self.rate is None or dt is None else dataclasses.replace(self, dt=dt)

    def fire(self, u, noise):
        del noise
        return threshold(u)

    def tangent(self, u, noise: PyTree, d_rule, d_u):
        del noise, d_rule
        return self.derivative(u) * d_u


class Bump(Surrogate):
    """Base of the bumps with a width: subclasses define `bump` h, and its integral and its peak."""

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
        raise NotImplementedError(f"{type(self).__name__} does not define bump")

    @property
    def area(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define area")

    @property
    def peak(self) -> Any:
        return None  # h(0) = 1

    def slope(self, u):
        g = self.bump(u / self.width)
        if self.normalize == "area":
            return g / (self.area * self.width)
        return g if self.peak is None else g / self.peak
