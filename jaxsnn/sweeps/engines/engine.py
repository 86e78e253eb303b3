"""What an engine is: given a job and chunk ids, it yields finished chunks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...engine import Progress
from ..job import Job
from ..layout import ChunkId


class Finished(NamedTuple):
    """A chunk's results, [point, seed, ...] without padding, and the seconds that the run spent compiling for it."""

    place: ChunkId
    arrays: dict[str, np.ndarray]
    compile_seconds: float


@dataclass(frozen=True)
class Watch:
    """What an engine is told about its surroundings, all of it optional.

    cores: devices to use. on_segment: told (chunk, progress). side: a folder for the states of unfinished chunks.
    """

    cores: int | None = None
    on_segment: Callable[[ChunkId, Progress], None] | None = None
    side: Path | None = None

    def report(self, place: ChunkId, progress: Progress) -> None:
        if self.on_segment is not None:
            self.on_segment(place, progress)

    def report_whole(self, job: Job, place: ChunkId) -> None:
        """Of a chunk about which nothing was heard before it was finished."""
        total = job.layout.chunk_of(place).segments * job.layout.groups[place[0]].segment
        self.report(place, Progress(total, total, 0.0, 0.0, 0))


# Runs chunks in any order and yields each once, whole. What was yielded outlives an exception. One that can refuse a
# job before anything is written has a method check(job, cores), which raises ValueError.
Engine = Callable[[Job, Sequence[ChunkId], Watch], Iterator[Finished]]
