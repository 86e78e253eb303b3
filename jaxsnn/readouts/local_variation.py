"""Local variation of spike trains: how much each inter-spike interval differs from the next, in one pass.

    CV2 = mean of 2 |I' - I| / (I' + I)             (Holt, Softky, Koch & Douglas 1996)
    LV  = mean of 3 (I' - I)^2 / (I' + I)^2         (Shinomoto, Shima & Tanji 2003)

over the pairs of intervals I, I' that follow one another. Both are 1 for a Poisson process, as is the CV, and 0 for a
clock; unlike the CV they do not take a slow change of the rate for irregularity. Intervals are counted in steps. The
three spikes of a pair must lie in the window. Several spikes in one step count as one: between them there is no
interval to compare. A neuron with fewer than three spikes has no pair: its results are NaN.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..core import Span, Tick, Total
from .accumulate import add, no_total
from .score import Seen
from .window import Meter, shape_of

_NONE = -1


class LocalVariationState(NamedTuple):
    contrasts: Total  # sum of |I' - I| / (I' + I)
    squares: Total  # sum of its squares
    count: Int[Array, "..."]  # number of pairs
    last: Int[Array, "..."]  # step of the last spike in the window
    interval: Int[Array, "..."]  # the last interval, in steps

    @property
    def cv2(self) -> Float[Array, "..."]:
        return 2 * self.contrasts.value / self.count.astype(self.contrasts.high.dtype)

    @property
    def lv(self) -> Float[Array, "..."]:
        return 3 * self.squares.value / self.count.astype(self.squares.high.dtype)


class LocalVariation(Meter):
    """CV2 and LV of each entry of `of` (shape: of one step). Results: `state.cv2`, `state.lv`, `state.count`."""

    shape: tuple[int, ...] = eqx.field(static=True, default=(), converter=shape_of, kw_only=True)

    def init(self, key: Array) -> LocalVariationState:
        del key
        none = jnp.full(self.shape, _NONE, jnp.int32)
        return LocalVariationState(
            no_total(self.shape), no_total(self.shape), jnp.zeros(self.shape, jnp.int32), none, none
        )

    def unroll(self, state: LocalVariationState, xs: Seen, span: Span) -> tuple[LocalVariationState, tuple]:
        fired = (self.values(xs, self.shape) > 0.5).astype(jnp.int32)
        inside = (self.weights(span.indices) > 0).astype(jnp.int32)

        def one(state: LocalVariationState, now, tick: Tick):
            fired, inside = now
            fired = fired * inside > 0
            interval = jnp.where(state.last != _NONE, tick.index - state.last, _NONE)
            pair = fired & (state.interval != _NONE)
            both = jnp.where(pair, interval + state.interval, 1).astype(state.contrasts.high.dtype)
            apart = jnp.where(pair, jnp.abs(interval - state.interval), 0).astype(both.dtype)
            contrast = apart / both
            return LocalVariationState(
                add(state.contrasts, contrast),
                add(state.squares, contrast * contrast),
                state.count + pair.astype(jnp.int32),
                jnp.where(fired, tick.index, state.last),
                jnp.where(fired, interval, state.interval),
            ), ()

        return span.part(()).each(one, state, (fired, inside))
