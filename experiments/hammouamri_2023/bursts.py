"""Noise against the longest delay, on burst patterns that only delays can tell apart.

    input -> delayed synapses, weight and delay learned -> noisy neurons without memory -> sum over time -> classes

The task is `jaxsnn.data.Bursts`: every channel sends one burst, the class is in the order of the bursts, the onset
wanders. The membranes decay to 0.005 in a step, as in the released configuration of the paper for spoken digits, so
that all memory is in the delays. There is no batch norm. Arms with the same initial weights and delays:

    random      whole delays of one tap from the beginning; only the weights learn
    blurred     random delays that are not rounded, behind Gaussian kernels of 0.5 steps; only the weights learn (a
                control: a kernel that is wider than a step forgives jitter, learned or not)
    learned     as in DCLS: Gaussian kernels whose width falls from half the longest delay to 0.5 steps in a quarter of
                the training; rounded and of one tap when tested, which the weights have not seen
    settled     the same for three quarters of the training; then the delays are rounded, and the weights go on behind
                one tap (not of the paper: it tells what rounding costs)

Noise: Gaussian, in the comparison with the threshold, in training and test; its standard deviation is in units of the
threshold. The gradient is that of a surrogate of fixed width, so that what the map shows is what noise does to the
computation, not to the gradient. Longest delays and noise levels are traced, and share one program.

Also told: what whole optimal delays and a count of coincidences reach on the same samples (`ideal`).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from jaxsnn import simulate
from jaxsnn.core import require
from jaxsnn.data import Bursts
from jaxsnn.delays import Gaussian
from jaxsnn.engine import Plan
from jaxsnn.gradients import ArcTan, NoiseDriven
from jaxsnn.networks import Chain
from jaxsnn.neurons import DiscreteLIF
from jaxsnn.sweeps import Grid, Panel, Study
from jaxsnn.synapses import DelayedDense, Dense

TASK = Bursts(classes=4, channels=5, spikes=3, stretch=4, wander=20, margin=4)
JITTER = 1.0  # steps, of every spike
BETA = 0.005  # decay of every membrane in a step
WIDTH = 0.3  # of the surrogate, in thresholds
NARROWEST = 0.5  # steps, of the kernels at the end
ONE_TAP = 1e-2  # steps: at whole delays all but one weight vanish
MAX_DELAY = 24
ARMS = ("random", "blurred", "learned", "settled")
LAST = 0.75  # share of the training after which `settled` has whole delays
CONSTANTS = {"hidden": 16, "batch": 32, "steps": 300, "test": 512, "rate": 0.01, "delay_rate": 0.2}
KEPT = 20  # points of a learning curve


def descended(
    loss: Callable[[Any, Array, Array], Array],
    start: dict[str, Array],
    optimizer: Any,
    bounds: dict[str, tuple[Any, Any]],
    steps: int,
    key: Array,
) -> tuple[dict[str, Array], Float[Array, " step"]]:
    """Parameters at the end and the loss of every step. loss: of (parameters, number of the step, key).

    bounds: by name, (low, high), kept by clipping after every step, as the released code does.
    """

    def one(carry: Any, n: Array) -> Any:
        values, state = carry
        found, slope = jax.value_and_grad(loss)(values, n, jax.random.fold_in(key, n))
        with jax.numpy_dtype_promotion("standard"):  # whatever the caller's setting: optax counts on it
            change, state = optimizer.update(slope, state, values)
        moved: Any = optax.apply_updates(values, change)
        kept = {name: jnp.clip(moved[name], *bounds[name]) if name in bounds else moved[name] for name in moved}
        return (kept, state), found

    (values, _), losses = jax.lax.scan(one, (start, optimizer.init(start)), jnp.arange(steps, dtype=jnp.int32))
    return values, losses


def optimizer(point: dict[str, Any], share: Any = 1.0) -> Any:
    """Adam for weights, and for delays (steps of time) with a rate that falls to zero by a cosine.

    share: of the training in which delays learn.
    """

    def falling(n: Array) -> Array:
        done = jnp.minimum(n.astype(float) / (share * point["steps"]), 1.0)
        return point["delay_rate"] * (1 + jnp.cos(jnp.pi * done)) / 2

    return optax.multi_transform(
        {"weight": optax.adam(point["rate"]), "delay": optax.adam(falling)},
        lambda values: {name: "delay" if name == "delay" else "weight" for name in values},
    )


def entropy(point: dict[str, Any], network: Any, key: Array) -> Float[Array, ""]:
    """Mean cross-entropy of a fresh batch. network: number of classes from (spikes, key)."""
    drawn, noise = jax.random.split(key)
    samples = TASK.draw(drawn, point["batch"], JITTER)
    logits = jax.vmap(network)(samples.x.astype(float), jax.random.split(noise, point["batch"]))
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, samples.label))


def tested(point: dict[str, Any], network: Any, key: Array) -> dict[str, Array]:
    """The share of fresh samples that are recognised, and the share that optimal delays recognise."""
    drawn, noise = jax.random.split(key)
    samples = TASK.draw(drawn, point["test"], JITTER)
    logits = jax.vmap(network)(samples.x.astype(float), jax.random.split(noise, point["test"]))
    ideal = TASK.decide(samples.x, width=TASK.spikes)
    share = lambda chosen: jnp.mean((chosen == samples.label).astype(float))
    return {"accuracy": share(jnp.argmax(logits, axis=1)), "ideal": share(ideal)}


def curve(losses: Float[Array, " step"]) -> Float[Array, " part"]:
    """Means over equal parts of the training."""
    parts = min(KEPT, losses.shape[0])
    each = losses.shape[0] // parts
    return jnp.mean(losses[: parts * each].reshape(parts, each), axis=1)


def classified(values: dict[str, Array], delay: Array, width: Array, noise: Array, x: Array, key: Array) -> Array:
    """Logits [class]: the readout summed over time."""
    rule = NoiseDriven("gaussian", noise, surrogate=ArcTan(WIDTH, normalize="area"))
    hidden = values["weight"].shape[0]
    synapse = DelayedDense(values["weight"], delay, max_delay=MAX_DELAY, kernel=Gaussian(width))
    neurons = DiscreteLIF(BETA, 1.0, rule, size=hidden, reset="zero", detach_reset=True)
    return jnp.sum(simulate(Chain(synapse, neurons, Dense(values["readout"])), x, dt=1.0, key=key)[1], axis=0)


def run(point: dict[str, Any], key: Array) -> dict[str, Array]:
    weights, delays, readout, training, testing = jax.random.split(key, 5)
    shape, longest, learned = (point["hidden"], TASK.channels), point["longest"], point["learned"] > 0
    start = {
        "weight": 0.5 * jax.random.uniform(weights, shape),
        "delay": longest * jax.random.uniform(delays, shape),
        "readout": jax.random.normal(readout, (TASK.classes, point["hidden"])) / np.sqrt(point["hidden"]),
    }

    share = jnp.where(point["settled"] > 0, LAST, 1.0)

    def behind(values: Any, n: Array) -> tuple[Array, Array]:
        """Delays and the width of their kernels at step n."""
        first = jnp.maximum(longest / 2, NARROWEST)
        wide = jnp.maximum(first * (NARROWEST / first) ** (4 * n / point["steps"]), NARROWEST)
        soft = jnp.where(learned, wide, NARROWEST)
        whole = (point["blurred"] == 0) & (~learned | (n.astype(float) >= share * point["steps"]))
        held = jnp.where(learned, values["delay"], start["delay"])
        return jnp.where(whole, jnp.round(held), held), jnp.where(whole, ONE_TAP, soft)

    def loss(values: Any, n: Array, key: Array) -> Array:
        network = lambda x, key: classified(values, *behind(values, n), point["noise"], x, key)
        return entropy(point, network, key)

    how = optimizer(point, share)
    end, losses = descended(loss, start, how, {"delay": (0.0, longest)}, point["steps"], training)
    network = lambda delay, width: lambda x, key: classified(end, delay, width, point["noise"], x, key)
    whole = jnp.round(jnp.where(learned, end["delay"], start["delay"]))
    last = behind(end, jnp.asarray(point["steps"] - 1))
    moved = jnp.mean(jnp.abs(end["delay"] - start["delay"])) * point["learned"]
    return {
        **tested(point, network(whole, jnp.asarray(ONE_TAP)), testing),
        "as_trained": tested(point, network(*last), testing)["accuracy"],  # before delays are rounded
        "moved": moved,
        "curve": curve(losses),
    }


def prepare(point: dict[str, Any]) -> Plan:
    require(point["arm"] in ARMS, "arm", point["arm"], f"must be one of {', '.join(ARMS)}", "pass one of these")
    require(
        0 <= point["longest"] <= MAX_DELAY, "longest", point["longest"], f"must be 0 to {MAX_DELAY} steps", "lower it"
    )
    require(point["noise"] > 0, "noise", point["noise"], "must be positive", "pass a small number for hardly any")
    traced = {"noise": float(point["noise"]), "longest": float(point["longest"])}
    static = {name: point[name] for name in CONSTANTS}
    arm = point["arm"]
    flags = {"blurred": arm == "blurred", "learned": arm in ("learned", "settled"), "settled": arm == "settled"}
    return Plan(static, {**traced, **{name: float(flag) for name, flag in flags.items()}})


def updates(point: dict[str, Any]) -> float:
    return float(point["hidden"] * TASK.steps * (3 * point["steps"] * point["batch"] + point["test"]))


STUDY = Study("hammouamri_2023.bursts", 1, run, prepare, CONSTANTS, chunk=8, updates=updates)
SIZES = {
    "smoke": ((0.1, 0.4), (4, 16), 2, {"steps": 12, "hidden": 8, "test": 64}),
    "quick": ((0.1, 0.4, 0.8), (0, 4, 8, 16, 24), 6, {"steps": 300}),
    "paper": ((0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8), (0, 2, 4, 6, 8, 12, 16, 20, 24), 8, {"steps": 1000}),
}


def panels(size: str) -> dict[str, Panel]:
    """ "bursts" alone. Raises ValueError for an unknown size."""
    require(size in SIZES, "size", size, f"must be one of {', '.join(SIZES)}", "pass one of these")
    noise, longest, seeds, constants = SIZES[size]
    return {"bursts": Panel(STUDY, Grid(arm=ARMS, noise=noise, longest=longest, seed=seeds), constants, key=7)}
