"""One cell after another: each takes the output of the one before, in the same step."""

from typing import ClassVar

from jaxtyping import PyTree

from ..core import Cell, Span, Tick, bare, beside_mask, check_row, input_row, require, substreams


def require_cells(field: str, cells: tuple) -> None:
    """Raise ValueError unless `cells` holds cells, and at least one."""
    require(len(cells) > 0, field, "()", "needs at least one cell", "pass cells, one by one")
    for number, cell in enumerate(cells):
        name = type(cell).__name__
        require(isinstance(cell, Cell), f"{field}[{number}]", name, "must be a Cell", "pass cells, one by one")


class Chain(Cell):
    """`Chain(synapse, neuron, readout)`: the state is the tuple of their states, the output that of the last.

    A stretch of time goes through the first cell as a whole, then through the second: a dense synapse stays one matrix
    product, and only what must be scanned is scanned.
    """

    cells: tuple[Cell, ...]
    reads_mask: ClassVar[bool] = True

    def __init__(self, *cells: Cell):
        self.cells = cells

    def __check_init__(self):
        require_cells("Chain.cells", self.cells)

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """Shape of what it takes in a step, where that is known."""
        return input_row(self.cells[0])

    def _check_given(self, number: int, x: PyTree, leading: str = "") -> None:
        """A row of one number would be broadcast to all neurons."""
        if number:
            before, cell = self.cells[number - 1 : number + 1]
            remedy = f"make the sizes of {type(before).__name__} and {type(cell).__name__} agree"
            check_row(f"Chain.cells[{number}].input", cell, x, remedy, leading)

    def init(self, key):
        keys = substreams(key, len(self.cells))
        return tuple(cell.init(key) for cell, key in zip(self.cells, keys, strict=True))

    def draw(self, stream, steps):
        streams = substreams(stream, len(self.cells))
        return tuple(cell.draw(stream, steps) for cell, stream in zip(self.cells, streams, strict=True))

    def step(self, state: tuple, x: PyTree, tick: Tick):
        after = []
        for n, (cell, before, noise) in enumerate(zip(self.cells, state, tick.noise, strict=True)):
            self._check_given(n, bare(x))
            now, x = beside_mask(cell.step, cell.reads_mask, before, x, tick._replace(noise=noise))
            after.append(now)
        return tuple(after), bare(x)

    def unroll(self, state: tuple, xs: PyTree, span: Span):
        after = []
        for n, (cell, before, noise) in enumerate(zip(self.cells, state, span.noise, strict=True)):
            self._check_given(n, bare(xs), leading="steps")
            now, xs = beside_mask(cell.unroll, cell.reads_mask, before, xs, span.part(noise))
            after.append(now)
        return tuple(after), bare(xs)
