"""The networks that see images: two constructors, one form.

    current = encode(image)         memoryless, and the same in every step: the image is shown for `steps` steps
    logits  = mean over time of body(current)        noisy neurons: v <- v / 2 (1 - s) + i, threshold 1, reset to zero

The body ends in a linear layer whose outputs are averaged over time (Ma, Yan & Tang 2023, released code: decay 1/2,
threshold 1, loss the mean over time of each step's cross-entropy, noise on at test). Pixels are in [0, 1]; they are
normalised inside, so that the size of a perturbation means something.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from jaxsnn.core import Cell, Span, Tick, paired, param
from jaxsnn.engine import simulate
from jaxsnn.fit import cross_entropy
from jaxsnn.gradients import Erf, NoiseDriven, SpikeRule
from jaxsnn.layers import Flatten, threshold_scaled
from jaxsnn.networks import Chain
from jaxsnn.neurons import DiscreteLIF
from jaxsnn.synapses import Convolution, Dense

BETA, THRESHOLD, CLASSES = 0.5, 1.0, 10
RATE = 0.2  # expected spikes of a neuron in a step, for the initial weights

Image = Float[Array, "height width"]


class Normalise(Cell):
    """(x - mean) / deviation, of all pixels alike."""

    mean: Float[Array, ""] = param()
    deviation: Float[Array, ""] = param()

    def step(self, state, x, tick: Tick):
        del tick
        return state, (x - self.mean) / self.deviation

    def unroll(self, state, xs, span: Span):
        return self.step(state, xs, Tick(span.start, span.dt, ()))


class AsMap(Cell):
    """[height, width] -> [1, height, width], or one row of pixels."""

    flat: bool = eqx.field(static=True, default=False)

    def step(self, state, x, tick: Tick):
        del tick
        return state, x.reshape(-1) if self.flat else x[None]

    def unroll(self, state, xs, span: Span):
        del span
        return state, xs.reshape(len(xs), -1) if self.flat else xs[:, None]


class Classifier(eqx.Module):
    """See the module's docstring."""

    encode: Chain
    body: Chain
    steps: int = eqx.field(static=True)


def neurons(rule: SpikeRule, size: Any) -> DiscreteLIF:
    return DiscreteLIF(BETA, THRESHOLD, rule, size=size, reset="zero")


def _first(key: Array, shape: tuple[int, ...]) -> Array:
    """Weights of normalised pixels: currents of unit variance at every neuron."""
    return jnp.sqrt(3 / np.prod(shape[1:])).astype(float) * jax.random.uniform(key, shape, minval=-1.0, maxval=1.0)


def dense_network(key: Array, rule: SpikeRule, pixels: int, hidden: tuple[int, ...], moments: Any, steps: int):
    """Fully connected layers of `hidden` sizes on flattened images. moments: mean and deviation of the pixels."""
    keys = jax.random.split(key, len(hidden) + 1)
    cells: list[Cell] = [neurons(rule, hidden[0])]
    for k, pre, post in zip(keys[1:], hidden, (*hidden[1:], CLASSES), strict=True):
        cells.append(Dense(threshold_scaled(k, (post, pre), beta=BETA, rate=RATE)))
        if len(cells) < 2 * len(hidden):
            cells.append(neurons(rule, post))
    encode = Chain(Normalise(*moments), AsMap(flat=True), Dense(_first(keys[0], (hidden[0], pixels))))
    return Classifier(encode, Chain(*cells), steps)


def convolutional_network(key: Array, rule: SpikeRule, side: int, maps: tuple[int, int], moments: Any, steps: int):
    """Two layers of 5 x 5 convolutions with stride 2, and a linear one."""
    one, two, last = jax.random.split(key, 3)
    half, quarter = (side + 1) // 2, ((side + 1) // 2 + 1) // 2
    conv = {"stride": 2, "padding": 2}
    first = Convolution(_first(one, (maps[0], 1, 5, 5)), jnp.zeros(maps[0]), **conv)
    second = Convolution(
        threshold_scaled(two, (maps[1], maps[0], 5, 5), beta=BETA, rate=RATE), jnp.zeros(maps[1]), **conv
    )
    flat = maps[1] * quarter * quarter
    body = Chain(
        neurons(rule, (maps[0], half, half)),
        second,
        neurons(rule, (maps[1], quarter, quarter)),
        Flatten(),
        Dense(threshold_scaled(last, (CLASSES, flat), beta=BETA, rate=RATE)),
    )
    return Classifier(Chain(Normalise(*moments), AsMap(), first), body, steps)


def rule_of(sigma: float, width: float) -> SpikeRule:
    """Gaussian noise of standard deviation sigma (0: none), passing on the Gaussian density of `width`.

    At sigma = width this is noise-driven learning, at sigma = 0 a surrogate gradient of unit area.
    """
    bump = Erf(width, normalize="area")
    return NoiseDriven("gaussian", sigma, surrogate=None if sigma == width else bump) if sigma > 0 else bump


def with_rule(model: Classifier, rule: SpikeRule) -> Classifier:
    """The same weights with other neurons."""
    put = lambda cell: eqx.tree_at(lambda c: c.spike, cell, rule) if isinstance(cell, DiscreteLIF) else cell
    return eqx.tree_at(lambda m: m.body, model, Chain(*map(put, model.body.cells)))


def logits(model: Classifier, image: Image, key: Array) -> Float[Array, "time class"]:
    """One image, shown for all steps."""
    current = encoded(model, image[None])
    return run(model, jnp.broadcast_to(current, (model.steps, *current.shape[1:])), key)


def logits_of_frames(model: Classifier, frames: Float[Array, "time height width"], key: Array):
    """As `logits`, for an input that changes."""
    return run(model, encoded(model, frames), key)


def encoded(model: Classifier, frames: Float[Array, "time height width"]) -> Array:
    span = Span(jnp.int32(0), jnp.ones(()), ((),) * len(model.encode.cells), frames.shape[0])
    return model.encode.unroll(((),) * len(model.encode.cells), frames, span)[1]


def run(model: Classifier, currents: Float[Array, "time ..."], key: Array) -> Float[Array, "time class"]:
    """key: of noise that no other run sees, which is drawn in pairs."""
    return simulate(model.body, currents, dt=1.0, key=paired(key))[1]


def loss(model: Classifier, image: Image, label: Int[Array, ""], key: Array) -> Float[Array, ""]:
    """Mean over time of the cross-entropy of each step's logits."""
    return cross_entropy(logits(model, image, key), label, "step")
