"""Sparse synapses with a delay for each of them.

    i_n[post] = sum_k weight[post, k] sum_lag kernel_lag(delay[post, k] / dt) x_{n - lag}[source[post, k]]

The index lists are those of `Sparse`; delays in the time unit of dt, traced, of the shape of the weights. For one delay
for all, or one per input, put a `DelayLine` before `Sparse`: that is cheaper.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, param, require
from ..delays import DelayLine, Kernel, Linear, in_steps, ring
from .gather import listened
from .sparse import Sparse


class DelayedSparseState(NamedTuple):
    ring: Float[Array, "slot heard"]  # heard = pre + 1: the last is the silent input of missing synapses


class DelayedSparse(Cell):
    """Can also be the line of a recurrent network (`read`, `write`)."""

    synapses: Sparse
    delay: Float[Array, "post incoming"] = param()  # in the unit of dt
    max_delay: int = eqx.field(static=True, kw_only=True)  # steps
    kernel: Kernel = eqx.field(default_factory=Linear, kw_only=True)

    def __check_init__(self):
        shape, wanted = self.delay.shape, self.synapses.weight.shape
        remedy = "pass one delay per synapse; for a common one put a DelayLine before Sparse"
        require(shape == wanted, "DelayedSparse.delay.shape", shape, f"must be that of the weights, {wanted}", remedy)
        _ = self._line  # checks the rest

    @property
    def _line(self) -> DelayLine:
        """Knows what a delay may be."""
        return DelayLine(self.delay, size=self.delay.shape[1], max_delay=self.max_delay, kernel=self.kernel)

    def check(self, dt):
        self.check_steps(dt, 0)

    def check_steps(self, dt: float, least: int) -> None:
        """As `DelayLine.check_steps`."""
        self._line.check_steps(dt, least)

    def init(self, key):
        del key
        return DelayedSparseState(jnp.zeros((self.max_delay + 2, self.synapses.pre + 1)))

    def _taps(self, dt: Float[Array, ""], first: int):
        return self.kernel.taps(in_steps(self.delay, dt), first=first, last=self.max_delay)

    def _arriving(self, state: DelayedSparseState, tick: Tick, first: int) -> Float[Array, " post"]:
        lags, shares = self._taps(tick.dt, first)
        slots, width = state.ring.shape
        rows, now, total = state.ring.ravel(), tick.index % slots, jnp.zeros(self.delay.shape, state.ring.dtype)
        for lag, share in zip(lags, shares, strict=True):  # tap by tap: a stacked gather is several times slower
            slot = now - lag
            slot = jnp.where(slot < 0, slot + slots, slot)
            total = total + share * rows[slot * width + self.synapses.source]
        return jnp.sum(self.synapses.weight * total, axis=1)

    def read(self, state: DelayedSparseState, tick: Tick) -> Float[Array, " post"]:
        """The current of this step, before this step's spikes are written."""
        return self._arriving(state, tick, first=1)

    def write(self, state: DelayedSparseState, x: Float[Array, " pre"], tick: Tick) -> DelayedSparseState:
        """Enter this step's spikes."""
        row = jnp.concatenate([x, jnp.zeros(1, x.dtype)])
        return DelayedSparseState(ring.write(state.ring, row, tick.index))

    def step(self, state: DelayedSparseState, x: Float[Array, " pre"], tick: Tick):
        state = self.write(state, x, tick)
        return state, self._arriving(state, tick, first=0)

    def unroll(self, state: DelayedSparseState, xs: Float[Array, "time pre"], span: Span):
        if span.steps == 1:
            return span.each(self.step, state, xs)
        past = state.ring.shape[0]
        rows = jnp.concatenate([ring.unrolled(state.ring, span.start), jnp.pad(xs, ((0, 0), (0, 1)))])
        after = DelayedSparseState(ring.rolled(rows[span.steps :], span.start + span.steps))
        lags, shares = self._taps(span.dt, 0)
        each = lambda table: table.transpose(0, 2, 1).reshape(-1, table.shape[1])  # [tap and incoming, post]
        source = jnp.broadcast_to(self.synapses.source[None], lags.shape)
        weight = self.synapses.weight[None] * shares
        return after, listened(rows.T, span.steps, each(weight), each(source), each(past - lags))
