"""Delays in the recurrent synapses alone, on the burst patterns of `bursts`: none, one step, random, learned.

    input -> synapses without delay -> neurons without memory, recurrent with delays of a step or more -> sum -> classes

After DelRec (Queant et al. 2025): a triangular kernel of half-width 1 + s around each delay, with s = 10 * 0.95^(100
e / E) at step e of E, so that the gradient sees far at first; nearly linear interpolation in the end, whole delays when
judged. Their kernel sums to one only where all of it fits in; ours is normalised over the lags that there are.

    none        no recurrent synapses
    one_step    all recurrent delays are one step: a plain recurrent network
    random      whole delays, uniform from one step to the longest, never changed
    learned     the same beginning, learned with the weights

Input weights, recurrent weights and delays begin alike in all arms of a seed, and all have the same weights to train.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsnn import simulate
from jaxsnn.core import require
from jaxsnn.delays import Triangular
from jaxsnn.engine import Plan
from jaxsnn.gradients import ArcTan
from jaxsnn.networks import Chain, Recurrent
from jaxsnn.neurons import DiscreteLIF
from jaxsnn.sweeps import Grid, Panel, Study
from jaxsnn.synapses import DelayedDense, Dense

from .bursts import BETA, TASK, WIDTH, curve, descended, entropy, optimizer, tested

ARMS = ("none", "one_step", "random", "learned")
CONSTANTS = {"batch": 32, "steps": 300, "test": 512, "rate": 0.01, "delay_rate": 0.2, "longest": 16}
SPREAD, FALLING = 10.0, 0.95


def spread(n: Any, steps: int) -> Float[Array, ""]:
    """s at step n of `steps`, steps of time."""
    return SPREAD * FALLING ** (100 * jnp.asarray(n, float) / steps)


def classified(values: dict[str, Array], delay: Array, width: Array, back: Array, longest: int, x: Array, key: Array):
    """Logits [class]: the readout summed over time. back: 0 cuts the recurrent synapses."""
    hidden = values["input"].shape[0]
    rule = ArcTan(WIDTH, normalize="area")
    neurons = DiscreteLIF(BETA, 1.0, rule, size=hidden, reset="zero", detach_reset=True)
    line = DelayedDense(back * values["weight"], delay, max_delay=longest, kernel=Triangular(width))
    network = Chain(Dense(values["input"]), Recurrent(neurons, line), Dense(values["readout"]))
    return jnp.sum(simulate(network, x, dt=1.0, key=key)[1], axis=0)


def run(point: dict[str, Any], key: Array) -> dict[str, Array]:
    inputs, weights, delays, readout, training, testing = jax.random.split(key, 6)
    hidden, longest = point["hidden"], point["longest"]
    normal = lambda key, shape, size: size * jax.random.normal(key, shape)
    start = {
        "input": jax.random.uniform(inputs, (hidden, TASK.channels)),
        "weight": normal(weights, (hidden, hidden), 0.5 / np.sqrt(hidden)),
        "delay": jax.random.uniform(delays, (hidden, hidden), minval=1.0, maxval=float(longest)),
        "readout": normal(readout, (TASK.classes, hidden), 1 / np.sqrt(hidden)),
    }
    learned, delayed = point["learned"] > 0, point["delayed"] > 0

    def network(values: Any, delay: Array, width: Array) -> Any:
        held = jnp.where(delayed, delay, jnp.ones_like(delay))
        return lambda x, key: classified(values, held, width, point["recurrent"], longest, x, key)

    def loss(values: Any, n: Array, key: Array) -> Array:
        delay = jnp.where(learned, values["delay"], jnp.round(start["delay"]))
        width = jnp.where(learned, 1 + spread(n, point["steps"]), 1.0)
        return entropy(point, network(values, delay, width), key)

    bounds = {"delay": (1.0, float(longest))}
    end, losses = descended(loss, start, optimizer(point), bounds, point["steps"], training)
    whole = jnp.round(jnp.where(learned, end["delay"], start["delay"]))
    moved = jnp.mean(jnp.abs(end["delay"] - start["delay"])) * point["learned"]
    counts = lambda delay: jnp.sum(jnp.round(delay).ravel()[:, None] == jnp.arange(longest + 1.0)[None], axis=0)
    return {
        **tested(point, network(end, whole, jnp.ones(())), testing),
        "moved": moved,
        "curve": curve(losses),
        "delays_before": counts(start["delay"]),  # [delay in steps]
        "delays_after": counts(whole),
    }


def prepare(point: dict[str, Any]) -> Plan:
    arm = point["arm"]
    require(arm in ARMS, "arm", arm, f"must be one of {', '.join(ARMS)}", "pass one of these")
    require(point["longest"] >= 2, "longest", point["longest"], "must be at least 2 steps", "raise it")
    traced = {"recurrent": arm != "none", "delayed": arm in ("random", "learned"), "learned": arm == "learned"}
    return Plan(
        {name: point[name] for name in ("hidden", *CONSTANTS)}, {name: float(flag) for name, flag in traced.items()}
    )


def updates(point: dict[str, Any]) -> float:
    return float(point["hidden"] * TASK.steps * (3 * point["steps"] * point["batch"] + point["test"]))


STUDY = Study("hammouamri_2023.recurrent", 1, run, prepare, CONSTANTS, chunk=4, updates=updates)
SIZES = {
    "smoke": ((4,), 2, {"steps": 6, "test": 32, "batch": 8}),
    "quick": ((8,), 10, {"steps": 300}),
    "paper": ((6, 8, 12, 24), 12, {"steps": 1000}),
}


def panels(size: str) -> dict[str, Panel]:
    """ "recurrent" alone. Raises ValueError for an unknown size."""
    require(size in SIZES, "size", size, f"must be one of {', '.join(SIZES)}", "pass one of these")
    hidden, seeds, constants = SIZES[size]
    return {"recurrent": Panel(STUDY, Grid(arm=ARMS, hidden=hidden, seed=seeds), constants, key=8)}
