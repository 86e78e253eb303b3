"""Many spike rules in one program: the neuron fires as all of them do, and passes on what a chosen one declares.

    ds = tangent_member(u, du)

The choice is a number and no structure, so that all rules are compiled once. The declarations are those of the
library's rules, unchanged; a test compares every member with the same rule alone. The members are made of sigma when
they are needed, and are no leaves: a gradient with respect to each of their widths would cost more than all the rest.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsnn.core import param
from jaxsnn.gradients import SpikeRule, StochasticRule, Surrogate

Level = Float[Array, " neuron"]


class OneOf(StochasticRule):
    """Noise-driven rules of one noise. rules: sigma -> the members, stochastic rules with a leaf `sigma`."""

    sigma: Level = param()
    member: Float[Array, ""] = param()
    rules: Callable[[Level], tuple[StochasticRule, ...]] = eqx.field(static=True, kw_only=True)

    @property
    def first(self) -> StochasticRule:
        return self.rules(self.sigma)[0]

    def variates(self, key, shape):
        return self.first.variates(key, shape)

    def probability(self, u):
        return self.first.probability(u)

    def log_probability(self, u, s):
        return self.first.log_probability(u, s)

    def fire(self, u, noise):
        return self.first.fire(u, noise)

    def tangent(self, u, noise, d_rule, d_u):
        def of(rule):
            d_member = lambda d_sigma: eqx.tree_at(lambda one: one.sigma, rule, d_sigma)
            return lambda d_sigma, d_u: rule.tangent(u, noise, d_member(d_sigma), d_u)

        members = [of(rule) for rule in self.rules(self.sigma)]
        return _chosen(self, members, d_rule.sigma, d_u)  # pyright: ignore[reportAttributeAccessIssue]


class OneOfSurrogates(SpikeRule):
    """Surrogates: a hard threshold without noise, and the derivative of the chosen one. sigma: for matched widths."""

    sigma: Level = param()
    member: Float[Array, ""] = param()
    rules: Callable[[Level], tuple[Surrogate, ...]] = eqx.field(static=True, kw_only=True)

    def fire(self, u, noise):
        return self.rules(self.sigma)[0].fire(u, noise)

    def tangent(self, u, noise, d_rule, d_u):
        of = lambda rule: lambda d_u: rule.tangent(u, noise, rule, d_u)
        return _chosen(self, [of(rule) for rule in self.rules(self.sigma)], d_u)


def _chosen(rule, tangents, *operands):
    return jax.lax.switch(rule.member.astype(jnp.int32), tangents, *operands)
