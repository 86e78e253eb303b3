"""Spike counts and rates of a long run.

Counts are sums of floats, so that gradients reach the spikes, and yet exact: a block's count is exact up to 2^24 spikes
per entry and block, and blocks are added without rounding up to about 2^46 (see `accumulate`). Only the reported number
is rounded to float32; `state.total.high` and `.low` are the whole of it.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..core import Span, Total
from .accumulate import add, counted, keep, no_total, sum_over_time
from .score import Seen
from .window import Meter, shape_of


class CountState(NamedTuple):
    total: Total

    @property
    def count(self) -> Float[Array, "..."]:
        return self.total.value


class SpikeCount(Meter):
    """Spikes in the window, per entry of `of` (shape: of one step). Result: `state.count`."""

    shape: tuple[int, ...] = eqx.field(static=True, default=(), converter=shape_of, kw_only=True)

    def init(self, key: Array) -> CountState:
        del key
        return CountState(no_total(self.shape))

    def unroll(self, state: CountState, xs: Seen, span: Span) -> tuple[CountState, tuple]:
        spikes = keep(self.weights(span.indices), self.values(xs, self.shape))
        return CountState(add(state.total, sum_over_time(spikes))), ()


class RateState(NamedTuple):
    total: Total
    steps: Int[Array, ""]
    dt: Float[Array, ""]

    @property
    def count(self) -> Float[Array, "..."]:
        return self.total.value

    @property
    def time(self) -> Float[Array, ""]:
        """Time in the window."""
        return self.steps.astype(self.dt.dtype) * self.dt

    @property
    def rate(self) -> Float[Array, "..."]:
        """Spikes per time unit; NaN for an empty window."""
        return self.count / self.time


class Rate(Meter):
    """Spikes per time unit in the window, per entry of `of` (shape: of one step). Result: `state.rate`."""

    shape: tuple[int, ...] = eqx.field(static=True, default=(), converter=shape_of, kw_only=True)

    def init(self, key: Array) -> RateState:
        del key
        return RateState(no_total(self.shape), jnp.zeros((), jnp.int32), jnp.zeros(()))

    def unroll(self, state: RateState, xs: Seen, span: Span) -> tuple[RateState, tuple]:
        weights = self.weights(span.indices)
        spikes = keep(weights, self.values(xs, self.shape))
        total = add(state.total, sum_over_time(spikes))
        return RateState(total, state.steps + counted(weights), span.dt.astype(state.dt.dtype)), ()
