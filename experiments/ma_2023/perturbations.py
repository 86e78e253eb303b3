"""What may go wrong in a network that runs: spikes lost, added or flipped in every hidden layer, events and pixels.

    delete    a fraction b of a layer's spikes is lost
    insert    as many are added, at places without one: round down(b x number of spikes)
    flip      the authors' form: a fraction b of the ones turns to zero *and* the same fraction of the zeros to one.
              In a layer that is mostly silent the second adds far more than the first takes
    drop      a fraction of the non-zero entries of the input, shown for all steps, is zero (event drop)
    noise     Gaussian noise on the pixels, one draw for all steps, cut to [0, 1]

Numbers of places are rounded down, and the places drawn without replacement over all of a layer's neurons and steps for
each image. A layer's own reset sees the spikes that it fired; what follows sees the perturbed ones. All kinds are one
program: a kind says which of the five numbers of `Strengths` is not zero.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from jaxsnn.core import Cell, Span, as_tuple, require
from jaxsnn.networks import Chain
from jaxsnn.neurons import DiscreteLIF

from .networks import Classifier, Image, logits_of_frames

KINDS = ("delete", "insert", "flip", "drop", "noise")
_HALVINGS = 25  # more than the digits of a uniform float32


class Strengths(NamedTuple):
    """Fractions of ones lost, of ones inserted, of zeros that fire, of events dropped; deviation of the pixels."""

    lost: Array
    inserted: Array
    new: Array
    dropped: Array
    pixels: Array


def strengths_of(kind: str, strength: Array) -> Strengths:
    require(kind in KINDS, "kind", kind, f"must be one of {', '.join(KINDS)}", "pass one of these")
    zero = jnp.zeros_like(strength)
    on = lambda *kinds: strength if kind in kinds else zero
    return Strengths(on("delete", "flip"), on("insert"), on("flip"), on("drop"), on("noise"))


def lowest(among: Array, score: Float[Array, "..."], count: Array) -> Array:
    """The `count` places of `among` with the lowest score in [0, 1), as a mask: by halving, which sorts nothing."""

    def halve(_, ends):
        low, high = ends
        middle = (low + high) / 2
        enough = jnp.sum(among & (score < middle)) >= count
        return jnp.where(enough, low, middle), jnp.where(enough, middle, high)

    edge = jax.lax.fori_loop(0, _HALVINGS, halve, (jnp.zeros(()), jnp.ones(())))[1]
    return among & (score < edge) & (count > 0)


def _part(among: Array, fraction: Array) -> Array:
    """That fraction of the places, rounded down; 3 of 10 at 0.3, whatever the rounding of floats."""
    return jnp.floor(fraction * jnp.sum(among).astype(fraction.dtype) + 1e-4).astype(jnp.int32)


def disturbed(spikes: Float[Array, "..."], score: Float[Array, "..."], by: Strengths) -> Float[Array, "..."]:
    """score: independent uniform numbers, one a place."""
    ones = spikes > 0
    lost = lowest(ones, score, _part(ones, by.lost))
    count = jnp.minimum(_part(ones, by.inserted) + _part(~ones, by.new), jnp.sum(~ones))
    return jnp.where(lost, 0.0, jnp.where(lowest(~ones, score, count), 1.0, spikes))


class Disturbed(Cell):
    """A layer whose outgoing spikes are disturbed; whole sequences only. Its own noise is what it was."""

    cell: DiscreteLIF
    by: Strengths

    def init(self, key):
        return self.cell.init(key)

    def draw(self, stream, steps):
        size = as_tuple(self.cell.size)
        own = jax.random.fold_in(stream, 2**31)  # beyond any step, which the neurons fold in
        score = jax.vmap(lambda step: jax.random.uniform(jax.random.fold_in(own, step), size))(steps)
        return self.cell.draw(stream, steps), score

    def unroll(self, state: PyTree, xs: PyTree, span: Span):
        noise, score = span.noise
        state, spikes = self.cell.unroll(state, xs, span.part(noise))
        return state, disturbed(spikes, score, self.by)


def with_disturbed_spikes(model: Classifier, by: Strengths) -> Classifier:
    wrap = lambda cell: Disturbed(cell, by) if isinstance(cell, DiscreteLIF) else cell
    return eqx.tree_at(lambda m: m.body, model, Chain(*map(wrap, model.body.cells)))


def events_dropped(image: Image, steps: int, fraction: Array, key: Array) -> Float[Array, "time height width"]:
    frames = jnp.broadcast_to(image, (steps, *image.shape))
    there = frames > 0
    score = jax.random.uniform(key, frames.shape)
    return jnp.where(lowest(there, score, _part(there, fraction)), 0.0, frames)


def noisy_pixels(image: Image, deviation: Array, key: Array) -> Image:
    return jnp.clip(image + deviation * jax.random.normal(key, image.shape), 0.0, 1.0)


def mean_logits_when(model: Classifier, by: Strengths, image: Image, key: Array) -> Float[Array, " class"]:
    """Of one image, one draw of everything."""
    pixels, events, run = (jax.random.fold_in(key, n) for n in range(3))
    frames = events_dropped(noisy_pixels(image, by.pixels, pixels), model.steps, by.dropped, events)
    return jnp.mean(logits_of_frames(with_disturbed_spikes(model, by), frames, run), axis=0)


@eqx.filter_jit
def correct_when(
    model: Classifier, by: Strengths, images: Array, labels: Array, key: Array, draws: int
) -> Float[Array, "draw image"]:
    """Whether single passes are right."""

    def one(k):
        each = lambda image, k: mean_logits_when(model, by, image, k)
        return jnp.argmax(jax.vmap(each)(images, jax.random.split(k, len(images))), axis=1) == labels

    return jax.lax.map(one, jax.random.split(key, draws)).astype(images.dtype)
