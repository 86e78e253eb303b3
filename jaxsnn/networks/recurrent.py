"""A loop: what a network emits comes back to it after a delay.

    r_n = back(line at n)        y_n = forward(x_n + r_n)        y_n enters the line at n

The line is read before it is written, so the shortest delay is one step. A line that can be hastened for a stretch of
steps (`DelayedDense.looped`) is.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import PyTree

from ..core import Cell, Span, Tick, check_kind, check_row, input_row, require, substreams
from ..delays import LineState


class RecurrentState(NamedTuple):
    forward: PyTree
    line: PyTree
    back: PyTree


class Recurrent(Cell):
    """`Recurrent(forward, line, back)`, the line a `DelayLine` or `DelayedDense`.

    Without `back` what leaves the line is fed back as it is. Emits y. With x = None the loop runs on its own.
    """

    forward: Cell
    line: Any  # a cell that also offers read(state, tick), write(state, x, tick) and check_steps(dt, least)
    back: Cell | None = None

    def __check_init__(self):
        check_kind("Recurrent.forward", self.forward, Cell, "LIF(size=3)")
        if self.back is not None:
            check_kind("Recurrent.back", self.back, Cell, "Dense(weight)")
        able = all(hasattr(self.line, name) for name in ("read", "write", "check_steps"))
        name = type(self.line).__name__
        require(able, "Recurrent.line", name, "cannot be read before it is written", "pass a DelayLine or DelayedDense")

    def check(self, dt):
        self.line.check_steps(dt, 1)

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """Shape of what it takes in a step, where that is known."""
        return input_row(self.forward)

    def init(self, key):
        forward, line, back = substreams(key, 3)
        return RecurrentState(
            self.forward.init(forward), self.line.init(line), () if self.back is None else self.back.init(back)
        )

    def draw(self, stream, steps):
        forward, line, back = substreams(stream, 3)
        return (
            self.forward.draw(forward, steps),
            self.line.draw(line, steps),
            () if self.back is None else self.back.draw(back, steps),
        )

    def _advanced(self, read: Callable, write: Callable, state: RecurrentState, x: PyTree, tick: Tick):
        """A step with this way to read and to write the line."""
        forward_noise, line_noise, back_noise = tick.noise
        at_line = tick._replace(noise=line_noise)
        r, back = read(state.line, at_line), state.back
        if self.back is not None:
            back, r = self.back.step(back, r, tick._replace(noise=back_noise))
        remedy = "let the line, or back, give one number for each of its inputs"
        check_row("Recurrent: what is fed back", self.forward, r, remedy)
        forward, y = self.forward.step(state.forward, r if x is None else x + r, tick._replace(noise=forward_noise))
        return RecurrentState(forward, write(state.line, y, at_line), back), y

    def step(self, state: RecurrentState, x: PyTree, tick: Tick):
        return self._advanced(self.line.read, self.line.write, state, x, tick)

    def unroll(self, state: RecurrentState, xs: PyTree, span: Span):
        looped = self.line.looped(span.dt) if hasattr(self.line, "looped") and span.steps > 1 else None
        if looped is None:
            return span.each(self.step, state, xs)
        read, write = lambda past, tick: looped.read(past), lambda past, y, tick: looped.write(past, y)
        begun = state._replace(line=looped.enter(state.line.ring, span.start))
        after, ys = span.each(lambda held, x, tick: self._advanced(read, write, held, x, tick), begun, xs)
        return after._replace(line=LineState(looped.leave(after.line, span.start + span.steps))), ys
