"""Every rule against the exact gradient, on networks small enough to sum over all patterns of spikes.

Of one network, with e the exact gradient of the expected loss and g the gradient that a rule returns on a path, for
every kind of parameter (weight, threshold, sigma, delay):

    dot = m . e      square = m . m      exact = e . e        m = E[g]
    variance = E[(g - m) . (g - m)]      of one path
    wrong = number of components with m e < 0, of `components` that are not zero
    opposed = number of networks with dot < 0: a step down the estimate would go up the expected loss

A seed stands for `networks` random networks, over which all of these are summed, so that ratios of sums weigh a network
by the size of its gradient. The same seed has the same random numbers at every point. All rules of a point are computed
in one program, one after the other (`lax.map`); results are [rule, kind], in the order of `RULES` and `KINDS`.
"""

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxsnn.core import check_positive, check_size
from jaxsnn.engine import Plan
from jaxsnn.gradients import Hazard, NoiseDriven, enumerate_paths, path_gradients, with_mode
from jaxsnn.sweeps import Study

from .network import BETA, DELAYS, DEPTHS, KINDS, LOSSES, RESETS, build, by_kind, loss, numbers, play, wiring
from .one_of import OneOf, OneOfSurrogates
from .rules import OWN, RULES, detached, passed, places, plain

LAYERS = {"one": (3,), "two": (2, 1), "three": (1, 1, 1), "loop": (3,)}
STEPS, INPUTS = 4, 2  # 2^12 patterns of spikes
SETTINGS = {"networks": 2}
HALF = 0.6931  # expected spikes per step at threshold: P = 1/2


def one_of(name: str, value: Any, allowed: Any) -> Any:
    """`value`, or a ValueError that says what else there is."""
    if value not in allowed:
        raise ValueError(f"{name} = {value!r}: must be one of {', '.join(map(str, allowed))}; pass one of these")
    return value


def prepare(point: dict[str, Any]) -> Plan:
    """Static: the form of the reset, the number of networks, the family of noise. Everything else is data."""
    check_positive("noise", point["noise"])
    check_size("networks", point["networks"])
    depth, reset = one_of("depth", point["depth"], DEPTHS), one_of("reset", point["reset"], RESETS)
    static = {"form": "subtract" if reset == "subtract" else "zero", "networks": int(point["networks"])}
    if "family" in point:
        static["family"] = one_of("family", point["family"], ("logistic", "hazard"))
    arrays = {
        "noise": float(point["noise"]),
        "beta": 0.0 if reset == "none" else BETA,
        "real": float(one_of("delay", point["delay"], DELAYS) == "real"),
        "linear": float(one_of("loss", point["loss"], LOSSES) == "linear"),
        **wiring(depth, LAYERS[depth])._asdict(),
    }
    return Plan(static, arrays, noise={})


def run(point: dict[str, Any], key) -> dict[str, Any]:
    """Sums over the point's networks of the statistics of RULES."""
    return _summed(lambda key: one_network(point, key), point, key)


def run_own(point: dict[str, Any], key) -> dict[str, Any]:
    """The same for the rules of OWN, in a network of another noise: each passes on the density of its own noise."""
    return _summed(lambda key: one_network_of_another_noise(point, key), point, key)


def _summed(one, point, key):
    keys = jax.vmap(lambda i: jax.random.fold_in(key, i))(jnp.arange(point["networks"]))
    return jax.tree.map(lambda each: jnp.sum(each, axis=0), jax.lax.map(one, keys))


