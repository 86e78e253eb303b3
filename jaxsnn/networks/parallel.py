"""Cells side by side: all take the same input in the same step."""

from typing import ClassVar

import equinox as eqx
import jax
from jaxtyping import PyTree

from ..core import Cell, Span, Tick, bare, input_row, require, substreams
from .chain import require_cells


class Parallel(Cell):
    """`Parallel(a, b)` emits the tuple of outputs; with combine="sum" their sum, which must then agree in shape."""

    cells: tuple[Cell, ...]
    combine: str = eqx.field(static=True)  # "tuple" or "sum"
    reads_mask: ClassVar[bool] = True

    def __init__(self, *cells: Cell, combine: str = "tuple"):
        self.cells = cells
        self.combine = combine

    def __check_init__(self):
        require_cells("Parallel.cells", self.cells)
        known = ("tuple", "sum")
        require(self.combine in known, "Parallel.combine", self.combine, f"must be one of {known}", "pass one of them")

    def _combined(self, ys: tuple) -> PyTree:
        return ys if self.combine == "tuple" else jax.tree.map(lambda *parts: sum(parts[1:], parts[0]), *ys)

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """Shape of what it takes in a step, where that is known."""
        return next((row for row in map(input_row, self.cells) if row is not None), None)

    def init(self, key):
        keys = substreams(key, len(self.cells))
        return tuple(cell.init(key) for cell, key in zip(self.cells, keys, strict=True))

    def draw(self, stream, steps):
        streams = substreams(stream, len(self.cells))
        return tuple(cell.draw(stream, steps) for cell, stream in zip(self.cells, streams, strict=True))

    def step(self, state: tuple, x: PyTree, tick: Tick):
        parts = zip(self.cells, state, tick.noise, strict=True)
        given = lambda cell: x if cell.reads_mask else bare(x)
        after, ys = zip(
            *(cell.step(s, given(cell), tick._replace(noise=noise)) for cell, s, noise in parts), strict=True
        )
        return after, self._combined(ys)

    def unroll(self, state: tuple, xs: PyTree, span: Span):
        parts = zip(self.cells, state, span.noise, strict=True)
        given = lambda cell: xs if cell.reads_mask else bare(xs)
        after, ys = zip(*(cell.unroll(s, given(cell), span.part(noise)) for cell, s, noise in parts), strict=True)
        return after, self._combined(ys)
