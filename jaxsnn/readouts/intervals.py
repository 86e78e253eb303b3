"""Inter-spike intervals: mean, variance and coefficient of variation, per neuron and pooled, in one pass.

An interval is the time from a spike to the neuron's next one, a whole number of steps times dt; both spikes must lie
in the window. k spikes in one step are k - 1 intervals of length zero. A neuron with fewer than two spikes has no
interval: its results are NaN, and it does not enter the pooled ones. Variances are population variances; a single
interval has CV 0. Counting steps has no gradient.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..core import Span, Tick
from .accumulate import Spread, merge, no_spread, pool
from .score import Seen
from .window import Meter, shape_of

_NEVER = -1


class IntervalsState(NamedTuple):
    steps: Spread  # of the intervals, in steps
    last: Int[Array, "..."]  # step of the last spike in the window
    dt: Float[Array, ""]

    @property
    def count(self) -> Int[Array, "..."]:
        """Number of intervals."""
        return self.steps.count

    @property
    def mean(self) -> Float[Array, "..."]:
        return self.steps.mean * self.dt

    @property
    def variance(self) -> Float[Array, "..."]:
        return self.steps.variance * self.dt * self.dt

    @property
    def cv(self) -> Float[Array, "..."]:
        return self.steps.std / self.steps.mean

    @property
    def pooled_mean(self) -> Float[Array, ""]:
        return pool(self.steps).mean * self.dt

    @property
    def pooled_variance(self) -> Float[Array, ""]:
        return pool(self.steps).variance * self.dt * self.dt

    @property
    def pooled_cv(self) -> Float[Array, ""]:
        """CV of the intervals of all neurons thrown together: includes how much their rates differ."""
        pooled = pool(self.steps)
        return pooled.std / pooled.mean

    @property
    def mean_cv(self) -> Float[Array, ""]:
        """CV of one neuron, averaged over the neurons that have one."""
        return jnp.nanmean(self.cv)


class Intervals(Meter):
    """Inter-spike intervals of each entry of `of` (shape: of one step); () for the intervals of a population count."""

    shape: tuple[int, ...] = eqx.field(static=True, default=(), converter=shape_of, kw_only=True)

    def init(self, key: Array) -> IntervalsState:
        del key
        never = jnp.full(self.shape, _NEVER, jnp.int32)
        return IntervalsState(no_spread(self.shape, counts=self.shape), never, jnp.zeros(()))

    def unroll(self, state: IntervalsState, xs: Seen, span: Span) -> tuple[IntervalsState, tuple]:
        spikes = self.values(xs, self.shape)
        inside = self.weights(span.indices) > 0

        def one(carry, now, tick: Tick):
            intervals, last = carry
            spikes, inside = now
            fired = jnp.where(inside, jnp.round(spikes).astype(jnp.int32), 0)
            waited = (tick.index - last).astype(spikes.dtype)
            sum_ = jnp.where((last != _NEVER) & (fired > 0), waited, 0)
            new = jnp.maximum(fired - (last == _NEVER).astype(jnp.int32), 0)
            number = jnp.maximum(new, 1).astype(spikes.dtype)
            intervals = merge(intervals, new, sum_ / number, sum_ * sum_ * (1 - 1 / number))
            return (intervals, jnp.where(fired > 0, tick.index, last)), ()

        (intervals, last), _ = span.part(()).each(one, (state.steps, state.last), (spikes, inside))
        return IntervalsState(intervals, last, span.dt.astype(state.dt.dtype)), ()
