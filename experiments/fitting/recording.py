"""Threshold, time constant and input resistance of a neuron from a recording of its voltage and spikes.

The recording is made by other means: diffrax integrates tau dv/dt = -v + resistance i(t) with an adaptive Runge-Kutta
method (Tsit5) from spike to spike, each located by a root finder as an event in continuous time, after which v is reset
to zero. The current is piecewise constant noise. It is sampled every half millisecond, with measurement noise on v.

Two ways to fit our `LIF` to it, both with exact gradients:

    voltage   the recorded spikes reset the model, and the recorded voltage is its target, by least squares
    spikes    only the spikes are known: the likelihood under escape noise, whose level is fitted too

A sweep's seed is a restart from another initial guess, within a factor of three of the truth for each parameter; the
recording is an axis, each with other true parameters. The fitted neuron is then run freely on a current that it has
not seen, and its spikes are compared with the recorded ones (coincidence within 2 ms, chance removed).
Times in ms, potentials in units of the typical threshold.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax
import optimistix
from jaxtyping import Array, Float

from jaxsnn.engine import Plan, simulate
from jaxsnn.fit import descend_all, positive
from jaxsnn.gradients import NoiseDriven, log_likelihood
from jaxsnn.networks import Chain
from jaxsnn.neurons import LIF, LeakyIntegrator
from jaxsnn.sweeps import Study
from jaxsnn.synapses import Dense, Exponential

DT, STEPS = 0.5, 1200
MEASUREMENT = 0.02  # standard deviation of the noise on the recorded voltage
NEAR = 4  # steps: spikes closer than this coincide
CONSTANTS = {"way": "voltage", "sweeps": 1500}


class Truth(NamedTuple):
    tau: float
    threshold: float
    resistance: float


def truth(recording: int) -> Truth:
    """Other parameters for every recording."""
    rng = np.random.default_rng([7, recording])
    return Truth(rng.uniform(8, 25), rng.uniform(0.7, 1.4), rng.uniform(0.7, 1.5))


def current(recording: int, part: int) -> np.ndarray:
    """Piecewise constant over a step: a slow and a fast Ornstein-Uhlenbeck process about a mean above threshold."""
    rng = np.random.default_rng([11, recording, part])
    total = np.full(STEPS, 1.1)
    for tau, sigma in ((5.0, 0.6), (100.0, 0.5)):
        decay, x = np.exp(-DT / tau), 0.0
        for n, z in enumerate(rng.standard_normal(STEPS)):
            x = decay * x + sigma * np.sqrt(1 - decay**2) * z
            total[n] += x
    return total


@lru_cache(maxsize=64)
def record(recording: int, part: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Current, measured voltage at the end of every step, spikes (0 or 1): each [time]. part: 0 to fit, 1 to test."""
    with jax.enable_x64(True):
        given, i = truth(recording), current(recording, part)
        times, v = integrate(given, i)
    spikes = np.zeros(STEPS)
    spikes[np.clip(np.floor(np.asarray(times) / DT).astype(int), 0, STEPS - 1)] = 1
    noise = np.random.default_rng([13, recording, part]).standard_normal(STEPS)
    return i, v + MEASUREMENT * noise, spikes


class Held(NamedTuple):
    """What diffrax is given: the neuron, and the current of every step."""

    tau: Any
    threshold: Any
    resistance: Any
    current: Any


@jax.jit
def _until_spike(held: Held, begin: Array) -> diffrax.Solution:
    steps = jnp.arange(1, STEPS + 1) * DT
    crossing = lambda t, y, args, **_: y - args.threshold

    def slope(t, v, args):
        now = args.current[jnp.clip(jnp.floor(t / DT).astype(jnp.int32), 0, STEPS - 1)]
        return (args.resistance * now - v) / args.tau

    each_step, end = diffrax.SubSaveAt(ts=jnp.maximum(steps, begin)), diffrax.SubSaveAt(t1=True)
    return diffrax.diffeqsolve(
        diffrax.ODETerm(slope),
        diffrax.Tsit5(),
        begin,
        STEPS * DT,
        0.05,
        jnp.zeros(()),
        held,
        saveat=diffrax.SaveAt(subs=[each_step, end]),
        stepsize_controller=diffrax.ClipStepSizeController(diffrax.PIDController(1e-8, 1e-10), jump_ts=steps),
        event=diffrax.Event(crossing, optimistix.Newton(1e-10, 1e-10), direction=True),
        max_steps=None,
        throw=False,
    )


def integrate(given: Truth, i: np.ndarray) -> tuple[list[float], np.ndarray]:
    """Spike times, and v at the end of every step: diffrax from spike to spike (float64)."""
    held = Held(*(jnp.asarray(x) for x in (*given, i)))
    steps, times, v, begin = np.arange(1, STEPS + 1) * DT, [], np.zeros(STEPS), 0.0
    while begin < STEPS * DT:
        with jax.numpy_dtype_promotion("standard"):  # diffrax counts on it, whatever the caller's setting
            solution = _until_spike(held, jnp.asarray(begin))
        end, level = float(solution.ts[1][0]), np.asarray(solution.ys[0])
        inside = (steps > begin) & (steps <= end)
        v[inside] = level[inside]
        if end >= STEPS * DT:
            break
        times.append(end)
        begin = end
    return times, v


