"""Spike rules: how a neuron fires, and what its spike passes on as a derivative.

    s = rule(u, noise, dt)        u = v - threshold,  s = 0 or 1 as a float

A spike has no useful derivative of its own, so a rule *declares* one, once, as a tangent

    ds = tangent(u, noise, d_rule, d_u)

linear in d_u and in the tangents d_rule of the rule's own parameters. Reverse mode is its transpose (`custom_vjp`,
what training uses); `mode="forward"` gives the same declaration to `jax.jvp` (`custom_jvp`: a few parameters, very long
runs, no stored trajectory). Stochastic rules have a third, `mode="score"`: see `stochastic`.

A rule that needs chance says so in `draw`, and `fire` and `tangent` receive its slice of one step. A rule whose
derivative is a rate needs the length of the step, which `at` gives it. Neurons call `emit`, which does all of this, so
that swapping one rule for another is one constructor argument of the neuron:

    state = (v, self.spike.begin((size,)))
    v, s, log_prob = emit(self.spike, v, self.threshold, state.log_prob, tick)
"""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import Tick, mapped_with, require


class SpikeRule(eqx.Module):
    """Base of all rules: subclasses define `fire` and `tangent`, and `draw` if they need noise."""

    mode: str = eqx.field(static=True, default="reverse", kw_only=True)  # or "forward"; stochastic rules: or "score"

    modes: ClassVar[tuple[str, ...]] = ("reverse", "forward")

    def __check_init__(self):
        name = f"{type(self).__name__}.mode"
        allowed = "must be " + " or ".join(f'"{mode}"' for mode in self.modes)
        remedy = 'pass mode="reverse" to train'
        if self.mode == "score":
            remedy += '; "score" needs a rule that fires by chance: NoiseDriven or Hazard'
        require(self.mode in self.modes, name, self.mode, allowed, remedy)

    def draw(self, stream: Any, steps: Array, shape: tuple[int, ...]) -> PyTree:
        """Standard variates for membranes of `shape` in each of `steps`; nothing by default."""
        del stream, steps, shape
        return ()

    def begin(self, shape: tuple[int, ...]) -> PyTree:
        """What the state of a neuron carries for its rule: a LogProb of `shape` in score mode, else nothing."""
        del shape
        return ()

    def at(self, dt: Float[Array, ""] | None) -> Any:
        """This rule for steps of length dt; by default a rule knows no time."""
        del dt
        return self

    def membrane(self, v: Float[Array, "..."], noise: PyTree) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        """The membrane that is compared with threshold, and the one that is kept: v unless the rule's noise enters."""
        del noise
        return v, v

    def fire(self, u: Float[Array, "..."], noise: PyTree) -> Float[Array, "..."]:
        """Whether each membrane spikes: 0 or 1."""
        raise NotImplementedError(f"{type(self).__name__} does not define fire")

    def tangent(
        self, u: Float[Array, "..."], noise: PyTree, d_rule: "SpikeRule", d_u: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        """The declared change of the spikes; linear in d_rule (tangents of the rule's parameters) and d_u."""
        raise NotImplementedError(f"{type(self).__name__} does not declare its derivative")

    def score(self, log_prob: PyTree, u: Float[Array, "..."], s: Float[Array, "..."]) -> PyTree:
        """`log_prob` (from `begin`) with the log-probability of the spikes s added, in score mode."""
        del u, s
        return log_prob

    def __call__(self, u: Float[Array, "..."], noise: PyTree = (), dt: Float[Array, ""] | None = None):
        rule = self.at(dt)
        return _SPIKE[self.mode](rule, mapped_with(u, (rule, noise)), noise)


class Emitted(NamedTuple):
    v: Float[Array, "..."]  # membrane before the reset; changed only by a rule whose noise stays in it
    s: Float[Array, "..."]  # spikes, 0 or 1
    log_prob: PyTree  # for the neuron's state


def emit(
    rule: SpikeRule,
    v: Float[Array, "..."],
    threshold: Float[Array, "..."],
    log_prob: PyTree,
    tick: Tick,
) -> Emitted:
    """One step of a neuron's firing. `tick.noise` is the rule's draw, `log_prob` what its `begin` or last step gave."""
    rule = rule.at(tick.dt)
    compared, kept = rule.membrane(v, tick.noise)
    u = compared - threshold
    s = rule(u, tick.noise)
    return Emitted(kept, s, rule.score(log_prob, u, s))


def threshold(u: Float[Array, "..."]) -> Float[Array, "..."]:
    """1 where u >= 0, else 0, in u's dtype."""
    return (u >= 0).astype(u.dtype)


def _fire(rule, u, noise):
    return rule.fire(u, noise)


def _without_derivative(rule, u, noise):
    return jax.lax.stop_gradient(rule.fire(u, noise))


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
_SPIKE = {"reverse": _reverse, "forward": _forward, "score": _without_derivative}
