"""The gradient rules that are audited, as data: a name, how it is computed, and what to call it in a figure.

    score          exact in the mean, whatever the loss; without and with the mean loss as baseline
    passed         the network fires by chance and every spike passes on a declared derivative: noise-driven learning
                   (the density of the noise itself), or a surrogate of its usual or of a matched width
    detached       the same with the gradient through the reset cut
    plain          common practice: the network runs without noise, and a surrogate is passed on. Its target is the
                   same as for the others, the expected loss of the network with noise

A matched surrogate has unit area and the height of the noise's density at threshold, so that its width follows sigma;
the usual ones have unit peak and the width that the library defaults to, whatever sigma is.
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from jaxsnn.gradients import (
    ArcTan,
    Erf,
    FastSigmoid,
    Laplace,
    MultiGaussian,
    NoiseDriven,
    Rectangle,
    Sigmoid,
    StraightThrough,
    Surrogate,
    Triangle,
)

USUAL = {
    "fast_sigmoid": FastSigmoid,
    "arctan": ArcTan,
    "sigmoid": Sigmoid,
    "erf": Erf,
    "triangle": Triangle,
    "rectangle": Rectangle,
    "laplace": Laplace,
    "multi_gaussian": MultiGaussian,
    "straight_through": StraightThrough,
}
MATCHED = {"fast_sigmoid": FastSigmoid, "arctan": ArcTan, "triangle": Triangle, "rectangle": Rectangle}
PASSED = ("ndl", *USUAL, *(f"{name}_matched" for name in MATCHED))  # in the order of `passed`
DETACHED = ("ndl", "fast_sigmoid")  # in the order of `detached`
PLAIN = ("fast_sigmoid", "arctan", "erf_matched")  # in the order of `plain`


class Rule(NamedTuple):
    """family: "score", "passed", "detached" or "plain". member: of PASSED or PLAIN. baseline: of the score."""

    label: str
    family: str
    member: str = ""
    baseline: float = 0.0  # times the mean loss


NAMES = {
    "fast_sigmoid": "fast sigmoid",
    "arctan": "arctan",
    "sigmoid": "sigmoid",
    "erf": "Gaussian (erf)",
    "triangle": "triangle",
    "rectangle": "rectangle",
    "laplace": "exponential",
    "multi_gaussian": "multi-Gaussian",
    "straight_through": "straight-through",
}
RULES = {
    "score": Rule("score function", "score"),
    "score_mean": Rule("score function, mean baseline", "score", baseline=1.0),
    "ndl": Rule("noise-driven", "passed", "ndl"),
    **{name: Rule(NAMES[name], "passed", name) for name in USUAL},
    **{f"{name}_matched": Rule(f"{NAMES[name]}, matched", "passed", f"{name}_matched") for name in MATCHED},
    "ndl_detached": Rule("noise-driven, reset detached", "detached", "ndl"),
    "fast_sigmoid_detached": Rule("fast sigmoid, reset detached", "detached", "fast_sigmoid"),
    "fast_sigmoid_plain": Rule("fast sigmoid, no noise", "plain", "fast_sigmoid"),
    "arctan_plain": Rule("arctan, no noise", "plain", "arctan"),
    "erf_plain": Rule("Gaussian matched, no noise", "plain", "erf_matched"),
}  # by family in this order: the results are put together so
SAMPLED = (
    "score_mean",
    "ndl",
    "fast_sigmoid",
    "arctan",
    "fast_sigmoid_matched",
    "straight_through",
    "ndl_detached",
    "arctan_plain",
)  # of the larger network
OWN = ("score_mean", "own", "own_detached")  # of networks with another noise


def places(family: str) -> Array:
    """Of the family's rules: the members that they choose, or the baselines of the score."""
    names = {"passed": PASSED, "detached": DETACHED, "plain": PLAIN}.get(family)
    rules = [rule for rule in RULES.values() if rule.family == family]
    return jnp.asarray([rule.baseline if names is None else names.index(rule.member) for rule in rules], jnp.float32)


def passed(sigma: Array) -> tuple[NoiseDriven, ...]:
    """The rules of PASSED. sigma: [neuron]."""
    usual = [make() for make in USUAL.values()]
    top = 1 / (sigma * math.sqrt(2 * math.pi))  # of the noise's density
    matched = [make(1 / (make().area * top), normalize="area") for make in MATCHED.values()]
    surrogates = [NoiseDriven("gaussian", sigma, surrogate=bump) for bump in (*usual, *matched)]
    return (NoiseDriven("gaussian", sigma), *surrogates)


def few(sigma: Array) -> tuple[NoiseDriven, ...]:
    """The passed rules of SAMPLED, in its order."""
    every = dict(zip(PASSED, passed(sigma), strict=True))
    return tuple(every[RULES[name].member] for name in SAMPLED if RULES[name].family == "passed")


def detached(sigma: Array) -> tuple[NoiseDriven, ...]:
    """The rules of DETACHED: what they pass on is the same, and the neuron cuts its reset."""
    return NoiseDriven("gaussian", sigma), NoiseDriven("gaussian", sigma, surrogate=FastSigmoid())


def plain(sigma: Array) -> tuple[Surrogate, ...]:
    """The rules of PLAIN. sigma: [neuron], the width of the matched one."""
    return FastSigmoid(), ArcTan(), Erf(sigma, normalize="area")
