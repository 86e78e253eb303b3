"""Rules that fire by chance, and the log-probability of what they did.

    s ~ Bernoulli(P(u))       independent over neurons and steps, given the membranes

A spike is decided by comparing one standard variate, the `choice`, with u: the larger the choice, the sooner a spike.
So `forced` can make any pattern of spikes happen, which is how `enumeration` sums over all of them.

`mode` says how such a rule meets a gradient:

    "reverse", "forward"   the spike passes on its declared tangent
    "score"                the spike passes nothing on; the neuron's state carries its LogProb, whose gradient
                           `score_loss` weighs with the loss. Unbiased for any loss, with a larger variance
"""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import require
from .rule import SpikeRule

_FORCED = 1e30  # beyond what any membrane is compared with, in every float type


class LogProb(eqx.Module):
    """Log-probability of all spikes and silences so far, of each neuron. `score_loss` finds these in a final state."""

    value: Float[Array, "..."]


class SpikeNoise(NamedTuple):
    """What a stochastic rule draws."""

    choice: Float[Array, "..."]  # decides the spike
    membrane: PyTree = ()  # stays in the membrane, when the rule has a second draw


def forced(noise: SpikeNoise, spikes: Float[Array, "..."]) -> SpikeNoise:
    """`noise` with choices that fire exactly where `spikes` is 1."""
    choice = jnp.where(spikes > 0, jnp.full_like(spikes, _FORCED), jnp.full_like(spikes, -_FORCED))
    return noise._replace(choice=choice)


class StochasticRule(SpikeRule):
    """Base: subclasses define `variates`, `probability` and `log_probability` beside `fire` and `tangent`."""

    modes: ClassVar[tuple[str, ...]] = ("reverse", "forward", "score")
    decides: ClassVar[str] = "spikes"  # what it is that happens by chance

    def variates(self, key: Array, shape: tuple[int, ...]) -> SpikeNoise:
        """One step's draw."""
        raise NotImplementedError(f"{type(self).__name__} does not define variates")

    def probability(self, u: Float[Array, "..."]) -> Float[Array, "..."]:
        """P(u), the probability of a spike."""
        raise NotImplementedError(f"{type(self).__name__} does not define probability")

    def log_probability(self, u: Float[Array, "..."], s: Float[Array, "..."]) -> Float[Array, "..."]:
        """log P(u) where s is 1 and log(1 - P(u)) where it is 0: finite, and differentiable in u and the rule."""
        raise NotImplementedError(f"{type(self).__name__} does not define log_probability")

    def draw(self, stream: Any, steps: Array, shape: tuple[int, ...]) -> SpikeNoise:
        name = type(self).__name__
        if not (isinstance(stream, jax.Array) and jnp.issubdtype(stream.dtype, jax.dtypes.prng_key)):
            raise ValueError(
                f"{name}.draw: stream = {stream!r} must be a typed random key; make it with jax.random.key(seed)"
            )
        if stream.shape:
            raise ValueError(f"{name}.draw: stream has shape {stream.shape}, must be one key; vmap over several")
        return self.variates_of(stream, steps, shape)

    def variates_of(self, stream: Array, steps: Array, shape: tuple[int, ...]) -> SpikeNoise:
        """The draws of several steps, [time, *shape]."""
        return jax.vmap(lambda step: self.variates(jax.random.fold_in(stream, step), shape))(steps)

    def begin(self, shape):
        return LogProb(jnp.zeros(shape)) if self.mode == "score" else ()

    def score(self, log_prob, u, s):
        if self.mode != "score":
            return log_prob
        if not isinstance(log_prob, LogProb):
            raise ValueError(
                f"{type(self).__name__}.mode = 'score': the neuron's state holds no LogProb; start from "
                "neuron.init(key), or give its state what spike.begin(shape) returns"
            )
        return LogProb(log_prob.value + self.log_probability(u, s))

    def __call__(self, u, noise=(), dt=None):
        if not isinstance(noise, SpikeNoise):
            raise ValueError(
                f"{type(self).__name__}: noise = {noise!r} is no draw of this rule; pass one step of "
                "rule.draw(key, steps, shape)"
            )
        require(
            noise.choice.shape == u.shape,
            f"{type(self).__name__}: shape of noise",
            noise.choice.shape,
            f"must be that of u, {u.shape}",
            "pass one step of rule.draw(key, steps, u.shape)",
        )
        return super().__call__(u, noise, dt)
