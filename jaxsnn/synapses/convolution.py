"""Convolution of feature maps: one set of synapses, used at every place.

i[out, y, x] = bias[out] + sum_in,a,b weight[out, in, a, b] s[in, stride y + a - padding, stride x + b - padding]
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import Cell, Span, Tick, check_finite, check_size, require, strong
from .patches import convolved


def _optional(value: Any) -> Any:
    return None if value is None else strong(value, "Convolution.bias")


class Convolution(Cell):
    """weight [out, in, height, width] on maps [in, height, width], zeros around them. Memoryless; a stretch of time,
    and a batch (vmap), are one convolution."""

    weight: Float[Array, "out in kernel_height kernel_width"] = eqx.field(
        converter=lambda value: strong(value, "Convolution.weight")
    )
    bias: Float[Array, " out"] | None = eqx.field(converter=_optional, default=None)  # a Norm after it needs none
    stride: int = eqx.field(static=True, default=1, kw_only=True)
    padding: int = eqx.field(static=True, default=0, kw_only=True)

    def __check_init__(self):
        shape = jnp.shape(self.weight)
        allowed = "must be (out, in, height, width)"
        require(len(shape) == 4, "Convolution.weight.shape", shape, allowed, "add the missing axes")
        check_finite("Convolution.weight", self.weight)
        check_size("Convolution.stride", self.stride)
        whole = isinstance(self.padding, int) and not isinstance(self.padding, bool) and self.padding >= 0
        remedy = "pass (kernel - 1) // 2 to keep the size of the maps"
        require(whole, "Convolution.padding", self.padding, "must be an integer of at least 0", remedy)
        if self.bias is not None:
            found = self.bias.shape
            require(found == shape[:1], "Convolution.bias.shape", found, f"must be {shape[:1]}", "pass one per map")
            check_finite("Convolution.bias", self.bias)

    def step(self, state: PyTree, x: Float[Array, "in height width"], tick: Tick):
        del tick
        return state, self._convolved(x[None])[0]

    def unroll(self, state: PyTree, xs: Float[Array, "time in height width"], span: Span):
        del span
        return state, self._convolved(xs)

    def _convolved(self, xs: Float[Array, "time in height width"]) -> Float[Array, "time out row column"]:
        maps = convolved(xs, self.weight, self.stride, self.padding)
        return maps if self.bias is None else maps + self.bias[None, :, None, None]
