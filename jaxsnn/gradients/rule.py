"""Spike rules: how a neuron fires, and what its spike passes on as a derivative.

    s = rule(u, noise)        u = v - threshold,  s = 0 or 1 as a float

A spike has no useful derivative of its own, so a rule *declares* one, once, as a tangent

    ds = tangent(u, noise, d_rule, d_u)

linear in d_u and in the tangents d_rule of the rule's own parameters. Reverse mode is its transpose (`custom_vjp`,
what training uses); `mode="forward"` gives the same declaration to `jax.jvp` (`custom_jvp`: a few parameters, very long
runs, no stored trajectory). Swapping one rule for another is one constructor argument of the neuron.

A rule that needs chance says so in `draw`, and `fire` and `tangent` receive its slice of one step.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from ..core import require


class SpikeRule(eqx.Module):
    """Base of all rules: subclasses define `fire` and `tangent`, and `draw` if they need noise."""

    mode: str = eqx.field(static=True, default="reverse", kw_only=True)  # or "forward"

    def __check_init__(self):
        name = f"{type(self).__name__}.mode"
        require(self.mode in _SPIKE, name, self.mode, 'must be "reverse" or "forward"', 'pass mode="reverse" to train')

    def draw(self, stream: Array, steps: Int[Array, " time"], shape: tuple[int, ...]) -> PyTree:
        """Standard variates for membranes of `shape` in each of `steps`; nothing by default."""
        del stream, steps, shape
        return ()

    def fire(self, u: Float[Array, "..."], noise: PyTree) -> Float[Array, "..."]:
        """Whether each membrane spikes: 0 or 1."""
        raise NotImplementedError(f"{type(self).__name__} does not define fire")

    def tangent(
        self, u: Float[Array, "..."], noise: PyTree, d_rule: "SpikeRule", d_u: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        """The declared change of the spikes; linear in d_rule (tangents of the rule's parameters) and d_u."""
        raise NotImplementedError(f"{type(self).__name__} does not declare its derivative")

    def __call__(self, u: Float[Array, "..."], noise: PyTree = ()) -> Float[Array, "..."]:
        return _SPIKE[self.mode](self, u, noise)


def threshold(u: Float[Array, "..."]) -> Float[Array, "..."]:
    """1 where u >= 0, else 0, in u's dtype."""
    return (u >= 0).astype(u.dtype)


def _fire(rule, u, noise):
    return rule.fire(u, noise)


_reverse = jax.custom_vjp(_fire)
_forward = jax.custom_jvp(_fire)


def _remember(rule, u, noise):
    return rule.fire(u, noise), (rule, u, noise)


def _pull_back(remembered, d_s):
    rule, u, noise = remembered
    transposed = jax.linear_transpose(lambda d_rule, d_u: rule.tangent(u, noise, d_rule, d_u), rule, u)
    d_rule, d_u = transposed(d_s)
    return d_rule, d_u, jax.tree.map(jnp.zeros_like, noise)


@_forward.defjvp
def _push_forward(primals, tangents):
    rule, u, noise = primals
    d_rule, d_u, _ = tangents
    return rule.fire(u, noise), rule.tangent(u, noise, d_rule, d_u)


_reverse.defvjp(_remember, _pull_back)
_SPIKE = {"reverse": _reverse, "forward": _forward}