def guess(given: dict[str, Array], key: Array) -> dict[str, Array]:
    """Every parameter wrong by up to a factor of three."""
    factor = jnp.exp(jnp.log(3.0) * jax.random.uniform(key, (len(given),), minval=-1.0, maxval=1.0))
    return {name: value * factor[n] for n, (name, value) in enumerate(sorted(given.items()))}


def voltage(model: dict[str, Array], i: Float[Array, " time"], spikes: Float[Array, " time"]) -> Float[Array, " time"]:
    """The model's voltage when the recorded spikes reset it: that of the current, less what the resets took."""
    cells = {"drive": LeakyIntegrator(model["tau"], size=1), "resets": Exponential(model["tau"], size=1)}
    inputs = {"drive": model["resistance"] * i, "resets": spikes}
    key = jax.random.key(0)
    part = {name: simulate(cell, inputs[name][:, None], dt=DT, key=key)[1][:, 0] for name, cell in cells.items()}
    return part["drive"] - model["threshold"] * part["resets"]


def run(point: dict[str, Any], key: Array) -> dict[str, Array]:
    i, v, spikes = point["current"], point["voltage"], point["spikes"]
    known = {name: point[name] for name in ("tau", "threshold", "resistance")}
    rate = optax.cosine_decay_schedule(0.1, point["sweeps"])
    options = {"optimizer": optax.adam(rate), "steps": point["sweeps"], "key": key, "record": []}
    if point["way"] == "voltage":
        loss = lambda model, key: jnp.mean(jnp.square(voltage(model, i, spikes) - v))
        found = descend_all(loss, guess(known, key), {"*": positive()}, **options)
        model = found.model
    else:  # only threshold / resistance can be told from spikes

        def loss(model, key):
            neuron = LIF(model["tau"], model["threshold"], NoiseDriven("gaussian", model["sigma"]), size=1)
            return -log_likelihood(neuron, spikes[:, None], i[:, None], dt=DT, key=key) / jnp.sum(spikes)

        scaled = {"tau": known["tau"], "threshold": known["threshold"] / known["resistance"]}
        start = guess(scaled, key) | {"sigma": jnp.asarray(0.3)}
        found = descend_all(loss, start, {"*": positive()}, **options)
        model = {**found.model, "resistance": jnp.asarray(1.0)}
    ratio = lambda name: model[name] / known[name]
    gain = (model["threshold"] / model["resistance"]) / (known["threshold"] / known["resistance"])
    return {
        "tau": ratio("tau"),
        "threshold": ratio("threshold") if point["way"] == "voltage" else jnp.asarray(jnp.nan),
        "threshold_over_resistance": gain,
        "coincidence": coincidence(free_run(model, point["test_current"]), point["test_spikes"]),
        "loss": found.loss[-1],
    }


def free_run(model: dict[str, Array], i: Float[Array, " time"]) -> Float[Array, " time"]:
    neuron = Chain(Dense(model["resistance"].reshape(1, 1)), LIF(model["tau"], model["threshold"], size=1))
    return simulate(neuron, i[:, None], dt=DT, key=jax.random.key(0))[1][:, 0]


def coincidence(a: Float[Array, " time"], b: Float[Array, " time"]) -> Float[Array, ""]:
    """Coincidence of two trains: 1 for the same spikes to 2 ms, 0 for what chance gives (Kistler et al. 1997)."""
    window = jnp.ones(2 * NEAR + 1)
    close = (jnp.convolve(b, window, mode="same") > 0.5).astype(a.dtype)
    by_chance = jnp.sum(b) * jnp.sum(a) * window.size / a.size
    found = jnp.sum(a * close) - by_chance
    return found / (0.5 * (jnp.sum(a) + jnp.sum(b))) / (1 - jnp.sum(a) * window.size / a.size)


def prepare(point: dict[str, Any]) -> Plan:
    """The recording is made here, on the host."""
    if point["way"] not in ("voltage", "spikes"):
        raise ValueError(f"way = {point['way']!r}: must be voltage or spikes; pass one of the two")
    recording = int(point["recording"])
    i, v, spikes = record(recording, 0)
    test_current, _, test_spikes = record(recording, 1)
    arrays = truth(recording)._asdict() | {"current": i, "voltage": v, "spikes": spikes}
    arrays |= {"test_current": test_current, "test_spikes": test_spikes}
    return Plan({"way": point["way"], "sweeps": point["sweeps"]}, arrays)


RECORDING = Study("fitting.recording", 1, run, prepare, CONSTANTS, chunk=16, undefined=("threshold",))
