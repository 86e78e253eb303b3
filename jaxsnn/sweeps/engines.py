"""Engines: who runs the chunks of a job. An engine is given a job and chunk ids and yields finished chunks.

`inline` runs them one after the other on the devices of this process.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..engine import Checkpoint, Progress
from .job import Job
from .layout import ChunkId


class Finished(NamedTuple):
    """A chunk's results, [point, seed, ...] without padding, and the seconds spent compiling for it."""

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


# Runs chunks in any order and yields each once, whole. What was yielded outlives an exception.
Engine = Callable[[Job, Sequence[ChunkId], Watch], Iterator[Finished]]


def inline(job: Job, ids: Sequence[ChunkId], watch: Watch) -> Iterator[Finished]:
    """One chunk after the other, here."""

    def report(place: ChunkId, progress: Progress) -> None:
        if watch.on_segment is not None:
            watch.on_segment(place, progress)

    for place in ids:
        program = job.chunk_program(place[0], watch.cores)
        compiling = program.compile()
        arrays, keys, steps, segments = job.chunk_inputs(place)
        checkpoint = _checkpoint(job, place, watch.side)
        results = program.run(
            arrays,
            keys,
            steps,
            segments,
            on_segment=partial(report, place),
            checkpoint=checkpoint,
        )
        yield Finished(place, results, compiling)
        if checkpoint is not None:
            checkpoint.path.unlink(missing_ok=True)  # after the caller has stored the chunk


def _checkpoint(job: Job, place: ChunkId, side: Path | None) -> Checkpoint | None:
    if side is None:
        return None
    meta = {"spec": job.spec.hash, "layout": job.layout.hash, "code": job.code[place[0]], "chunk": list(place)}
    return Checkpoint(side / f"chunk_{place[0]}_{place[1]}.checkpoint", meta)


ENGINES: dict[str, Engine] = {"inline": inline}


def find_engine(engine: str | Engine) -> Engine:
    """An engine by name, or any function that is one."""
    if isinstance(engine, str):
        if engine not in ENGINES:
            raise ValueError(f"engine = {engine!r}: must be one of {', '.join(sorted(ENGINES))}, or an engine function")
        return ENGINES[engine]
    return engine
