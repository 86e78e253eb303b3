"""Training one network on one set of images, and the curve it leaves; choosing noise and width before.

Adam with a cosine schedule to zero, batches of the training images without augmentation, loss as in `networks`. After
every epoch the loss on the validation images; what is kept is the network of the epoch where that was least.

Noise level and surrogate width are chosen by short trainings (`tuned`), the same number of them for the noisy and for
the deterministic network, each judged by its loss on the validation images.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from jaxsnn.engine import load_tree, save_tree
from jaxsnn.fit import Batches, descend_all, fit, free
from jaxsnn.gradients import SpikeRule
from jaxsnn.trainings import learning_curves

from .attacks import Images, Labels, mean_logits
from .images import Set
from .networks import Classifier, convolutional_network, dense_network, loss, rule_of

CURVES = ("training loss", "validation loss", "validation accuracy")
PART = 500  # images that are judged together
HELD = 1000  # validation images at most by which a short training is judged


class Tuned(NamedTuple):
    """sigma, width: the best of `levels` and of `widths`. scores: validation losses [2, candidate], noise then none."""

    sigma: float
    width: float
    scores: np.ndarray


class Trained(NamedTuple):
    model: Classifier
    curves: np.ndarray  # [CURVES, epoch]
    facts: dict[str, Any]  # times; empty where the network was read from a file


def build(known: Set, rule: SpikeRule, settings: Mapping[str, Any], key: Array) -> Classifier:
    """settings: `hidden` (sizes) or `maps` (two numbers of feature maps), and `steps`."""
    moments = known.mean, known.deviation
    if settings.get("maps"):
        return convolutional_network(key, rule, known.shape[0], tuple(settings["maps"]), moments, settings["steps"])
    pixels = known.shape[0] * known.shape[1]
    return dense_network(key, rule, pixels, tuple(settings["hidden"]), moments, settings["steps"])


def trained(known: Set, rule: SpikeRule, settings: Mapping[str, Any], key: Array, place: Path) -> Trained:
    """settings: as in `build`, and `epochs`, `batch`, `rate`, `samples` (training images used, 0 for all),
    `per_call` (steps in one compiled call).

    place: a file for the finished network, which is read if it is there; the fit's own checkpoint lies beside it.
    """
    model = build(known, rule, settings, jax.random.fold_in(key, 0))
    blank = np.zeros((len(CURVES), settings["epochs"]))
    if place.exists():
        model, curves = load_tree(place, (model, blank))[0]
        return Trained(jax.tree.map(jnp.asarray, model), curves, {})
    count = settings["samples"] or None
    batches = Batches(
        {"x": known.x["train"][:count], "label": known.label["train"][:count]},
        settings["batch"],
        key=jax.random.fold_in(key, 1),
    )
    steps = settings["epochs"] * batches.each_epoch
    found = fit(
        lambda model, batch, key: _mean_loss(model, batch, key, known.white),
        model,
        {"*.weight": free()} | ({"encode.*.bias": free(), "body.*.bias": free()} if settings.get("maps") else {}),
        optimizer=optax.adam(optax.cosine_decay_schedule(settings["rate"], steps)),
        steps=steps,
        key=jax.random.fold_in(key, 2),
        batches=batches,
        validate=_held_out(known),
        every=batches.each_epoch,
        per_call=settings["per_call"],
        checkpoint=place.with_name(f"{place.name}-fit"),
    )
    past, last = found.history, slice(batches.each_epoch - 1, None, batches.each_epoch)
    losses = past.loss.reshape(settings["epochs"], -1).mean(axis=1)
    curves = np.stack([losses, past.score[last], past.held_out["accuracy"][last]])
    save_tree(place, (found.model, curves))
    return Trained(found.model, curves, learning_curves(past, batches.each_epoch))


def tuned(known: Set, settings: Mapping[str, Any], tuning: Mapping[str, Any], key: Array, place: Path) -> Tuned:
    """tuning: `levels` and `widths`, as many of each, and `updates`. place: a file that keeps the scores."""
    levels, widths = tuning["levels"], tuning["widths"]
    candidates = [[rule_of(s, s) for s in levels], [rule_of(0.0, w) for w in widths]]
    scores = np.zeros((2, len(levels)))
    if place.exists():
        scores = load_tree(place, scores)[0]
    else:
        for at, rules in enumerate(candidates):
            for number, rule in enumerate(rules):
                scores[at, number] = _short(known, build(known, rule, settings, key), settings, tuning["updates"], key)
        save_tree(place, scores)
    best = np.argmin(scores, axis=1)
    return Tuned(float(levels[best[0]]), float(widths[best[1]]), scores)


def _short(known: Set, model: Classifier, settings: Mapping[str, Any], updates: int, key: Array) -> float:
    x, label = (jnp.asarray(one) for one in (known.x["train"], known.label["train"]))
    found = _descended(model, x, label, known.white, settings["batch"], updates, settings["rate"], key)
    x, label = (jnp.asarray(one["validation"][:HELD]) for one in (known.x, known.label))
    return float(_score(found, x, label, known.white, key)[0])


@eqx.filter_jit
def _descended(model, x, label, white: int, batch: int, updates: int, rate: float, key):
    return descended(model, x, label, white, batch, updates, jnp.asarray(rate, float), key)


def descended(
    model: Classifier,
    x: Array,
    label: Labels,
    white: int,
    batch: int,
    updates: int,
    rate: Any,
    key: Array,
    further: Mapping[str, Any] | None = None,
) -> Classifier:
    """A whole training as one traced function; batches are drawn with replacement. further: bounds beside weights."""

    def of_batch(model: Classifier, key: Array) -> Array:
        chosen, noise = jax.random.split(key)
        index = jax.random.randint(chosen, (batch,), 0, len(x))
        return _mean_loss(model, {"x": x[index], "label": label[index]}, noise, white)

    adam = optax.adam(optax.cosine_decay_schedule(rate, updates))
    train = {"*.weight": free()} | dict(further or {})
    return descend_all(of_batch, model, train, optimizer=adam, steps=updates, key=key, record=[]).model


def _mean_loss(model: Classifier, batch: dict[str, Array], key: Array, white: int) -> Array:
    x = batch["x"].astype(float) / white
    keys = jax.random.split(key, len(x))
    return jnp.mean(jax.vmap(loss, (None, 0, 0, 0))(model, x, batch["label"], keys))


def _held_out(known: Set):
    """The validation loss, of single passes, and accuracy."""
    x, label = jnp.asarray(known.x["validation"]), jnp.asarray(known.label["validation"])

    def validate(model: Classifier, key: Array) -> tuple[Array, dict[str, Array]]:
        score, right = _score(model, x, label, known.white, key)
        return score, {"accuracy": right}

    return validate


@eqx.filter_jit
def _score(model: Classifier, x: Images, label: Labels, white: int, key: Array) -> tuple[Array, Array]:
    """Mean cross-entropy of the time-mean logits, and accuracy."""
    z = in_parts(lambda x, key: mean_logits(model, x, key), x, key, white)
    right = jnp.mean((jnp.argmax(z, axis=1) == label).astype(float))
    return jnp.mean(-jax.nn.log_softmax(z)[jnp.arange(len(label)), label]), right


def in_parts(f, x: Images, key: Array, white: int) -> Array:
    """f(images, key) of parts of PART images one after another, which bounds the memory. x: bytes, 0 to `white`."""
    parts = -(-len(x) // PART)
    size = -(-len(x) // parts)
    padded = jnp.pad(x, ((0, parts * size - len(x)), (0, 0), (0, 0))).reshape(parts, size, *x.shape[1:])
    one = lambda now: f(now[0].astype(float) / white, now[1])
    found = jax.lax.map(one, (padded, jax.random.split(key, parts)))
    return found.reshape(parts * size, *found.shape[2:])[: len(x)]


def labels_of(known: Set, part: str, count: int | None) -> Labels:
    return jnp.asarray(known.label[part][:count])
