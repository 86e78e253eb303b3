"""Pooling of feature maps [channel, height, width] over squares that do not overlap.

    AveragePool    the mean of each square
    MaxPool        the largest of each square; where several are equal, as spikes are, each gets its share of the
                   gradient (PyTorch gives it all to the first)

Rows and columns that do not fill a last square are left out. window=None pools over the whole map and gives [channel].
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import Cell, Span, Tick, check_size, require


def _squares(xs: Float[Array, "time channel height width"], window: int | None) -> Float[Array, "..."]:
    """[time, channel, row, within, column, within]."""
    time, channel, height, width = xs.shape
    if window is None:
        return xs.reshape(time, channel, 1, height, 1, width)
    down, across = height // window, width // window
    fits = down > 0 and across > 0
    allowed = f"must be at most the size of the maps, {(height, width)}"
    require(fits, "window", window, allowed, "pool less often, or pass None for the whole map")
    cut = xs[:, :, : down * window, : across * window]
    return cut.reshape(time, channel, down, window, across, window)


class _Pool(Cell):
    window: int | None = eqx.field(static=True, default=2)

    def __check_init__(self):
        if self.window is not None:
            check_size(f"{type(self).__name__}.window", self.window)

    def _pooled(self, squares: Float[Array, "..."]) -> Float[Array, "..."]:
        raise NotImplementedError(f"{type(self).__name__} does not define _pooled")

    def step(self, state: PyTree, x: Float[Array, "channel height width"], tick: Tick):
        del tick
        return state, self._over(x[None])[0]

    def unroll(self, state: PyTree, xs: Float[Array, "time channel height width"], span: Span):
        del span
        return state, self._over(xs)

    def _over(self, xs: Float[Array, "time channel height width"]) -> Float[Array, "..."]:
        pooled = self._pooled(_squares(xs, self.window))
        return pooled.reshape(pooled.shape[:2]) if self.window is None else pooled


class AveragePool(_Pool):
    """window: side of the squares; None: the whole map."""

    def _pooled(self, squares):
        return jnp.mean(squares, axis=(3, 5))


class MaxPool(_Pool):
    """window: side of the squares; None: the whole map."""

    def _pooled(self, squares):
        return jnp.max(squares, axis=(3, 5))
