"""Dense synapses with transmission delays.

    i_n[post] = sum_pre weight[post, pre] sum_k kernel_k(delay / dt) x_{n-k}[pre]

`delay` is one number, one per input (axonal, [pre]) or one per synapse ([post, pre]); traced, in the time unit of dt.
With `max_delay` = T - 1 and a Gaussian kernel over all lags this is the layer of DCLS delay learning with T taps.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, check_finite, param, require
from ..delays import DelayLine, Kernel, Linear, LineState, in_steps
from ..delays.convolve import contracted


class DelayedDense(Cell):
    """A delay line and a weight matrix in one; can also be the line of a recurrent network (`read`, `write`)."""

    weight: Float[Array, "post pre"] = param()
    delay: Float[Array, "..."] = param()  # in the unit of dt; (), [pre] or [post, pre]
    max_delay: int = eqx.field(static=True, kw_only=True)  # steps
    kernel: Kernel = eqx.field(default_factory=Linear, kw_only=True)

    def __check_init__(self):
        shape = jnp.shape(self.weight)
        require(len(shape) == 2, "DelayedDense.weight.shape", shape, "must be (post, pre)", "add the missing axis")
        check_finite("DelayedDense.weight", self.weight)
        allowed = ((), (shape[1],), shape)
        require(
            self.delay.shape in allowed,
            "DelayedDense.delay.shape",
            self.delay.shape,
            f"must be one of {allowed}",
            "pass one delay, one per input, or one per synapse",
        )
        _ = self.line  # checks the rest

    @property
    def line(self) -> DelayLine:
        return DelayLine(self.delay, size=self.weight.shape[1], max_delay=self.max_delay, kernel=self.kernel)

    def check(self, dt):
        self.line.check(dt)

    def check_steps(self, dt: float, least: int) -> None:
        """As `DelayLine.check_steps`."""
        self.line.check_steps(dt, least)

    def init(self, key):
        return self.line.init(key)

    def _current(self, arriving: Float[Array, "..."]) -> Float[Array, " post"]:
        if self.delay.ndim == 2:
            return jnp.sum(self.weight * arriving, axis=1)
        return self.weight @ arriving

    def read(self, state: LineState, tick: Tick) -> Float[Array, " post"]:
        """The current of this step, before this step's spikes are written."""
        return self._current(self.line.read(state, tick))

    def write(self, state: LineState, x: Float[Array, " pre"], tick: Tick) -> LineState:
        """Enter this step's spikes."""
        return self.line.write(state, x, tick)

    def step(self, state: LineState, x: Float[Array, " pre"], tick: Tick):
        state, arriving = self.line.step(state, x, tick)
        return state, self._current(arriving)

    def unroll(self, state: LineState, xs: Float[Array, "time pre"], span: Span):
        if self.delay.ndim < 2:
            state, arriving = self.line.unroll(state, xs, span)
            return state, arriving @ self.weight.T
        if span.steps == 1:
            return span.each(self.step, state, xs)
        rows, state = self.line.timeline(state, xs, span)
        lags = jnp.arange(self.max_delay + 2, dtype=jnp.int32)
        shares = self.kernel.weights(in_steps(self.delay, span.dt), lags, last=self.max_delay)
        return state, contracted(rows, span.steps, self.weight[None] * shares)
