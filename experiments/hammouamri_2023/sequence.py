"""Which of two inputs leads? Two delays each, learned by gradient (the set-up of Meszaros, Knight & Nowotny 2025).

    input -> delays, linear interpolation -> exponential synapses (5 ms) -> leaky integrators (10 ms) -> maximum

Both outputs have unit weights; the class is the output with the larger maximum. Delays start at the worst assignment,
in which each output answers the wrong order best, moved at random by up to a millisecond so that seeds differ. One
presentation is one step of Adam on one pattern; a round shows both in random order, and both are judged after it. The
gradient is that of automatic differentiation through interpolated delays, where theirs is of the adjoint method.
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from jaxsnn import simulate
from jaxsnn.core import require
from jaxsnn.data import sequence_detection
from jaxsnn.delays import Linear
from jaxsnn.engine import Plan
from jaxsnn.networks import Chain
from jaxsnn.neurons import LeakyIntegrator
from jaxsnn.sweeps import Grid, Panel, Study
from jaxsnn.synapses import DelayedDense, Exponential

SETUP = sequence_detection()
LONGEST = 25  # ms and steps
SHARPNESS = 20.0  # of the softmax of the maxima, which are smaller than one
CONSTANTS = {"rounds": 40}


def maxima(delay: Float[Array, "output input"], x: Float[Array, "time input"]) -> Float[Array, " output"]:
    """Largest potential of each output."""
    synapse = DelayedDense(jnp.ones_like(delay), delay, max_delay=LONGEST, kernel=Linear())
    outputs = LeakyIntegrator(SETUP.tau_mem, size=delay.shape[0])
    network = Chain(synapse, Exponential(SETUP.tau_syn, size=delay.shape[0]), outputs)
    return jnp.max(simulate(network, x, dt=1.0, key=jax.random.key(0))[1], axis=0)  # nothing is drawn


def run(point: dict[str, Any], key: Array) -> dict[str, Array]:
    x, label = jnp.asarray(SETUP.x, float), jnp.asarray(SETUP.label, jnp.int32)
    away, order = jax.random.split(key)
    start = jnp.asarray(SETUP.start, float) + jax.random.uniform(away, SETUP.start.shape)
    adam = optax.adam(point["rate"])

    def loss(delay: Array, which: Array) -> Array:
        return optax.softmax_cross_entropy_with_integer_labels(SHARPNESS * maxima(delay, x[which]), label[which])

    def presented(carry: Any, which: Array) -> tuple[Any, None]:
        delay, state = carry
        with jax.numpy_dtype_promotion("standard"):  # whatever the caller's setting: optax counts on it
            change, state = adam.update(jax.grad(loss)(delay, which), state)
        return (jnp.clip(optax.apply_updates(delay, change), 0.0, float(LONGEST)), state), None

    def judged(delay: Array) -> Array:
        highest = jax.vmap(lambda one: maxima(delay, one))(x)
        return jnp.mean((jnp.argmax(highest, axis=1) == label).astype(float))

    def shown(carry: Any, n: Array) -> tuple[Any, tuple[Array, Array]]:
        carry = jax.lax.scan(presented, carry, jax.random.permutation(jax.random.fold_in(order, n), 2))[0]
        return carry, (judged(carry[0]), carry[0])

    numbers = jnp.arange(point["rounds"], dtype=jnp.int32)
    (delay, _), (right, path) = jax.lax.scan(shown, (start, adam.init(start)), numbers)
    accuracy = jnp.concatenate([judged(start)[None], right])
    wrong = jnp.flatnonzero(accuracy < 1, size=accuracy.shape[0], fill_value=-1).max()
    leads = lambda delay: jnp.stack([delay[0, 0] - delay[0, 1], delay[1, 1] - delay[1, 0]])
    return {
        "accuracy": accuracy,  # [round], from before the first
        "solved": (wrong + 1).astype(float),  # rounds after which every pattern stays right; rounds + 1 for never
        "lead": jnp.concatenate([leads(start)[None], jax.vmap(leads)(path)]),  # ms, [round, output]; 10 is best
        "delay": delay,  # ms
    }


def prepare(point: dict[str, Any]) -> Plan:
    require(point["rate"] > 0, "rate", point["rate"], "must be positive", "pass a learning rate in ms")
    return Plan({"rounds": point["rounds"]}, {"rate": float(point["rate"])})


STUDY = Study("hammouamri_2023.sequence", 1, run, prepare, CONSTANTS, chunk=4)
SIZES = {"smoke": ((1.0,), 2, 12), "quick": ((0.3, 1.0, 3.0), 8, 40), "paper": ((0.1, 0.3, 1.0, 3.0), 32, 200)}


def panels(size: str) -> dict[str, Panel]:
    """ "sequence" alone. Raises ValueError for an unknown size."""
    require(size in SIZES, "size", size, f"must be one of {', '.join(SIZES)}", "pass one of these")
    rates, seeds, rounds = SIZES[size]
    return {"sequence": Panel(STUDY, Grid(rate=rates, seed=seeds), {"rounds": rounds}, key=9)}
