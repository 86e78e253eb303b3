"""Heterogeneous delays and thresholds from spike trains alone: a student is fitted to a noisy teacher.

Teacher: six LIF neurons with escape noise; eight Poisson inputs through synapses with weights of both signs, and in
the recurrent variant synapses among the neurons too, every synapse with a delay of its own. A student with the same
structure sees inputs and spikes of some trials. It starts with all delays in the middle and all thresholds at one, and
maximises the likelihood of the recorded spikes (`log_likelihood`, exact gradient; the teacher's own spikes run through
the student's resets and recurrent synapses).

The likelihood has many maxima in the delays, so they are found from coarse to fine: Gaussian delay kernels whose width
shrinks from stage to stage, then linear interpolation, which is the teacher's. Times are in steps.
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from jaxsnn.delays import Gaussian, Linear
from jaxsnn.engine import Plan, simulate
from jaxsnn.fit import between, descend_all, free, positive
from jaxsnn.gradients import NoiseDriven, log_likelihood
from jaxsnn.networks import Chain, Recurrent
from jaxsnn.neurons import LIF
from jaxsnn.sweeps import Study
from jaxsnn.synapses import DelayedDense

NEURONS, INPUTS, TAU = 6, 8, 8.0
SHORTEST, LONGEST, MAX_DELAY = 1.0, 12.0, 13
WIDTHS = (3.0, 1.5, 0.7)
INPUT_RATE = 0.08  # spikes per step
CONSTANTS = {"steps": 200, "most": 64, "sweeps": 150, "kind": "feed-forward", "weights": "known", "noise": 0.15}


def synapses(key: Array, pre: int, scale: float) -> dict[str, Array]:
    """Weights of both signs and of similar size, delays anywhere between the shortest and the longest."""
    sign, size, delay = jax.random.split(key, 3)
    shape = (NEURONS, pre)
    weight = jax.random.rademacher(sign, shape).astype(float) * jax.random.uniform(size, shape, minval=0.7, maxval=1.3)
    return {"weight": scale * weight, "delay": jax.random.uniform(delay, shape, minval=SHORTEST, maxval=LONGEST)}


def network(parts: dict[str, Any], kernel: Any, noise: Any) -> Chain:
    """parts: `input`, `threshold` and perhaps `recurrent`."""
    wire = lambda made: DelayedDense(made["weight"], made["delay"], max_delay=MAX_DELAY, kernel=kernel)
    neurons = LIF(TAU, parts["threshold"], NoiseDriven("gaussian", noise), size=NEURONS)
    whole = neurons if "recurrent" not in parts else Recurrent(neurons, wire(parts["recurrent"]))
    return Chain(wire(parts["input"]), whole)


def teacher(point: dict[str, Any], key: Array) -> dict[str, Any]:
    inner, outer, threshold = jax.random.split(key, 3)
    parts = {
        "input": synapses(inner, INPUTS, 6.0),
        "threshold": jax.random.uniform(threshold, (NEURONS,), minval=0.6, maxval=1.4),
    }
    return parts | ({"recurrent": synapses(outer, NEURONS, 3.0)} if point["kind"] == "recurrent" else {})


def trials(point: dict[str, Any], parts: dict[str, Any], key: Array) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Inputs [trial, time, input] and the teacher's spikes [trial, time, neuron], of as many as there can be."""

    def one(key):
        xs = jax.random.bernoulli(jax.random.fold_in(key, 0), INPUT_RATE, (point["steps"], INPUTS)).astype(float)
        net = network(parts, Linear(), point["noise"])
        return xs, simulate(net, xs, dt=1.0, key=jax.random.fold_in(key, 1))[1]

    return jax.vmap(one)(jax.random.split(key, point["most"]))


def student(truth: dict[str, Any], weights: str) -> dict[str, Any]:
    """What is known before: the structure, and the weights unless they too are fitted."""
    middle = (SHORTEST + LONGEST) / 2

    def blank(made):
        start = made["weight"] if weights == "known" else jnp.sign(made["weight"]) * jnp.mean(jnp.abs(made["weight"]))
        return {"weight": start, "delay": jnp.full_like(made["delay"], middle)}

    return {name: jnp.ones(NEURONS) if name == "threshold" else blank(made) for name, made in truth.items()}


def run(point: dict[str, Any], key: Array) -> dict[str, Array]:
    truth = teacher(point, jax.random.fold_in(key, 0))
    xs, spikes = trials(point, truth, jax.random.fold_in(key, 1))
    used = (jnp.arange(point["most"]) < point["trials"]).astype(float)
    train = {"*.delay": between(SHORTEST, LONGEST), "threshold": positive()}
    rates = {"*.delay": optax.adam(0.15), "threshold": optax.adam(0.02)}
    if point["weights"] == "fitted":
        train, rates = train | {"*.weight": free()}, rates | {"*.weight": optax.adam(0.03)}

    def missing(kernel):
        """Minus the log-likelihood of a spike or silence, mean over the trials that are used."""

        def loss(parts, key):
            net = network(parts, kernel, point["noise"])
            one = lambda x, s: log_likelihood(net, s, x, dt=1.0, key=key)
            total = jnp.sum(used * jax.vmap(one)(xs, spikes))
            return -total / (jnp.sum(used) * spikes[0].size)

        return loss

    options = {"optimizer": rates, "steps": point["sweeps"], "key": key, "record": []}
    coarse = lambda parts, width: (descend_all(missing(Gaussian(width)), parts, train, **options).model, ())
    parts, _ = jax.lax.scan(coarse, student(truth, point["weights"]), jnp.asarray(WIDTHS))
    found = descend_all(missing(Linear()), parts, train, **options)
    at_truth = missing(Linear())(truth, key)
    return scores(truth, found.model) | {"excess": missing(Linear())(found.model, key) - at_truth}


def scores(truth: dict[str, Any], found: dict[str, Any]) -> dict[str, Array]:
    wires = [name for name in truth if name != "threshold"]
    gap = jnp.concatenate([(found[name]["delay"] - truth[name]["delay"]).ravel() for name in wires])
    return {
        "delays_recovered": jnp.mean((jnp.abs(gap) <= 1.0).astype(float)),
        "delay_error": jnp.median(jnp.abs(gap)),
        "threshold_error": jnp.mean(jnp.abs(found["threshold"] / truth["threshold"] - 1)),
        "weight_error": jnp.mean(
            jnp.concatenate([jnp.abs(found[n]["weight"] / truth[n]["weight"] - 1).ravel() for n in wires])
        ),
    }


def chance() -> float:
    """Fraction of delays within one step of the truth for a student that has learned nothing."""
    return 2.0 / (LONGEST - SHORTEST)


def prepare(point: dict[str, Any]) -> Plan:
    trials = int(point["trials"])
    if not 1 <= trials <= point["most"]:
        raise ValueError(f"trials = {trials}: must lie between 1 and most = {point['most']}; raise most")
    names = ("kind", "weights", "steps", "most", "sweeps")
    static = {name: point[name] for name in names}
    if static["kind"] not in ("feed-forward", "recurrent"):
        raise ValueError(f"kind = {static['kind']!r}: must be feed-forward or recurrent; pass one of the two")
    if static["weights"] not in ("known", "fitted"):
        raise ValueError(f"weights = {static['weights']!r}: must be known or fitted; pass one of the two")
    return Plan(static, {"trials": trials, "noise": float(point["noise"])})


RECOVERY = Study("fitting.recovery", 1, run, prepare, CONSTANTS, chunk=16)
