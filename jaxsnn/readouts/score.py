"""Meters on a network: `Score` runs a cell and lets meters watch it.

    scored = Score(network, {"error": DecayingMoments("output.error", rate=1.0, drive="input"), ...})

A meter is a Cell that sees `Seen(input, output)` and gives nothing out; its results are read from its state. The
network's output passes through unchanged and meters take no random numbers, so adding one changes no path.
"""

from typing import Any, NamedTuple

from jaxtyping import Array, PyTree

from ..core import Cell, Span, Tick, check_kind, input_row


class Seen(NamedTuple):
    """What a meter looks at: the input and the output of the scored cell, in one step or (time first) in many."""

    input: PyTree
    output: PyTree


class ScoreState(NamedTuple):
    """State of the scored cell, and of each meter by name."""

    cell: PyTree
    meters: dict[str, PyTree]


def _fields(node: Any) -> dict[str, Any]:
    """The named parts of a NamedTuple, dict, tuple or list; none for an array."""
    if hasattr(node, "_asdict"):
        return node._asdict()
    if isinstance(node, dict):
        return {str(name): part for name, part in node.items()}
    return {str(i): part for i, part in enumerate(node)} if isinstance(node, tuple | list) else {}


def look(seen: Seen, of: str) -> Array:
    """The array at the dotted path `of`, for instance "output.count" (a number picks an entry of a tuple).

    Raises ValueError, listing what there is, for a path that does not lead to an array.
    """
    node: Any = seen
    walked: list[str] = []
    for name in of.split("."):
        fields = _fields(node)
        if name not in fields:
            here = ".".join(walked)
            there = ", ".join(f"{here}.{field}" if here else field for field in fields) or "nothing below it"
            raise ValueError(
                f"of = {of!r}: {here or 'what a meter sees'} has no field {name!r}; available: {there}; pick another"
            )
        node = fields[name]
        walked.append(name)
    if node is None:
        raise ValueError(f"of = {of!r}: this run has no such array (it is None); pass inputs, or look at the output")
    if _fields(node):
        names = ", ".join(f"{of}.{field}" for field in _fields(node))
        raise ValueError(f"of = {of!r}: names a group, not an array; pick one of: {names}")
    return node


class Score(Cell):
    """A cell with meters watching it. Output, noise and path are those of the cell alone.

    meters: name -> meter. Results are in the final state: `final.meters["error"].mean`.
    """

    cell: Cell
    meters: dict[str, Cell]

    def __check_init__(self):
        check_kind("Score.cell", self.cell, Cell, "LIF(size=3)")
        check_kind("Score.meters", self.meters, dict, '{"rate": Rate("output")}')
        for name, meter in self.meters.items():
            if not isinstance(meter, Cell):
                raise ValueError(f"meters[{name!r}] = {meter!r}: must be a meter (a Cell); make one, e.g. Moments(...)")

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """Shape of what it takes in a step, where that is known."""
        return input_row(self.cell)

    def init(self, key: Array) -> ScoreState:
        return ScoreState(self.cell.init(key), {name: meter.init(key) for name, meter in self.meters.items()})

    def draw(self, stream: Array, steps: Array) -> PyTree:
        return self.cell.draw(stream, steps)

    def step(self, state: ScoreState, x: PyTree, tick: Tick) -> tuple[ScoreState, PyTree]:
        inner, y = self.cell.step(state.cell, x, tick)
        seen, quiet = Seen(x, y), tick._replace(noise=())
        meters = {name: meter.step(state.meters[name], seen, quiet)[0] for name, meter in self.meters.items()}
        return ScoreState(inner, meters), y

    def unroll(self, state: ScoreState, xs: PyTree, span: Span) -> tuple[ScoreState, PyTree]:
        inner, ys = self.cell.unroll(state.cell, xs, span)
        seen, quiet = Seen(xs, ys), span.part(())
        meters = {name: meter.unroll(state.meters[name], seen, quiet)[0] for name, meter in self.meters.items()}
        return ScoreState(inner, meters), ys
