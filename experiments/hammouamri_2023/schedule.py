"""What changes from epoch to epoch: the width of the delay kernels, the two learning rates, Adam's beta1.

    width    |SIG| + 0.27 steps; SIG falls from floor(T/2) by equal factors to 0.23 in the first quarter of the epochs,
             so that the width ends at 0.5                                          (released code of the paper)
    weights  Adam, L2 decay 1e-5, one cycle over the epochs: the rate rises by a cosine from highest/25 to `highest` at
             30 % of them and falls to highest/250000; beta1 goes 0.95, 0.85, 0.95    (PyTorch's OneCycleLR)
    delays   Adam, rate 0.1 steps, cosine to zero                                     (PyTorch's CosineAnnealingLR)

All of it is a function of the number of the epoch, and held while an epoch lasts.
"""

import math
from typing import Any

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

NARROW = 0.23  # SIG at the end
EXTRA = 0.27  # width - SIG


def width(epoch: Any, taps: int, epochs: int) -> Float[Array, ""]:
    """Standard deviation of the delay kernels in an epoch, steps. taps: T = max_delay + 1; epochs: at least four."""
    first, falling = taps // 2, epochs // 4
    share = jnp.minimum(jnp.asarray(epoch, float) / falling, 1.0)
    return first * (NARROW / first) ** share + EXTRA


def _cosine(start: float, end: float, share: Float[Array, ""]) -> Float[Array, ""]:
    return end + (start - end) / 2 * (1 + jnp.cos(math.pi * share))


def _cycle(epoch: Any, epochs: int, low: float, high: float, end: float) -> Float[Array, ""]:
    """From low to high in the first 30 % of the epochs, and on to end at the last."""
    at, turn, last = jnp.asarray(epoch, float), 0.3 * epochs - 1, epochs - 1
    rising = _cosine(low, high, jnp.clip(at / turn, 0, 1))
    return jnp.where(at <= turn, rising, _cosine(high, end, jnp.clip((at - turn) / (last - turn), 0, 1)))


def weight_rate(epoch: Any, epochs: int, highest: float) -> Float[Array, ""]:
    return _cycle(epoch, epochs, highest / 25, highest, highest / 25e4)


def weight_beta(epoch: Any, epochs: int) -> Float[Array, ""]:
    return _cycle(epoch, epochs, 0.95, 0.85, 0.95)


def delay_rate(epoch: Any, epochs: int, highest: float) -> Float[Array, ""]:
    return _cosine(highest, 0.0, jnp.asarray(epoch, float) / epochs)


def weight_optimizer(epochs: int, each_epoch: int, *, highest: float = 5e-3, decay: float = 1e-5) -> Any:
    """Adam of the weights (of the norms too: with decay = 0). each_epoch: steps in an epoch; four epochs at least."""
    adam = optax.inject_hyperparams(optax.adam)(
        learning_rate=lambda step: weight_rate(step // each_epoch, epochs, highest),
        b1=lambda step: weight_beta(step // each_epoch, epochs),
    )
    return optax.chain(optax.add_decayed_weights(decay), adam) if decay else adam


def delay_optimizer(epochs: int, each_epoch: int, *, highest: float = 0.1) -> Any:
    """Adam of the delays; rates in steps of time."""

    def rate(step: Any) -> Any:
        return delay_rate(step // each_epoch, epochs, highest)

    return optax.adam(rate)
