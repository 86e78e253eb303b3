"""Batch norm over the time and the batch of a spiking network's currents, per feature (Ioffe & Szegedy 2015).

    y = gain (x - mean) / sqrt(variance + epsilon) + bias

x [feature, ...]: neurons, or the channels of feature maps, whose every place in space counts. Two modes, which
`layers.training` and `layers.inference` switch in a whole network:

    axis=None      mean and variance are the running ones: causal, step by step or not, and obeys the law of blocks
    axis="batch"   mean and variance of this stretch of time, and of all samples: `unroll` within
                   `jax.vmap(..., axis_name="batch")`. They look ahead, so `step` refuses; run the whole sequence as one
                   block. The biased variance normalises; running <- (1 - momentum) running + momentum (mean, unbiased
                   variance), as in PyTorch, is returned as the final state (see `core.running`)

Steps that a mask marks as padding do not count (`Masked`), though they are normalised like the others. A gain that
begins at the threshold gives currents of the size of the threshold whatever comes in (Zheng et al. 2021). A synapse
followed by a Norm needs no bias.
"""

import math
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import (
    Cell,
    Masked,
    Running,
    Span,
    Tick,
    bare,
    check_between,
    check_finite,
    check_not_negative,
    check_size,
    param,
    require,
    strong,
)


class Norm(Cell):
    """gain, bias: where they begin, one number or [feature]; trained as [feature].

    running: statistics gathered elsewhere, which then also say the axis.
    """

    gain: Float[Array, " feature"] = param()
    bias: Float[Array, " feature"] = param()
    momentum: Float[Array, ""] = param()  # share of the newest in the running statistics
    epsilon: Float[Array, ""] = param()  # added to the variance
    running: Running
    features: int = eqx.field(static=True)
    reads_mask: ClassVar[bool] = True

    def __init__(
        self,
        features: int,
        *,
        axis: str | None = None,
        gain: Any = 1.0,
        bias: Any = 0.0,
        momentum: Any = 0.1,
        epsilon: Any = 1e-5,
        running: Running | None = None,
    ):
        check_size("Norm.features", features, "pass the number of neurons, or of channels")
        each = lambda value, name: jnp.broadcast_to(_one_or_each(value, f"Norm.{name}", features), (features,))
        self.features = features
        self.gain, self.bias = each(gain, "gain"), each(bias, "bias")
        self.momentum, self.epsilon = strong(momentum, "Norm.momentum"), strong(epsilon, "Norm.epsilon")
        self.running = running or Running(jnp.zeros_like(self.gain), jnp.ones_like(self.gain), axis)

    def __check_init__(self):
        check_between("Norm.momentum", self.momentum, 0, 1, "pass 0.1, which is usual")
        check_not_negative("Norm.epsilon", self.epsilon, "pass 1e-5, which is usual")
        name = self.axis is None or isinstance(self.axis, str)
        require(name, "Norm.axis", self.axis, "must be the name of a vmapped axis, or None", 'pass "batch" to train')

    @property
    def axis(self) -> str | None:
        return self.running.axis

    def init(self, key):
        del key
        return () if self.axis is None else self.running

    def step(self, state: PyTree, x: PyTree, tick: Tick):
        del tick
        if self.axis is not None:
            raise ValueError(
                f"Norm.axis = {self.axis!r}: statistics over a whole sequence are not known in a step of it; simulate "
                "without record= and keep the Norm out of loops to train, or pass layers.inference(network)"
            )
        return state, self._applied(bare(x)[None], self.running.mean, self.running.variance)[0]

    def unroll(self, state: PyTree, xs: PyTree, span: Span):
        del span
        if self.axis is None:
            return state, self._applied(bare(xs), self.running.mean, self.running.variance)
        mask = xs.mask if isinstance(xs, Masked) else None
        mean, variance, count = self._moments(bare(xs), mask)
        unbiased = variance * count / jnp.maximum(count - 1, 1)
        drift = lambda old, new: old + self.momentum * (jax.lax.stop_gradient(new) - old)
        gathered = Running(drift(state.mean, mean), drift(state.variance, unbiased), self.axis)
        return jax.lax.stop_gradient(gathered), self._applied(bare(xs), mean, variance)

    def _applied(self, xs, mean, variance):
        scale = self.gain / jnp.sqrt(variance + self.epsilon)
        return (xs - _row(mean, xs)) * _row(scale, xs) + _row(self.bias, xs)

    def _moments(self, xs, mask):
        """Mean, biased variance and number of what counts: over time, space and the samples of the axis."""
        places = math.prod(xs.shape[2:])
        weight = None if mask is None else mask.astype(xs.dtype).reshape((-1,) + (1,) * (xs.ndim - 1))
        steps = jnp.asarray(xs.shape[0], xs.dtype) if weight is None else jnp.sum(weight)
        count = jnp.maximum(self._gathered(steps * places), 1)

        def mean_of(values):
            counted = values if weight is None else values * weight
            return self._gathered(jnp.sum(counted, axis=(0, *range(2, xs.ndim)))) / count

        mean = mean_of(xs)
        return mean, mean_of(jnp.square(xs - _row(mean, xs))), count

    def _gathered(self, part):
        try:
            return jax.lax.psum(part, self.axis)
        except NameError:
            raise ValueError(
                f"Norm.axis = {self.axis!r}: there is no vmapped axis of this name; run the samples under "
                f"jax.vmap(..., axis_name={self.axis!r}) to train, or pass layers.inference(network)"
            ) from None


def _one_or_each(value: Any, field: str, features: int) -> Array:
    value = strong(value, field)
    allowed = f"must be () or ({features},)"
    require(value.shape in ((), (features,)), f"{field}.shape", value.shape, allowed, "pass one number, or one each")
    check_finite(field, value)
    return value


def _row(value: Float[Array, " feature"], xs: Float[Array, "time feature ..."]) -> Float[Array, "..."]:
    """[1, feature, 1, ...], to go with xs."""
    return value.reshape((1, -1) + (1,) * (xs.ndim - 2))
