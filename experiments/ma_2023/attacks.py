"""Adversarial images: x' within eps of x at every pixel, and in [0, 1]; one perturbation for all time steps.

    g         mean over n draws of the noise of  d/dx cross-entropy(time-mean logits of a draw, label)
    FGSM      x + eps sign g                                                    (Goodfellow et al. 2015)
    PGD       from a random point of the box: x <- cut(x + 2.5 eps / steps sign g(x)), fresh draws every step
              (Madry et al. 2018; with the expectation over draws of Athalye et al. 2018)
    square    no gradient: squares of +-eps at random places, kept where they raise the margin
              max_(j != label) z_j - z_label of the mean logits over n draws; the candidate and what it has to beat see
              the same fresh draws (after Andriushchenko et al. 2020)

The gradient is the one that the model's spike rule passes on: an attacker who may choose the width of the surrogate
is the model with another rule (`networks.with_rule`). A network without noise takes one draw. Within one draw of an
attack all images see the same noise, which costs less and leaves each image's mean over draws what it is; when answers
are judged (`correct`), every image has noise of its own.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jaxsnn.fit import cross_entropy

from .networks import Classifier, logits

Images = Float[Array, "image height width"]
Labels = Int[Array, " image"]
Scalar = Any  # a traced number

SHRINK = (0.05, 0.2, 0.5, 0.8)  # of the queries, where the squares' area is halved
AREA = 0.3  # of the first squares


def _keys(key: Array, images: Images) -> Array:
    return jax.random.split(key, len(images))


def mean_logits(model: Classifier, images: Images, key: Array) -> Float[Array, "image class"]:
    """Of one draw of the noise."""
    return jnp.mean(jax.vmap(logits, (None, 0, 0))(model, images, _keys(key, images)), axis=1)


def mean_loss(model: Classifier, images: Images, labels: Labels, key: Array) -> Float[Array, ""]:
    """Summed over the images: their gradients stay apart. One draw of the noise for all."""
    each = lambda x, label: cross_entropy(logits(model, x, key), label, "mean")
    return jnp.sum(jax.vmap(each)(images, labels))


def gradient(model: Classifier, images: Images, labels: Labels, key: Array, draws: int) -> Images:
    one = jax.grad(mean_loss, argnums=1)

    def add(total, k):
        return total + one(model, images, labels, k), None

    total, _ = jax.lax.scan(add, jnp.zeros_like(images), jax.random.split(key, draws))
    return total / draws


def _cut(adversarial: Images, images: Images, eps: Scalar) -> Images:
    return jnp.clip(jnp.clip(adversarial, images - eps, images + eps), 0.0, 1.0)


@eqx.filter_jit
def random_signs(images: Images, eps: Scalar, key: Array) -> Images:
    """No attack: every pixel moved by +-eps, which an attack has to beat."""
    return jnp.clip(images + eps * jax.random.rademacher(key, images.shape).astype(images.dtype), 0.0, 1.0)


@eqx.filter_jit
def _ascended(
    model: Classifier,
    begin: Images,
    images: Images,
    labels: Labels,
    eps: Scalar,
    size: Scalar,
    key: Array,
    draws: int,
    steps: Scalar,
) -> Images:
    """Signed steps of `size` up the loss, from `begin`, within eps of the images. One program for FGSM and PGD."""

    def step(number, x):
        g = gradient(model, x, labels, jax.random.fold_in(key, number), draws)
        return _cut(x + size * jnp.sign(g), images, eps)

    return jax.lax.fori_loop(0, jnp.asarray(steps, jnp.int32), step, begin)


def fgsm(model: Classifier, images: Images, labels: Labels, eps: Scalar, key: Array, draws: int) -> Images:
    return _ascended(model, images, images, labels, eps, eps, key, draws, jnp.int32(1))


def pgd(model: Classifier, images: Images, labels: Labels, eps: Scalar, key: Array, draws: int, steps: int) -> Images:
    begin = images + eps * jax.random.uniform(jax.random.fold_in(key, 0), images.shape, minval=-1.0, maxval=1.0)
    once = jax.random.fold_in(key, 1)
    return _ascended(
        model, _cut(begin, images, eps), images, labels, eps, 2.5 * eps / steps, once, draws, jnp.int32(steps)
    )


def _wrong_by(z: Float[Array, "image class"], labels: Labels) -> Float[Array, " image"]:
    """The margin: positive where the answer is wrong."""
    own = jax.nn.one_hot(labels, z.shape[1], dtype=bool)
    return jnp.max(jnp.where(own, -jnp.inf, z), axis=1) - jnp.sum(jnp.where(own, z, 0.0), axis=1)


def _margin(model: Classifier, images: Images, labels: Labels, key: Array, draws: int) -> Float[Array, " image"]:
    """Of the mean logits over the draws."""
    one = lambda k: jnp.mean(jax.vmap(lambda x: logits(model, x, k))(images), axis=1)
    return _wrong_by(jnp.mean(jax.lax.map(one, jax.random.split(key, draws)), axis=0), labels)


@eqx.filter_jit
def square(
    model: Classifier, images: Images, labels: Labels, eps: Scalar, key: Array, draws: int, queries: int
) -> Images:
    count, height, width = images.shape
    stripes = jax.random.rademacher(jax.random.fold_in(key, 0), (count, 1, width)).astype(images.dtype)
    begin = _cut(images + eps * stripes, images, eps)
    when = jnp.searchsorted(jnp.asarray(SHRINK) * queries, jnp.arange(queries).astype(float), side="right")
    sides = jnp.maximum(jnp.round(jnp.sqrt(AREA / 2.0 ** when.astype(float) * height * width)), 1.0)
    sides = jnp.minimum(sides.astype(jnp.int32), min(height, width))

    def query(state, now):
        x, best = state
        side, k = now
        place, sign, noise = jax.random.split(k, 3)
        corner = jax.random.uniform(place, (2, count))
        room = jnp.asarray([height, width])[:, None] - side + 1
        top, left = jnp.floor(corner * room.astype(corner.dtype)).astype(jnp.int32)
        inside = lambda low, size: jnp.abs(2 * (jnp.arange(size)[None] - low[:, None]) - side + 1) < side
        where = inside(top, height)[:, :, None] & inside(left, width)[:, None, :]
        moved = eps * jax.random.rademacher(sign, (count, 1, 1)).astype(x.dtype)
        candidate = _cut(jnp.where(where, images + moved, x), images, eps)
        found = _margin(model, candidate, labels, noise, draws)
        if draws > 1:  # what is to be beaten is judged again, on the same draws
            best = _margin(model, x, labels, noise, draws)
        better = found > best
        return (jnp.where(better[:, None, None], candidate, x), jnp.where(better, found, best)), None

    first = _margin(model, begin, labels, jax.random.fold_in(key, 1), draws)
    (x, _), _ = jax.lax.scan(query, (begin, first), (sides, jax.random.split(jax.random.fold_in(key, 2), queries)))
    return x


@eqx.filter_jit
def margins(model: Classifier, images: Images, labels: Labels, key: Array, draws: int) -> Float[Array, "draw image"]:
    """Of single passes, each with noise of its own: negative where the answer is right."""
    return jax.lax.map(lambda k: _wrong_by(mean_logits(model, images, k), labels), jax.random.split(key, draws))


def correct(model: Classifier, images: Images, labels: Labels, key: Array, draws: int) -> Float[Array, "draw image"]:
    """Whether single passes are right."""
    return (margins(model, images, labels, key, draws) < 0).astype(images.dtype)
