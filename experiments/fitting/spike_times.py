"""Exact spike times of a recurrent network with delays, fitted through the events themselves (EventProp).

Teacher and student are `EventLIF` networks: five neurons in continuous time, eight inputs with three spikes each, and
recurrent synapses, every synapse with a delay. The student is told when each neuron of the teacher fired, for several
input patterns, and moves its delays, thresholds and weights by the exact gradient of the squared differences of spike
times. Gradients do not see spikes that are to appear or vanish, so restarts that begin with other numbers of spikes
than the teacher may stay there; that is reported and not hidden. Times in ms.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from jaxsnn.engine import Plan
from jaxsnn.fit import between, descend_all, free, positive, spike_time_loss
from jaxsnn.networks import EventLIF
from jaxsnn.sweeps import Study

NEURONS, INPUTS, SPIKES_IN, KEPT = 5, 8, 3, 16
END, TAU_MEM, TAU_SYN = 60.0, 15.0, 5.0
SHORTEST, LONGEST = 1.0, 9.0
CLOSE = 0.1  # ms: spike times are found when their root mean square error is below it
CONSTANTS = {"patterns": 4, "sweeps": 400, "away": 0.3}


def patterns(key: Array, count: int) -> Float[Array, "pattern input spike"]:
    """Times of the input spikes, rising."""
    return jnp.sort(jax.random.uniform(key, (count, INPUTS, SPIKES_IN), minval=1.0, maxval=0.7 * END), axis=-1)


def teacher(key: Array) -> EventLIF:
    keys = jax.random.split(key, 5)
    uniform = lambda key, shape, low, high: jax.random.uniform(key, shape, minval=low, maxval=high)
    return EventLIF(
        uniform(keys[0], (NEURONS, INPUTS), 0.2, 1.1),
        uniform(keys[1], (NEURONS, NEURONS), -0.6, 0.6),
        uniform(keys[2], (NEURONS, INPUTS), SHORTEST, LONGEST),
        uniform(keys[3], (NEURONS, NEURONS), SHORTEST, LONGEST),
        uniform(keys[4], (NEURONS,), 0.5, 0.8),
        TAU_MEM,
        TAU_SYN,
        spikes=KEPT,
        min_slope=1e-3,
    )


def student(truth: EventLIF, away: Any, key: Array) -> EventLIF:
    """The teacher with every trained number moved: delays by up to `away` of their range, the rest by that factor."""
    keys = jax.random.split(key, 5)
    shift = lambda key, a, size: a + away * size * jax.random.uniform(key, a.shape, minval=-1.0, maxval=1.0)
    cut = lambda a: jnp.clip(a, SHORTEST, LONGEST)
    span = LONGEST - SHORTEST
    moved = (
        shift(keys[0], truth.weight_in, 0.5),
        shift(keys[1], truth.weight_rec, 0.5),
        cut(shift(keys[2], truth.delay_in, span)),
        cut(shift(keys[3], truth.delay_rec, span)),
        truth.threshold * (1 + away * jax.random.uniform(keys[4], (NEURONS,), minval=-0.5, maxval=0.5)),
    )
    where = lambda net: (net.weight_in, net.weight_rec, net.delay_in, net.delay_rec, net.threshold)
    return eqx.tree_at(where, truth, moved)


def run(point: dict[str, Any], key: Array) -> dict[str, Array]:
    inputs = patterns(jax.random.fold_in(key, 0), point["patterns"])
    truth = teacher(jax.random.fold_in(key, 1))
    fire = lambda net: jax.vmap(lambda times: net(times, END))(inputs)
    wanted = fire(truth).times
    loss = lambda net, key: jnp.mean(jax.vmap(spike_time_loss)(fire(net).times, wanted))
    train = {"delay_*": between(SHORTEST, LONGEST), "weight_*": free(), "threshold": positive()}
    rate = lambda top: optax.adam(optax.cosine_decay_schedule(top, point["sweeps"]))
    rates = {"delay_*": rate(0.1), "weight_*": rate(0.02), "threshold": rate(0.02)}
    start = student(truth, point["away"], jax.random.fold_in(key, 2))
    found = descend_all(loss, start, train, optimizer=rates, steps=point["sweeps"], key=key, record=[])
    before, after = fire(start), fire(found.model)
    return {
        "spikes": jnp.sum(jnp.isfinite(wanted)).astype(float) / point["patterns"],
        "error_before": root_mean_square(before.times, wanted),
        "error": root_mean_square(after.times, wanted),
        "missing_before": unmatched(before.times, wanted),
        "missing": unmatched(after.times, wanted),
        "complete": jnp.all(after.complete).astype(float),
    }


def root_mean_square(times: Array, wanted: Array) -> Float[Array, ""]:
    """Over the spikes that both have."""
    both = jnp.isfinite(times) & jnp.isfinite(wanted)
    gap = jnp.where(both, times, 0.0) - jnp.where(both, wanted, 0.0)
    return jnp.sqrt(jnp.sum(jnp.square(gap)) / jnp.maximum(jnp.sum(both), 1).astype(gap.dtype))


def unmatched(times: Array, wanted: Array) -> Float[Array, ""]:
    """Spikes that one has and the other has not, per wanted spike."""
    count = lambda which: jnp.sum(which).astype(times.dtype)
    return count(jnp.isfinite(times) != jnp.isfinite(wanted)) / count(jnp.isfinite(wanted))


def prepare(point: dict[str, Any]) -> Plan:
    if not point["away"] >= 0:
        raise ValueError(f"away = {point['away']}: must not be negative; pass a fraction such as 0.3")
    return Plan({name: point[name] for name in ("patterns", "sweeps")}, {"away": float(point["away"])})


SPIKE_TIMES = Study("fitting.spike_times", 1, run, prepare, CONSTANTS, chunk=16)
