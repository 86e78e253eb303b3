"""`inline`: one chunk after the other, on the devices of this process. What every other engine ends in."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from ...engine import Checkpoint
from ..job import Job
from ..layout import ChunkId
from .engine import Finished, Watch
from .results import about, load_result, result_path


def inline(job: Job, ids: Sequence[ChunkId], watch: Watch) -> Iterator[Finished]:
    """One chunk after the other, here; what workers of a killed sweep have left behind is taken up."""
    for place in ids:
        found = None if watch.side is None else load_result(job, place, watch.side)
        yield compute(job, place, watch) if found is None else found
        forget(place, watch.side)  # after the caller has stored the chunk


def compute(job: Job, place: ChunkId, watch: Watch) -> Finished:
    """One chunk, from its saved state if there is one. The state stays until it is forgotten."""
    program = job.chunk_program(place[0], watch.cores)
    compiling = program.compile()
    arrays, keys, steps, segments = job.chunk_inputs(place)
    checkpoint = None if watch.side is None else Checkpoint(_state_path(place, watch.side), about(job, place))
    report = partial(watch.report, place)
    results = program.run(arrays, keys, steps, segments, on_segment=report, checkpoint=checkpoint)
    return Finished(place, results, compiling)


def _state_path(place: ChunkId, side: Path) -> Path:
    return side / f"chunk_{place[0]}_{place[1]}.checkpoint"


def forget(place: ChunkId, side: Path | None) -> None:
    """Remove what was kept of a chunk beside the store."""
    if side is not None:
        _state_path(place, side).unlink(missing_ok=True)
        result_path(side, place).unlink(missing_ok=True)


def forget_state(place: ChunkId, side: Path) -> None:
    """Remove the state of a chunk that has its result now."""
    _state_path(place, side).unlink(missing_ok=True)
