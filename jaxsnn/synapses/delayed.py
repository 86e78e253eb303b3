"""Dense synapses with transmission delays.

    i_n[post] = sum_pre weight[post, pre] sum_k kernel_k(delay / dt) x_{n-k}[pre]

`delay` is one number, one per input (axonal, [pre]) or one per synapse ([post, pre]); traced, in the time unit of dt.
With `max_delay` = T - 1 and a Gaussian kernel over all lags this is the layer of DCLS delay learning with T taps.

With a delay per synapse a whole sequence has two forms, equal up to rounding: a matrix product for each lag, and a few
for each frequency (`delays.frequency`), several times faster from some ten lags on when a batch shares the weights.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, check_finite, param, require
from ..delays import DelayLine, Kernel, Linear, LineState, StackedLags, by_frequency, in_steps
from ..delays.convolve import contracted
from ..delays.kernel import over_lags

FORMS = ("auto", "lags", "frequency")


class DelayedDense(Cell):
    """A delay line and a weight matrix in one; can also be the line of a recurrent network (`read`, `write`).

    form: of a whole sequence with a delay per synapse. "lags" keeps sums of a few whole numbers exact; "frequency"
    rounds. "auto": by frequency where the kernel spreads every delay over many lags and that is less work.
    """

    weight: Float[Array, "post pre"] = param()
    delay: Float[Array, "..."] = param()  # in the unit of dt; (), [pre] or [post, pre]
    max_delay: int = eqx.field(static=True, kw_only=True)  # steps
    kernel: Kernel = eqx.field(default_factory=Linear, kw_only=True)
    form: str = eqx.field(static=True, default="auto", kw_only=True)

    def __check_init__(self):
        shape = jnp.shape(self.weight)
        require(self.form in FORMS, "DelayedDense.form", self.form, f"must be one of {FORMS}", "pass one of them")
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

    @property
    def input_shape(self) -> tuple[int]:
        """Shape of what it takes in a step."""
        return (self.weight.shape[1],)

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
        form = by_frequency if self._by_frequency(span.steps) else contracted
        return state, form(rows, span.steps, self._lagged(span.dt, 0, self.max_delay + 1))

    def looped(self, dt: Float[Array, ""]) -> StackedLags | None:
        """For a stretch of time within a loop: `read` and `write` of many steps with one kernel; None if no faster."""
        return StackedLags.of(self._lagged(dt, 1, self.max_delay + 2)) if self.delay.ndim == 2 else None

    def _lagged(self, dt: Float[Array, ""], first: int, last: int) -> Float[Array, "lag post pre"]:
        """Weights times the kernel's, at lags first ... last, for a delay per synapse."""
        lags = jnp.arange(first, last + 1, dtype=jnp.int32)
        shares = self.kernel.weights(in_steps(self.delay, dt), lags, first=first, last=self.max_delay)
        return over_lags(self.weight, lags.shape[0]) * shares

    def _by_frequency(self, steps: int) -> bool:
        lags = self.max_delay + 2
        less = 3 * (steps + lags) < lags * steps
        return self.form == "frequency" or (self.form == "auto" and self.kernel.spread and less)
