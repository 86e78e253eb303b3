"""Synaptic failure: a spike is transmitted with a probability, or not at all, independently of everything.

    y = x c             c ~ Bernoulli(release)              E[y] = release x        Var[y] = release (1 - release) x^2

`Failure` fails per input (an axon whose targets share its luck), `FailingDense` at each synapse by itself:

    i[post] = sum_pre weight c x[pre],  a c of its own for each [post, pre]
    E[i] = sum weight release x         Var[i] = sum weight^2 release (1 - release) x^2, independent between neurons

c = 1 where a uniform variate of [0, 1), one per step, is at least 1 - release: at release = 1 nothing fails, at 0
everything does.

Gradients. Of x, through the coins as they fell: dy = c dx. Of `release`, by the coin's mode:

    "reverse", "forward"   dc = d release, that is dy = x d release: the derivative of the coin's mean. Exact in
                           expectation for what is linear in the coins, biased for anything else
    "score"                dc = 0, and the state carries the LogProb of the coins, for `gradients.score_loss`: exact in
                           expectation for any loss. A coin that met no spike adds nothing to the gradient's variance
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import Cell, Span, Tick, check_between, check_finite, check_one_or_each, param, require
from ..gradients import SpikeNoise, StochasticRule

_REMEDY = "pass the probability that a spike is transmitted"


class Coin(StochasticRule):
    """Bernoulli: called with the probability itself where a neuron's rule is called with u."""

    decides = "transmissions"

    def variates(self, key, shape):
        return SpikeNoise(jax.random.uniform(key, shape))

    def probability(self, u):
        return jnp.clip(u, 0, 1)

    def fire(self, u, noise):
        return (noise.choice >= 1 - u).astype(u.dtype)

    def log_probability(self, u, s):
        p = jnp.where(s > 0, u, 1 - u)
        return jnp.log(jnp.maximum(p, jnp.finfo(p.dtype).tiny))

    def tangent(self, u, noise: Any, d_rule, d_u):
        del u, noise, d_rule
        return d_u


def _tossed(
    coin: Coin, log_prob: PyTree, release: Float[Array, "..."], met: Float[Array, "..."], noise: PyTree
) -> tuple[PyTree, Float[Array, "..."]]:
    """The log-probability with that of these coins, and the coins. `met`: the inputs, of the coins' shape."""
    scored = jnp.where(met != 0, release, jax.lax.stop_gradient(release))  # others have no part in any loss
    c = coin(release, noise)
    return coin.score(log_prob, scored, c), c


def _total(before: PyTree, each: PyTree) -> PyTree:
    """A LogProb with those of a stretch of time added, or nothing."""
    return jax.tree.map(lambda old, new: old + jnp.sum(new, axis=0), before, each)


class Failure(Cell):
    """What arrives of each input: x or nothing."""

    release: Float[Array, "..."] = param()  # probability of transmission; one for all, or [pre]
    size: int = eqx.field(static=True, kw_only=True)
    coin: Coin = eqx.field(default_factory=Coin, kw_only=True)

    def __check_init__(self):
        check_one_or_each(self, "release")
        check_between("Failure.release", self.release, 0, 1, _REMEDY)

    def init(self, key):
        del key
        return self.coin.begin((self.size,))

    def draw(self, stream, steps):
        return self.coin.draw(stream, steps, (self.size,))

    def step(self, state: PyTree, x: Float[Array, " pre"], tick: Tick):
        state, c = _tossed(self.coin, state, jnp.broadcast_to(self.release, (self.size,)), x, tick.noise)
        return state, c * x

    def unroll(self, state: PyTree, xs: Float[Array, "time pre"], span: Span):
        release = jnp.broadcast_to(self.release, (span.steps, self.size))
        each, c = _tossed(self.coin, self.coin.begin(release.shape), release, xs, span.noise)
        return _total(state, each), c * xs


class FailingDense(Cell):
    """Dense synapses that fail independently; draws post * pre variates a step."""

    weight: Float[Array, "post pre"] = param()
    release: Float[Array, "..."] = param()  # probability of transmission: one for all, [pre], or [post, pre]
    coin: Coin = eqx.field(default_factory=Coin, kw_only=True)

    def __check_init__(self):
        shape = jnp.shape(self.weight)
        require(len(shape) == 2, "FailingDense.weight.shape", shape, "must be (post, pre)", "add the missing axis")
        check_finite("FailingDense.weight", self.weight)
        given, allowed = self.release.shape, ((), (shape[1],), shape)
        remedy = "pass one probability, one per input, or one per synapse"
        require(given in allowed, "FailingDense.release.shape", given, f"must be one of {allowed}", remedy)
        check_between("FailingDense.release", self.release, 0, 1, _REMEDY)

    @property
    def input_shape(self) -> tuple[int]:
        """Shape of what it takes in a step."""
        return (self.weight.shape[1],)

    def init(self, key):
        del key
        return self.coin.begin(self.weight.shape)

    def draw(self, stream, steps):
        return self.coin.draw(stream, steps, self.weight.shape)

    def step(self, state: PyTree, x: Float[Array, " pre"], tick: Tick):
        shape = self.weight.shape
        met = jnp.broadcast_to(x, shape)
        state, c = _tossed(self.coin, state, jnp.broadcast_to(self.release, shape), met, tick.noise)
        return state, (self.weight * c) @ x

    def unroll(self, state: PyTree, xs: Float[Array, "time pre"], span: Span):
        shape = (span.steps,) + self.weight.shape
        met = jnp.broadcast_to(xs[:, None], shape)
        each, c = _tossed(self.coin, self.coin.begin(shape), jnp.broadcast_to(self.release, shape), met, span.noise)
        return _total(state, each), jnp.einsum("tij,ij,tj->ti", c, self.weight, xs)
