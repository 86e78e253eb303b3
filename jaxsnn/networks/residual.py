"""A cell with a way around it: y = body(x) + x, or body(x) + shortcut(x) where the body changes the shape."""

from typing import ClassVar

from jaxtyping import PyTree

from ..core import Cell, Span, Tick, bare, check_kind, require, substreams


class Residual(Cell):
    """Without a shortcut the input itself is added, which must then have the shape of the body's output."""

    body: Cell
    shortcut: Cell | None = None
    reads_mask: ClassVar[bool] = True

    def __check_init__(self):
        check_kind("Residual.body", self.body, Cell, "Chain(Convolution(weight), Norm(16))")
        if self.shortcut is not None:
            check_kind("Residual.shortcut", self.shortcut, Cell, "Convolution(weight)")

    def init(self, key):
        body, around = substreams(key, 2)
        return self.body.init(body), () if self.shortcut is None else self.shortcut.init(around)

    def draw(self, stream, steps):
        body, around = substreams(stream, 2)
        return self.body.draw(body, steps), () if self.shortcut is None else self.shortcut.draw(around, steps)

    def step(self, state: tuple, x: PyTree, tick: Tick):
        body, around = tick.noise
        inner, y = self.body.step(state[0], _given(self.body, x), tick._replace(noise=body))
        if self.shortcut is None:
            return (inner, ()), _sum(y, bare(x))
        outer, passed = self.shortcut.step(state[1], _given(self.shortcut, x), tick._replace(noise=around))
        return (inner, outer), _sum(y, passed)

    def unroll(self, state: tuple, xs: PyTree, span: Span):
        body, around = span.noise
        inner, ys = self.body.unroll(state[0], _given(self.body, xs), span.part(body))
        if self.shortcut is None:
            return (inner, ()), _sum(ys, bare(xs))
        outer, passed = self.shortcut.unroll(state[1], _given(self.shortcut, xs), span.part(around))
        return (inner, outer), _sum(ys, passed)


def _given(cell: Cell, x: PyTree) -> PyTree:
    return x if cell.reads_mask else bare(x)


def _sum(y, passed):
    remedy = "pass a shortcut that makes it so, such as a Convolution of one by one with the body's stride"
    require(y.shape == passed.shape, "Residual: shape around the body", passed.shape, f"must be {y.shape}", remedy)
    return y + passed
