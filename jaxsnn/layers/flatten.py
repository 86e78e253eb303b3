"""Feature maps as one row of neurons: [channel, height, width] -> [channel * height * width], channels slowest."""

from jaxtyping import Array, Float, PyTree

from ..core import Cell, Span, Tick


class Flatten(Cell):
    """Memoryless; takes maps of any shape."""

    def step(self, state: PyTree, x: Float[Array, "..."], tick: Tick):
        del tick
        return state, x.reshape(-1)

    def unroll(self, state: PyTree, xs: Float[Array, "time ..."], span: Span):
        return state, xs.reshape(span.steps, -1)
