"""Results of single chunks as files, on their way from a worker to the store.

    side/chunk_<group>_<chunk>.result       a checkpoint file: hashed, renamed into place, with the chunk it belongs to

A result that a killed sweep has left behind is as good as a new one: the next sweep takes it, if it is whole and of the
same spec, layout and code.
"""

import logging
import os
from pathlib import Path
from typing import Any

import numpy as np

from ...engine import load_tree, save_tree
from ..job import Job
from ..layout import ChunkId
from .engine import Finished

log = logging.getLogger("jaxsnn")


def about(job: Job, place: ChunkId) -> dict[str, Any]:
    """What a file of this chunk must say of itself."""
    return {"spec": job.spec.hash, "layout": job.layout.hash, "code": job.code[place[0]], "chunk": list(place)}


def result_path(side: str | os.PathLike, place: ChunkId) -> Path:
    return Path(side) / f"chunk_{place[0]}_{place[1]}.result"


def sweep_up(place: ChunkId, side: str | os.PathLike) -> None:
    """Remove the files that a process which is dead had begun to write for this chunk."""
    for path in Path(side).glob(f".chunk_{place[0]}_{place[1]}.*.tmp"):
        path.unlink(missing_ok=True)


def save_result(job: Job, finished: Finished, side: str | os.PathLike) -> None:
    """Write a chunk's results, in the dtypes in which they are kept."""
    place = finished.place
    kept = {name: finished.arrays[name].astype(dtype) for name, (_, dtype) in job.results[place[0]].items()}
    save_tree(result_path(side, place), kept, about(job, place))


def load_result(job: Job, place: ChunkId, side: str | os.PathLike) -> Finished | None:
    """The results that were written for this chunk; None, with a warning, where they cannot be used."""
    points, seeds = len(job.layout.chunk_of(place).points), len(job.grid.seeds)
    like = {
        name: np.broadcast_to(np.zeros((), dtype), (points, seeds, *shape))
        for name, (shape, dtype) in job.results[place[0]].items()
    }
    path = result_path(side, place)
    try:
        arrays, meta = load_tree(path, like)
        other = [name for name, value in about(job, place).items() if meta.get(name) != value]
        if other:
            raise ValueError(f"{path} belongs to another sweep ({other[0]} differs)")
    except FileNotFoundError:
        return None
    except ValueError as error:
        log.warning("%s; chunk %s is computed again", error, place)
        path.unlink(missing_ok=True)
        return None
    return Finished(place, arrays, 0.0)
