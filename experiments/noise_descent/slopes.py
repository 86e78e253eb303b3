"""The slope d log(variance) / d log(sigma) over one window, by every candidate rule.

    differences      [log var(sigma e^h) - log var(sigma e^-h)] / 2h, both runs on the same noise: the reference
    surrogate_step   forward mode through the run, a surrogate of unit area in every step
    surrogate_time   the same, the area proportional to the length of the step (R dt)
    event            spikes are moved in time, none appear or vanish (`events`)
    noise_driven     forward mode through the network with escape noise: the density of that noise is passed on
    score            likelihood ratio of the hazard network, truncated (`likelihood`)

A window takes the state at which the last one ended; tangents begin at zero and have the first quarter, which is not
measured, to settle. All rules cost the same neuron-updates for windows of one length: two runs, or one run and its
tangent.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from jaxsnn.engine import run_steps

from .events import event_slope
from .likelihood import score_slopes
from .networks import network, scored, surrogate

H = 0.1  # half the distance in log sigma of a central difference


class Rule(NamedTuple):
    """way: "differences", "tangent", "event" or "score". per: what the surrogate's area is counted per."""

    label: str
    kind: str  # of network
    way: str
    per: str = ""


RULES = {
    "differences": Rule("central differences", "hard", "differences"),
    "surrogate_step": Rule("surrogate, area per step", "hard", "tangent", "step"),
    "surrogate_time": Rule(r"surrogate, area $\propto R\,dt$", "hard", "tangent", "time"),
    "event": Rule("event times", "hard", "event"),
    "escape_differences": Rule("central differences", "escape", "differences"),
    "noise_driven": Rule("noise-driven", "escape", "tangent"),
    "hazard_differences": Rule("central differences", "hazard", "differences"),
    "score": Rule("truncated score", "hazard", "score"),
}


class Measured(NamedTuple):
    """state: for the next window. height: log variance. slope: [] or, of the score, for every truncation."""

    state: PyTree
    height: Float[Array, ""]
    slope: Float[Array, "..."]
    rate: Float[Array, ""]


def rule_of(name: str) -> Rule:
    if name not in RULES:
        raise ValueError(f"rule = {name!r}: must be one of {', '.join(RULES)}; pass one of these")
    return RULES[name]


def built(point: Mapping[str, Any], rule: Rule, noise: Any):
    """The network of a rule, with what the rule passes on."""
    if rule.way == "tangent":
        spike = {"spike": surrogate(rule.per)} if rule.per else {}
        return network(point, noise, rule.kind, gradients=True, mode="forward", **spike)
    if rule.way == "score":
        return network(point, noise, rule.kind, gradients=True, mode="score")
    return network(point, noise, rule.kind)


def initial(point: Mapping[str, Any], rule: Rule, log_noise: Float[Array, ""], key: Array) -> PyTree:
    """State before the first window; of central differences, that of both networks."""
    begin = lambda log: built(point, rule, jnp.exp(log)).init(key)
    return jax.vmap(begin)(pair(log_noise)) if rule.way == "differences" else begin(log_noise)


def pair(log_noise: Float[Array, ""]) -> Float[Array, " side"]:
    return log_noise + H * jnp.asarray([-1.0, 1.0], log_noise.dtype)


def run(
    net: Any,
    point: Mapping[str, Any],
    state: PyTree,
    begin: Int[Array, ""],
    stream: Array,
    more: Mapping[str, Callable] | None = None,
) -> tuple[PyTree, Any]:
    """One window of a network: its state at the end, and its meters (more: further ones, made from `first`, `last`)."""
    cell = scored(net, point, begin, more)
    quiet, fresh = cell.init(jax.random.key(0))
    (_, (state, meters)), _ = run_steps(
        cell, (quiet, type(fresh)(state, fresh.meters)), None, start=begin, steps=point["window"], dt=point["dt"],
        stream=stream, block=100, keep=lambda ys: None,
    )  # fmt: skip
    return state, meters


def measure(
    point: Mapping[str, Any],
    rule: Rule,
    log_noise: Float[Array, ""],
    state: PyTree,
    begin: Int[Array, ""],
    stream: Array,
) -> Measured:
    """Variance and slope over the window that starts at step `begin`."""

    def one(log, state):
        state, meters = run(built(point, rule, jnp.exp(log)), point, state, begin, stream)
        return jnp.log(meters["error"].variance[0]), (state, meters["rate"].rate)

    if rule.way == "differences":
        heights, (state, rates) = jax.vmap(one)(pair(log_noise), state)
        return Measured(state, jnp.mean(heights), (heights[1] - heights[0]) / (2 * H), jnp.mean(rates))
    if rule.way == "tangent":
        height, slope, (state, rate) = _forward(lambda log: one(log, state), log_noise)
        return Measured(state, height, slope, rate)
    slope_of: Callable = event_slope if rule.way == "event" else score_slopes
    return Measured(*slope_of(built(point, rule, jnp.exp(log_noise)), point, log_noise, state, begin, stream))


def _forward(f: Callable, x: Float[Array, ""]) -> tuple[Any, Any, Any]:
    value, slope, rest = jax.jvp(f, (x,), (jnp.ones_like(x),), has_aux=True)
    return value, slope, rest
