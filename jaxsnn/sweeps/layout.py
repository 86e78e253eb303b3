"""Which points run together: groups share a compilation, chunks share a call.

    group    points with equal static values (and array shapes): one compilation
    class    within a group, points with equal `noise`: they can share their random numbers
    chunk    at most `chunk` points of one class; all chunks of a group are padded to one width

A class is cut evenly, and points that need a similar number of segments go together. Everything follows from the grid
and the chosen chunk, nothing from the machine, so a layout means the same on two cores and on a cluster.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..engine import segment_length
from .spec import canonical, digest
from .study import Prepared, alike

ChunkId = tuple[int, int]  # group, chunk


class Chunk(NamedTuple):
    points: tuple[int, ...]  # places in the grid, fewer than the group's width in a padded chunk
    segments: int  # as many as its longest point needs


class Group(NamedTuple):
    static: dict[str, Any]
    width: int  # points per chunk, padding included
    segment: int  # steps
    ragged: bool  # its points need different numbers of segments
    chunks: tuple[Chunk, ...]


class Layout(NamedTuple):
    chunk: int
    groups: tuple[Group, ...]

    @property
    def ids(self) -> list[ChunkId]:
        return [(g, c) for g, group in enumerate(self.groups) for c in range(len(group.chunks))]

    def chunk_of(self, place: ChunkId) -> Chunk:
        return self.groups[place[0]].chunks[place[1]]

    def to_json(self) -> dict[str, Any]:
        groups = [{**g._asdict(), "chunks": [chunk._asdict() for chunk in g.chunks]} for g in self.groups]
        return {"chunk": self.chunk, "groups": groups}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Layout":
        chunks = lambda items: tuple(Chunk(tuple(item["points"]), item["segments"]) for item in items)
        return cls(data["chunk"], tuple(Group(**{**g, "chunks": chunks(g["chunks"])}) for g in data["groups"]))

    @property
    def hash(self) -> str:
        return digest(self.to_json())


def lay_out(prepared: Sequence[Prepared], *, chunk: int, target: int, block: int, independent: bool) -> Layout:
    """Cut the points of a grid into groups and chunks.

    chunk: most points in a chunk. target: steps aimed at in a segment. block: segments are multiples of it.
    independent: points have their own keys, so that a chunk need not share its noise.
    """
    groups = alike([one.plan for one in prepared])
    made = [_group(prepared, places, chunk, target, block, independent) for places in groups]
    return Layout(chunk, tuple(made))


def _group(
    prepared: Sequence[Prepared], places: list[int], chunk: int, target: int, block: int, independent: bool
) -> Group:
    segment = segment_length(max(prepared[p].steps for p in places), target, block)
    needed = {p: -(-prepared[p].steps // segment) for p in places}
    classes: dict[str, list[int]] = {}
    for place in places:
        classes.setdefault("" if independent else canonical(prepared[place].plan.noise), []).append(place)
    width = max(-(-len(members) // -(-len(members) // chunk)) for members in classes.values())
    chunks = []
    for members in classes.values():
        members = sorted(members, key=lambda p: needed[p])  # stable: grid order among equals
        cuts = [members[i : i + width] for i in range(0, len(members), width)]
        chunks += [Chunk(tuple(cut), max(needed[p] for p in cut)) for cut in cuts]
    ragged = any(needed[p] != c.segments for c in chunks for p in c.points)
    return Group(dict(prepared[places[0]].plan.static), width, segment, ragged, tuple(chunks))
