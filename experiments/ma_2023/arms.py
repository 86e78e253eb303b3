"""Noise in training and noise at test, taken apart; and what all the networks do when something goes wrong.

    arm                                          trained with            tested with
    (a) deterministic, same surrogate width      no noise, width sigma   no noise
    (b) deterministic, width tuned               no noise, best width    no noise
    (c) noisy, noise-driven learning             noise sigma             noise sigma
    (d) noisy, noise off at test                 noise sigma             no noise
    (e) deterministic, noise on at test          as (a)                  noise sigma

(c) - (d) is the noise at test, (d) - (a) the noise in training. Width and sigma are standard deviations of a Gaussian.
One run chooses them by the validation images (`training.tuned`), trains (a), (b) and (c) from the same initial weights
on the same batches, for one seed, and then:

    accuracy     [arm, attack, eps]     single passes over the first `tested` test images, mean over draws of the noise
    perturbed    [arm, kind, strength]  likewise; `rates` beside it: spikes per hidden neuron and step
    resampled    [arm, draw]            all test images
    ensembles    [arm, n]               answers of logits averaged over n passes
    longer       [arm, factor]          steps times `factor`, passes divided by it; noisy networks only

White-box attacks are FGSM and PGD with the surrogate's width times 1/2, 1, 2 ("widths"), of which the worst for each
image counts, the one with the largest mean margin: for a noisy network found on one half of the draws and judged on the
other, so that luck does not count as an attack.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from jaxsnn.engine import simulate
from jaxsnn.gradients import Erf, NoiseDriven
from jaxsnn.neurons import DiscreteLIF

from .attacks import fgsm, margins, pgd, random_signs, square
from .images import Set, load
from .networks import Classifier, encoded, rule_of, with_rule
from .perturbations import KINDS, correct_when, strengths_of
from .sampling import sampled
from .training import labels_of, trained, tuned

ARMS = ("a", "b", "c", "d", "e")
WIDTHS = (1.0, 0.5, 2.0)  # of an attacker's surrogate, in units of the network's own
TRANSFER = tuple(f"from {arm}" for arm in ARMS)
ATTACKS = ("none", "signs", "fgsm", "pgd", "white box", "square", *TRANSFER)
HALF = 8  # draws of the noise in each half of a judgement
UNBOUNDED = 0.5  # an eps that must break every network
CHECKS = ("steps doubled", "unbounded")

Rules = Mapping[str, tuple[float, float]]


def rules(sigma: float, width: float) -> dict[str, tuple[float, float]]:
    """Noise level and width of each arm at test."""
    return {"a": (0.0, sigma), "b": (0.0, width), "c": (sigma, sigma), "d": (0.0, sigma), "e": (sigma, sigma)}


def train(point, key, checkpoint, *, images, tuning, test, attack, **settings):
    """For `Trainings`. settings: those of `training.trained`; tuning: of `tuned`; test, attack: see `evaluate`."""
    del point
    known = load(images)
    beside = lambda name: Path(checkpoint).with_name(f"{Path(checkpoint).name}-{name}")
    choice = tuned(known, settings, tuning, jax.random.fold_in(key, 2), beside("tuned"))
    at_test = rules(choice.sigma, choice.width)
    weights, curves, facts = {}, [], {}
    for arm in ("a", "b", "c"):
        found = trained(known, rule_of(*at_test[arm]), settings, jax.random.fold_in(key, 0), beside(arm))
        weights[arm], facts[arm] = found.model, found.facts
        curves.append(found.curves)
    weights |= {"d": weights["c"], "e": weights["a"]}
    networks = {arm: with_rule(weights[arm], rule_of(*at_test[arm])) for arm in ARMS}
    found = evaluate(known, networks, at_test, jax.random.fold_in(key, 1), test, attack)
    own = {"curves": curves, "chosen": [choice.sigma, choice.width], "scores": choice.scores}
    return found | {name: np.asarray(value, np.float32) for name, value in own.items()}, facts


def evaluate(
    known: Set, networks: Mapping[str, Classifier], at_test: Rules, key: Array, test: Mapping, attack: Mapping
) -> dict[str, np.ndarray]:
    """test: `images` used for resampling. attack: `tested` images, `eps`, `steps`, `draws` (of the expectation),
    `queries` and `query_draws` of the square attack, `strengths` of each kind of perturbation."""
    x, label = jnp.asarray(known.pixels("test", attack["tested"])), labels_of(known, "test", attack["tested"])
    k = lambda n: jax.random.fold_in(key, n)
    found = perturbed(networks, at_test, x, label, k(0), attack["strengths"])
    found["accuracy"], found["checks"] = attacked(networks, at_test, x, label, k(1), attack)
    found |= sampled(known, networks, at_test, k(2), test["images"])
    return {name: np.asarray(value, np.float32) for name, value in found.items()}


def attacked(networks, at_test: Rules, x, label, key: Array, attack: Mapping) -> tuple[np.ndarray, np.ndarray]:
    """accuracy [arm, attack, eps], and checks [arm, CHECKS] at the largest eps."""
    accuracy = np.full((len(ARMS), len(ATTACKS), len(attack["eps"])), np.nan)
    checks = np.full((len(ARMS), len(CHECKS)), np.nan)
    for column, eps in enumerate(attack["eps"]):
        eps = jnp.asarray(eps, float)
        k = jax.random.fold_in(key, column)
        made = {arm: _white_box(networks[arm], at_test[arm], x, label, eps, k, attack) for arm in ARMS}
        for row, arm in enumerate(ARMS):
            put = lambda name, value: accuracy.__setitem__((row, ATTACKS.index(name), column), float(value))  # noqa: B023
            judge = _judge(networks[arm], at_test[arm], label, jax.random.fold_in(k, 100 + row))
            first, second = zip(*(judge(images) for images in made[arm].values()), strict=True)
            worst = np.argmax(np.stack(first), axis=0)
            put("white box", np.take_along_axis(np.stack(second), worst[None], axis=0).mean())
            put("fgsm", second[0].mean())
            put("pgd", second[len(WIDTHS)].mean())
            put("none", judge(x)[1].mean())
            put("signs", judge(random_signs(x, eps, k))[1].mean())
            for source in ARMS:
                put(f"from {source}", judge(made[source]["pgd 1"])[1].mean())
            noisy = at_test[arm][0] > 0
            queried = square(networks[arm], x, label, eps, jax.random.fold_in(k, 200 + row),
                             attack["query_draws"] if noisy else 1, attack["queries"])  # fmt: skip
            put("square", judge(queried)[1].mean())
    for row, arm in enumerate(ARMS):
        draws = attack["draws"] if at_test[arm][0] > 0 else 1
        judge = _judge(networks[arm], at_test[arm], label, jax.random.fold_in(key, 300 + row))
        k, steps = jax.random.fold_in(key, 400 + row), attack["steps"]
        seen, white = with_rule(networks[arm], _attackers(*at_test[arm])), jnp.asarray(UNBOUNDED, float)
        longer = pgd(seen, x, label, jnp.asarray(attack["eps"][-1], float), k, draws, 2 * steps)
        wide = pgd(seen, x, label, white, k, draws, steps)
        checks[row] = judge(longer)[1].mean(), judge(wide)[1].mean()
    return accuracy, checks


def _white_box(model, rule: tuple[float, float], x, label, eps, key, attack: Mapping) -> dict[str, Array]:
    """Adversarial images: FGSM at every width, then PGD."""
    sigma, width = rule
    draws = attack["draws"] if sigma > 0 else 1
    seen = {f"{w:g}": with_rule(model, _attackers(sigma, w * width)) for w in WIDTHS}
    made = {f"fgsm {w}": fgsm(one, x, label, eps, key, draws) for w, one in seen.items()}
    return made | {f"pgd {w}": pgd(one, x, label, eps, key, draws, attack["steps"]) for w, one in seen.items()}


def _attackers(sigma: float, width: float):
    """One program for all widths: the surrogate is named even where it is the density of the noise."""
    bump = Erf(width, normalize="area")
    return NoiseDriven("gaussian", sigma, surrogate=bump) if sigma > 0 else bump


def _judge(model: Classifier, rule: tuple[float, float], label, key: Array):
    """images -> of each, the mean margin in one half of the draws, and how often it is right in the other half."""

    def judge(images: Array) -> tuple[np.ndarray, np.ndarray]:
        draws = 2 * HALF if rule[0] > 0 else 1
        found = np.asarray(margins(model, images, label, key, draws))
        half = found[HALF:] if draws > 1 else found
        return found[:HALF].mean(axis=0), (half < 0).mean(axis=0)

    return judge


def perturbed(networks, at_test: Rules, x, label, key: Array, strengths: Mapping[str, Sequence[float]]):
    """accuracy and hidden spikes per neuron and step, [arm, kind, strength] (see `perturbations`)."""
    shape = len(ARMS), len(KINDS), len(next(iter(strengths.values())))
    accuracy = np.full(shape, np.nan)
    rates = np.full((len(ARMS), _hidden(networks["a"])), np.nan)
    for row, arm in enumerate(ARMS):
        draws = HALF // 2 if at_test[arm][0] > 0 else 2
        rates[row] = firing_rates(networks[arm], x, key)
        for which, kind in enumerate(KINDS):
            for column, strength in enumerate(strengths[kind]):
                k = jax.random.fold_in(jax.random.fold_in(key, which), column)
                by = strengths_of(kind, jnp.asarray(strength, float))
                right = correct_when(networks[arm], by, x, label, k, draws)
                accuracy[row, which, column] = float(jnp.mean(right))
    return {"perturbed": accuracy, "rates": rates}


def _hidden(model: Classifier) -> int:
    return len(_layers(model))


def _layers(model: Classifier) -> list[int]:
    return [place for place, cell in enumerate(model.body.cells) if isinstance(cell, DiscreteLIF)]


@eqx.filter_jit
def firing_rates(model: Classifier, images: Array, key: Array) -> Array:
    """Spikes per neuron and step of every hidden layer, mean over images."""
    places = _layers(model)

    def one(image, key):
        current = encoded(model, image[None])
        currents = jnp.broadcast_to(current, (model.steps, *current.shape[1:]))
        record = lambda state, y: jnp.stack([jnp.mean(state[place].s) for place in places])
        return jnp.mean(simulate(model.body, currents, dt=1.0, key=key, record=record)[1], axis=0)

    return jnp.mean(jax.vmap(one)(images, jax.random.split(key, len(images))), axis=0)
