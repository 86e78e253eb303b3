"""Noise distributions, levels and seeds on the 8 x 8 digits: all trainings of a panel in one compiled program.

A point is a network of one hidden layer, its noise and the way it learns; the training is part of the run, a scan over
batches drawn with replacement. Kinds are the four distributions, at equal standard deviation, and "none": no noise,
with a Gaussian surrogate whose width is the level. So at every level a noisy network stands beside the deterministic
one that passes on the same derivative.

    validation   accuracy of single passes on the validation images, by which levels are chosen
    resampled    [draw] accuracy on the test images of single passes, each with noise of its own
    ensembles    [n] of logits averaged over n = 1, 2, 4, 8 passes
    at_level     [level] on the test images with the noise at test at LEVELS in place of that of the training
    rate         spikes per hidden neuron and step

`LEARNED` has two hidden layers with a Gaussian noise level each, which the noise-driven gradient moves too (on the log
of the level) or leaves where they begin.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsnn.core import check_not_negative, check_positive, check_size
from jaxsnn.engine import Plan
from jaxsnn.fit import positive
from jaxsnn.gradients import NoiseDriven, SpikeRule
from jaxsnn.neurons import DiscreteLIF
from jaxsnn.sweeps import Study

from .arms import firing_rates
from .attacks import mean_logits
from .families import FAMILIES, AnyNoise
from .images import load
from .networks import Classifier, dense_network, with_rule
from .training import descended

KINDS = (*FAMILIES, "none")
LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 1.0)  # of the noise at test
WAYS = ("held", "learned")
DRAWS, PASSES = 10, (1, 2, 4, 8)
CONSTANTS = {"steps": 6, "hidden": 64, "batch": 50, "updates": 400, "rate": 1e-2}


def digits(part: str) -> tuple[Float[Array, "image height width"], Array]:
    known = load("digits")
    return jnp.asarray(known.pixels(part)), jnp.asarray(known.label[part])


def _trained(model: Classifier, point: dict[str, Any], key: Array, further: Any = None) -> Classifier:
    x, label = digits("train")
    return descended(model, x, label, 1, point["batch"], point["updates"], point["rate"], key, further)


def accuracies(model: Classifier, part: str, key: Array) -> tuple[Array, Array]:
    """Of single passes [DRAWS], and of logits averaged over PASSES."""
    x, label = digits(part)
    z = jax.lax.map(lambda k: mean_logits(model, x, k), jax.random.split(key, DRAWS))
    right = lambda z: jnp.mean((jnp.argmax(z, axis=-1) == label[None]).astype(float), axis=-1)
    groups = lambda n: z[: DRAWS // n * n].reshape(DRAWS // n, n, *z.shape[1:]).mean(axis=1)
    return right(z), jnp.stack([jnp.mean(right(groups(n))) for n in PASSES])


def network(point: dict[str, Any], key: Array, hidden: tuple[int, ...], rule: SpikeRule) -> Classifier:
    known = load("digits")
    return dense_network(
        key, rule, known.shape[0] * known.shape[1], hidden, (known.mean, known.deviation), point["steps"]
    )


def judged(model: Classifier, key: Array) -> dict[str, Array]:
    resampled, ensembles = accuracies(model, "test", jax.random.fold_in(key, 0))
    return {
        "validation": jnp.mean(accuracies(model, "validation", jax.random.fold_in(key, 1))[0]),
        "resampled": resampled,
        "ensembles": ensembles,
        "rate": jnp.mean(firing_rates(model, digits("test")[0], jax.random.fold_in(key, 2))),
    }


def run(point: dict[str, Any], key: Array) -> dict[str, Array]:
    rule = AnyNoise(point["family"], point["sigma"], point["width"])
    model = network(point, jax.random.fold_in(key, 0), (point["hidden"],), rule)
    model = _trained(model, point, jax.random.fold_in(key, 1))

    def at(level: Array) -> Array:
        other = with_rule(model, AnyNoise(point["family"], level, point["width"]))
        return jnp.mean(accuracies(other, "test", jax.random.fold_in(key, 3))[0])

    return judged(model, jax.random.fold_in(key, 2)) | {"at_level": jax.lax.map(at, jnp.asarray(LEVELS))}


def run_learned(point: dict[str, Any], key: Array) -> dict[str, Array]:
    """The two levels begin at `level`."""
    hidden = (point["hidden"],) * 2
    # each layer a rule, and so a level, of its own
    model = network(point, jax.random.fold_in(key, 0), hidden, NoiseDriven("gaussian", point["level"]))
    model = _trained(
        model, point, jax.random.fold_in(key, 1), {"*.sigma": positive()} if point["way"] == "learned" else None
    )
    rules = [cell.spike for cell in model.body.cells if isinstance(cell, DiscreteLIF)]
    levels = [rule.sigma for rule in rules if isinstance(rule, NoiseDriven)]
    return judged(model, jax.random.fold_in(key, 2)) | {"levels": jnp.stack(levels)}


def _sizes(point: dict[str, Any]) -> dict[str, Any]:
    for name in ("steps", "hidden", "batch", "updates"):
        check_size(name, point[name])
    check_positive("rate", point["rate"])
    return {name: point[name] for name in ("steps", "hidden", "batch", "updates")}


def prepare(point: dict[str, Any]) -> Plan:
    kind = point["kind"]
    if kind not in KINDS:
        raise ValueError(f"kind = {kind!r}: must be one of {', '.join(KINDS)}; pass one of these")
    check_positive("level", point["level"], "the levels are standard deviations of the noise; pass one above zero")
    none = kind == "none"
    arrays = {
        "family": float(FAMILIES.index("gaussian" if none else kind)),
        "sigma": 0.0 if none else float(point["level"]),
        "width": float(point["level"]),
        "rate": float(point["rate"]),
    }
    check_not_negative("sigma", arrays["sigma"])
    sizes = _sizes(point)
    return Plan(sizes, arrays, {"steps": sizes["steps"]})


def prepare_learned(point: dict[str, Any]) -> Plan:
    check_positive("level", point["level"])
    sizes = _sizes(point)
    arrays = {"level": float(point["level"]), "rate": float(point["rate"])}
    if point["way"] not in WAYS:
        raise ValueError(f"way = {point['way']!r}: must be one of {', '.join(WAYS)}; pass one of these")
    return Plan({**sizes, "way": point["way"]}, arrays, {"steps": sizes["steps"]})


def _updates(point: dict[str, Any]) -> float:
    return float(point["updates"] * point["batch"] * point["steps"] * point["hidden"])


LEVEL_STUDY = Study("ma_2023.levels", 1, run, prepare, CONSTANTS, chunk=64, updates=_updates)
LEARNED = Study("ma_2023.learned", 1, run_learned, prepare_learned, CONSTANTS, chunk=16, updates=_updates)