def one_network(point: dict[str, Any], key) -> dict[str, Any]:
    """The statistics of all rules on one random network."""
    n, measure, settings = _drawn(point, key)
    scored = with_mode(build(point, n, NoiseDriven("gaussian", n.sigma)), "score")
    exact, mean_loss = exact_gradient(measure, scored, settings)
    exact = by_kind(exact, point)

    def judged(probability, gradients):
        return statistics(exact, probability, jax.vmap(lambda gradient: by_kind(gradient, point))(gradients))

    def score(times):
        return judged(*path_gradients(measure, scored, baseline=times * mean_loss, **settings))

    def by_chance(detach, which):
        cell = build(point, n, OneOf(n.sigma, which, rules=detached if detach else passed), detach=detach)
        return judged(*path_gradients(measure, cell, **settings))

    def without_noise(which):
        cell = build(point, n, OneOfSurrogates(n.sigma, which, rules=plain))
        gradient = eqx.filter_grad(lambda cell: measure(*play(cell, n.xs, key)))(cell)
        return judged(jnp.ones(1), jax.tree.map(lambda leaf: leaf[None], gradient))

    ways = {"score": score, "passed": partial(by_chance, False), "detached": partial(by_chance, True)}
    parts = [jax.lax.map(way, places(family)) for family, way in {**ways, "plain": without_noise}.items()]
    return jax.tree.map(lambda *each: jnp.concatenate(each), *parts) | _sizes(exact)


def one_network_of_another_noise(point: dict[str, Any], key) -> dict[str, Any]:
    """The statistics of OWN on one random network."""
    n, measure, settings = _drawn(point, key)
    own = Hazard(HALF, n.sigma) if point["family"] == "hazard" else NoiseDriven("logistic", n.sigma * 0.6)
    scored = with_mode(build(point, n, own), "score")
    gradient, mean_loss = exact_gradient(measure, scored, settings)
    exact = by_kind(gradient, point)
    cells = {"score_mean": scored, "own": build(point, n, own), "own_detached": build(point, n, own, detach=True)}
    found = []
    for name in OWN:
        options = {"baseline": mean_loss} if name == "score_mean" else {}
        probability, gradients = path_gradients(measure, cells[name], **options, **settings)
        found.append(statistics(exact, probability, jax.vmap(lambda gradient: by_kind(gradient, point))(gradients)))
    return jax.tree.map(lambda *each: jnp.stack(each), *found) | _sizes(exact)


def _drawn(point, key):
    n = numbers(point, key, steps=STEPS, inputs=INPUTS, fan_in=1.5, axonal=False)
    return n, lambda final, ys: loss(point, n, ys), {"xs": n.xs, "dt": 1.0, "key": key}


def exact_gradient(measure, scored, settings):
    """Gradient of the expected loss for a cell in score mode, by enumeration, and the expected loss."""

    def expected(cell):
        paths = enumerate_paths(cell, **settings)
        return jnp.sum(jnp.exp(paths.log_prob) * jax.vmap(measure)(paths.final, paths.ys))

    value, gradient = eqx.filter_value_and_grad(expected)(scored)
    return gradient, value


def statistics(exact, probability, gradients):
    """[kind] of one rule on one network; see the module."""
    found = {"dot": [], "square": [], "variance": [], "wrong": [], "opposed": []}
    for kind in KINDS:
        e, g = exact[kind], gradients[kind]
        m = probability @ g
        found["dot"].append(m @ e)
        found["square"].append(m @ m)
        found["variance"].append(probability @ jnp.sum(jnp.square(g - m[None]), axis=1))
        found["wrong"].append(jnp.sum((_there(e) & (m * e < 0)).astype(m.dtype)))
        found["opposed"].append((m @ e < 0).astype(m.dtype))
    return {name: jnp.stack(values) for name, values in found.items()}


def _sizes(exact):
    return {
        "exact": jnp.stack([jnp.sum(jnp.square(exact[kind])) for kind in KINDS]),
        "components": jnp.stack([jnp.sum(_there(exact[kind]).astype(jnp.float32)) for kind in KINDS]),
    }


def _there(e):
    """Components that are more than rounding: what is zero has no sign."""
    return jnp.abs(e) > 1e-4 * jnp.sqrt(jnp.sum(e * e))


def _study(name, program):
    updates = lambda point: float(2 ** (STEPS * 3) * STEPS * 3 * point["networks"] * len(RULES))
    return Study(name, 1, program, prepare, SETTINGS, chunk=8, updates=updates)


STUDY = _study("gradient_audit", run)
OWN_NOISE = _study("gradient_audit.own_noise", run_own)
