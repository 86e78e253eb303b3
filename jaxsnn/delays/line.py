"""Delay line: what enters in step n leaves `delay` later.

    y[n] = sum_k weight_k x[n - k]         weight_k from the kernel at d = delay / dt

A spike that enters in step n with a delay of d steps leaves in step n + d; at d = 0 in the same step. `delay` is in the
time unit of dt and traced: only `max_delay`, in steps, is static. Gradients with respect to the delay are those of the
kernel.

In a recurrent loop a step is read before it is written (`read`, then `write`), so the shortest delay there is one step.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, check_kind, check_size, param, require, when_known
from . import ring
from .convolve import delayed
from .kernel import Kernel, Linear, in_steps

_LONGEST = 1 << 24  # steps; beyond that float32 knows no whole number of them


class LineState(NamedTuple):
    ring: Float[Array, "slot pre"]


class DelayLine(Cell):
    """One delay for all `size` inputs, one for each ([pre]), or one for each synapse ([post, pre]).

    Output is [pre], and [post, pre] with a delay per synapse.
    """

    delay: Float[Array, "..."] = param()  # in the time unit of dt
    size: int = eqx.field(static=True, kw_only=True)  # number of inputs
    max_delay: int = eqx.field(static=True, kw_only=True)  # steps
    kernel: Kernel = eqx.field(default_factory=Linear, kw_only=True)

    def __check_init__(self):
        check_size("DelayLine.size", self.size, "pass the number of inputs")
        check_kind("DelayLine.kernel", self.kernel, Kernel, "Linear()")
        whole = isinstance(self.max_delay, int | np.integer) and not isinstance(self.max_delay, bool)
        require(
            whole and 0 <= self.max_delay <= _LONGEST,
            "DelayLine.max_delay",
            self.max_delay,
            f"must not be negative, and an integer up to {_LONGEST}",
            "pass the longest delay in steps, rounded up",
        )
        shape = self.delay.shape
        require(
            len(shape) <= 2 and shape[-1:] in ((), (self.size,)),
            "DelayLine.delay.shape",
            shape,
            f"must be (), ({self.size},) or (post, {self.size})",
            "pass one delay, one per input, or one per synapse",
        )

    def check(self, dt):
        self.check_steps(dt, 0)

    def check_steps(self, dt: float, least: int) -> None:
        """Raise ValueError unless every delay lies between `least` and `max_delay` steps: others would be misread."""

        def fits(delay):
            steps = np.asarray(delay, float) / dt
            slack = 1e-6 * max(self.max_delay, 1)  # a float32 delay of a whole number of steps
            inside = (steps >= least - slack) & (steps <= self.max_delay + slack)  # and false for NaN
            require(
                bool(np.all(inside)),
                "DelayLine.delay",
                delay,
                f"must lie between {least} and max_delay = {self.max_delay} steps of dt = {dt:g}, "
                f"that is in [{least * dt:g}, {self.max_delay * dt:g}]",
                "pass one of these, or raise max_delay"
                + (", or take another dt: in a loop the shortest delay is dt" if least else ""),
            )

        when_known(fits, self.delay)

    def init(self, key):
        del key
        row = jnp.zeros(self.size)
        return LineState(ring.make(row, self.max_delay + 2))

    def _arriving(self, state: LineState, tick: Tick, first: int):
        lags, weights = self.kernel.taps(in_steps(self.delay, tick.dt), first=first, last=self.max_delay)
        if self.delay.ndim:
            rows = ring.read_each(state.ring, lags, tick.index)
        else:
            rows = ring.read(state.ring, lags, tick.index)
            weights = jnp.broadcast_to(weights[:, None], rows.shape)
        return jnp.sum(weights * rows, axis=0)

    def read(self, state: LineState, tick: Tick) -> Float[Array, "..."]:
        """What arrives in this step, before this step's row is written."""
        return self._arriving(state, tick, first=1)

    def write(self, state: LineState, x: Float[Array, " pre"], tick: Tick) -> LineState:
        """Enter this step's row."""
        return LineState(ring.write(state.ring, x, tick.index))

    def step(self, state: LineState, x: Float[Array, " pre"], tick: Tick):
        state = self.write(state, x, tick)
        return state, self._arriving(state, tick, first=0)

    def timeline(self, state: LineState, xs: Float[Array, "time pre"], span: Span):
        """The past and `xs` in the order of time, and the state after them."""
        rows = jnp.concatenate([ring.unrolled(state.ring, span.start), xs])
        return rows, LineState(ring.rolled(rows[span.steps :], span.start + span.steps))

    def unroll(self, state: LineState, xs: Float[Array, "time pre"], span: Span):
        if span.steps == 1:  # one slot to write instead of a ring to turn
            return span.each(self.step, state, xs)
        rows, state = self.timeline(state, xs, span)
        lags, weights = self.kernel.taps(in_steps(self.delay, span.dt), last=self.max_delay)
        return state, delayed(rows, span.steps, lags, weights)
