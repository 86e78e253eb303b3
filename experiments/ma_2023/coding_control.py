"""Does a learned noise level find the truth? The student has the teacher's own structure, and the truth is known.

Teacher: noisy LIFs (threshold one, reset to zero) with noise `sigma` in every layer, driven by slow random signals
through delays. The student maximises the likelihood of the teacher's spikes given the signals.

    "one layer"             8 cells. Weights, delays, decay and noise level are all fitted: the weights begin wrong by
                            half their size, delays by up to 3 steps, noise by a factor of two. The gradient is exact
    "two layers, 1 draw"    16 hidden, 8 output. Everything but the two noise levels is known. The hidden spikes are
                            not: they are sampled, so the objective is a bound, E log P, with noise-driven gradients
    "two layers, K draws"   the same, with the mean of each spike's probability over K samples of the hidden layer
                            inside the logarithm: nearer to the likelihood

A sweep's seed is another teacher with other signals. Times in steps.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from jaxsnn.delays import Gaussian
from jaxsnn.engine import Plan, simulate
from jaxsnn.fit import between, descend_all, free, positive
from jaxsnn.gradients import NoiseDriven, log_likelihood
from jaxsnn.networks import Chain
from jaxsnn.neurons import DiscreteLIF
from jaxsnn.noise import OrnsteinUhlenbeck
from jaxsnn.sweeps import Grid, Panel, Study
from jaxsnn.synapses import DelayedDense, Dense

from .coding_fit import stepwise_log_prob
from .coding_models import Coder

SIGNALS, CELLS, HIDDEN = 8, 8, 16
LONGEST, BETA, SLOW = 8, 0.6, 4.0  # steps
KINDS = {"one layer": 1, "two layers, 1 draw": 1, "two layers, 8 draws": 8}  # samples of the hidden layer
CONSTANTS = {"trials": 16, "steps": 250, "sweeps": 200}


def _lif(size: int, sigma: Any) -> DiscreteLIF:
    return DiscreteLIF(BETA, 1.0, NoiseDriven("gaussian", sigma), size=size, reset="zero")


def teacher(kind: str, sigma: Any, key: Array) -> Coder:
    first, second, third = jax.random.split(key, 3)
    size = CELLS if kind == "one layer" else HIDDEN
    weight = jax.random.normal(first, (size, SIGNALS)) * (1.0 / SIGNALS**0.5)
    delay = jax.random.uniform(second, (size, SIGNALS), minval=1.0, maxval=LONGEST - 1.0)
    delayed = DelayedDense(weight, delay, max_delay=LONGEST, kernel=Gaussian(1.0))
    if kind == "one layer":
        return Coder(delayed, _lif(CELLS, sigma))
    readout = jax.random.normal(third, (CELLS, HIDDEN)) * 0.25 + 0.1
    return Coder(Chain(delayed, _lif(HIDDEN, sigma)), Chain(Dense(readout), _lif(CELLS, sigma)))


def student(kind: str, truth: Coder, key: Array) -> Coder:
    """Where the fit begins."""
    keys = jax.random.split(key, 3)
    off = lambda key: 2.0 ** jax.random.uniform(key, minval=-1.0, maxval=1.0)
    levels = lambda model: [level for part in (model.hidden, model.output) if (level := _level(part)) is not None]
    wrong = [level * off(key) for level, key in zip(levels(truth), keys, strict=False)]
    begun = eqx.tree_at(levels, truth, wrong)
    if kind != "one layer":
        return begun
    hidden: Any = truth.hidden
    weight, delay = hidden.weight, hidden.delay
    size = 0.5 * jnp.std(weight)
    moved = weight + size * jax.random.normal(keys[1], weight.shape)
    later = jnp.clip(delay + jax.random.uniform(keys[2], delay.shape, minval=-3.0, maxval=3.0), 0.0, float(LONGEST))
    return eqx.tree_at(lambda m: (m.hidden.weight, m.hidden.delay), begun, (moved, later))


def _level(part: Any) -> Any:
    """The noise level of a layer; None where it has no neurons."""
    last = part.cells[-1] if isinstance(part, Chain) else part
    return last.spike.sigma if isinstance(last, DiscreteLIF) else None  # type: ignore[attr-defined]


def missing(kind: str, model: Coder, signals: Array, spikes: Array, key: Array) -> Float[Array, ""]:
    """Minus the log-probability of a spike or silence of one trial: exact, a bound, or nearly exact, by kind."""
    draws = KINDS[kind]
    first, second = jax.random.split(key)
    if draws == 1:
        features = model.features(signals, first)
        return -log_likelihood(model.output, spikes, features, dt=1.0, key=second) / spikes.size
    features = jax.vmap(lambda key: model.features(signals, key))(jax.random.split(first, draws))
    each = jax.vmap(lambda x: stepwise_log_prob(model.output, spikes, x, second))(features)
    return -jnp.mean(jax.nn.logsumexp(each, axis=0)) + jnp.log(jnp.asarray(float(draws)))


def run(point: dict[str, Any], key: Array) -> dict[str, Array]:
    kind, sigma = point["kind"], point["sigma"]
    keys = jax.random.split(key, 4)
    truth = teacher(kind, sigma, keys[0])

    def trial(key):
        source, watch = jax.random.split(key)
        _, signals = simulate(OrnsteinUhlenbeck(SLOW, 1.0, size=SIGNALS), dt=1.0, key=source, steps=point["steps"])
        return signals, truth.spikes(signals, watch)

    signals, spikes = jax.vmap(trial)(jax.random.split(keys[1], point["trials"]))

    def loss(model, key):
        each = jax.random.split(key, point["trials"])
        return jnp.mean(jax.vmap(lambda x, s, k: missing(kind, model, x, s, k))(signals, spikes, each))

    rate = lambda top: optax.adam(optax.cosine_decay_schedule(top, point["sweeps"]))
    train, rates = {"*.spike.sigma": positive()}, {"*.spike.sigma": rate(0.05)}
    if kind == "one layer":
        train |= {"hidden.weight": free(), "hidden.delay": between(0, LONGEST), "output.beta": between(0, 0.98)}
        rates |= {"hidden.weight": rate(0.03), "hidden.delay": rate(0.15), "output.beta": rate(0.01)}
    begun = student(kind, truth, keys[2])
    found = descend_all(loss, begun, train, optimizer=rates, steps=point["sweeps"], key=keys[3], record=[])
    ratio = lambda part: jnp.asarray(jnp.nan) if _level(part) is None else _level(part) / sigma
    return {
        "output": ratio(found.model.output),
        "hidden": ratio(found.model.hidden),
        "before": ratio(begun.output),
        "rate": jnp.mean(spikes),
        "excess": loss(found.model, keys[3]) - loss(truth, keys[3]),
    }


def prepare(point: dict[str, Any]) -> Plan:
    if point["kind"] not in KINDS:
        raise ValueError(f"kind = {point['kind']!r}: must be one of {', '.join(KINDS)}; pass one of these")
    if not point["sigma"] > 0:
        raise ValueError(f"sigma = {point['sigma']}: must be positive; pass a noise level such as 0.3")
    return Plan({name: point[name] for name in ("kind", *CONSTANTS)}, {"sigma": float(point["sigma"])})


CONTROL = Study("ma_2023.coding_control", 1, run, prepare, CONSTANTS, chunk=4, undefined=("hidden",))
SIGMAS = (0.15, 0.3, 0.6)


def control(trials: int, sweeps: int, seeds: int, sigmas: tuple[float, ...] = SIGMAS) -> Panel:
    """Every kind at every noise level of the teacher."""
    grid = Grid(kind=list(KINDS), sigma=list(sigmas), seed=seeds)
    return Panel(CONTROL, grid, {"trials": trials, "sweeps": sweeps}, key=0)
