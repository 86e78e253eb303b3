"""`sweep`: a study on a grid, to a Dataset; `plan_sweep`: what that would take; `load`: what a store holds.

    data = sweep(run, Grid(noise="0.05:40:24:log", seed=8), key=jax.random.key(0), store="runs/x")

Points are checked on the host before anything is compiled or written. Chunks are computed by an engine, stored as they
finish, and a sweep that was stopped goes on where it was when it is called again with the same store.
"""

import contextlib
import errno
import logging
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Array

from ..core import check_positive, require
from ..engine import Program, Progress
from .damage import chunk_damage, description_damage
from .damage import repair as repair_store
from .dataset import assemble, machine, run_attrs, spec_attrs
from .engines import Engine, Finished, Watch, check_engine, chunks_at_once, end_engine, find_engine, forget
from .estimate import SweepPlan, make_plan
from .files import read_json, write_json
from .grid import Grid
from .job import Job, make_job
from .layout import ChunkId
from .marker import COMPLETE
from .memory import check_memory, check_room
from .progress import Report, bar
from .store import Store, StoreError, open_store, read_store
from .study import Study

if TYPE_CHECKING:
    import xarray as xr

log = logging.getLogger("jaxsnn")
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
_TIMES = ("wall_seconds", "compile_seconds", "run_seconds")


def sweep(
    run: Study | Program | Callable,
    grid: Grid,
    *,
    key: Array,
    chunk: int | None = None,
    store: str | os.PathLike | None = None,
    engine: str | Engine = "inline",
    independent: bool = False,
    cores: int | None = None,
    progress: bool = False,
    constants: Mapping[str, Any] | None = None,
    memory_limit: int | None = None,
    on_segment: Callable[[ChunkId, Progress], None] | None = None,
    repair: bool = False,
) -> "xr.Dataset":
    """Run a study at every point of a grid, for every seed.

    run: a function run(point, key) -> dict of small arrays, a Program, or a Study.
    key: one random key. Networks of one seed share their noise across the grid unless `independent`.
    chunk: points computed together (default: the study's).
    store: a folder to keep the results in and to go on from.
    engine: who runs the chunks. cores: devices to use (default: all; see `use_cores`). progress: draw a bar.
    constants: merged into every point. memory_limit: bytes (default: nine tenths of what is free).
    on_segment: told (chunk, progress) after every segment.
    repair: mend a damaged store first (see `repair`), and compute what was damaged again.

    Returns a Dataset with one dimension per axis, `seed` last. Results that are not finite are returned as they are;
    one sentence with their number is logged and kept in `attrs["warning"]`.
    Raises ValueError before anything runs: for a point that the study refuses, a grid that cannot fit into memory, a
    store of another sweep, or that another sweep is writing. Raises KeyboardInterrupt after saving, and StoreError when
    the store can no longer be written (a full disk), with a sentence on how to go on.
    """
    begun = time.monotonic()
    _check_limit(memory_limit)
    told = on_segment is None or callable(on_segment)
    require(told, "on_segment", on_segment, "must be a function of (chunk, progress)", "leave it out")
    runner = find_engine(engine)
    job = make_job(run, grid, key=key, chunk=chunk, independent=independent, constants=constants)
    if store is not None and repair:
        repair_store(store, job)
    opened = None if store is None else open_store(store, job)
    done, todo = _progress(job, opened)
    if todo:
        check_engine(runner, job, cores)
    for group in sorted({g for g, _ in todo}):
        program = job.chunk_program(group, cores)
        width = job.layout.groups[group].width
        check_memory(program.memory, memory_limit, width, job.layout.chunk, chunks_at_once(runner))
    made: dict[ChunkId, dict[str, np.ndarray]] = {}
    facts = _Facts(begun)
    with contextlib.ExitStack() as stack:
        if opened is not None:
            _refuse_damage(opened, done)
            if todo:
                stack.enter_context(opened.writing())
                done, todo = _progress(job, opened)  # another driver may have been at work until now
                for place in done:
                    forget(place, opened.side)  # of a sweep that was killed between storing and forgetting
        draw = stack.enter_context(bar(job.layout, todo, progress and bool(todo)))
        watch = Watch(cores, _both(draw, on_segment), None if opened is None else opened.side)
        chunks = runner(job, todo, watch)
        try:
            for finished in chunks:
                facts.add(finished, job)
                if opened is None:
                    made[finished.place] = finished.arrays
                else:
                    opened.write(finished.place, finished.arrays)
                facts.chunks += 1
            if opened is not None and todo:
                opened.complete()
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(_stopped(job, len(done) + facts.chunks, opened, str(stop))) from None
        except OSError as error:
            if opened is None or error.errno not in _DISK:
                raise
            why = f"{opened.folder} cannot be written: {error.strerror}"
            where = _stopped(job, len(done) + facts.chunks, opened, why)
            raise StoreError(error.errno, f"{where} when the disk has room or is writable again") from error
        finally:
            end_engine(chunks)
            if opened is not None and facts.chunks:
                _append_run(opened, facts.to_json())
    if opened is not None:
        _seal(opened)
        return _told(_collect(opened))
    attrs = {**spec_attrs(job.spec.to_json()), **run_attrs([facts.to_json()])}
    return _told(assemble(grid, job.layout, job.results, made.items(), attrs, job.study.undefined))


def plan_sweep(
    run: Study | Program | Callable,
    grid: Grid,
    *,
    key: Array,
    chunk: int | None = None,
    store: str | os.PathLike | None = None,
    engine: str | Engine = "inline",
    independent: bool = False,
    cores: int | None = None,
    constants: Mapping[str, Any] | None = None,
    memory_limit: int | None = None,
) -> SweepPlan:
    """What `sweep` would do with these arguments: points, programs, chunks, memory, time. Compiles and writes nothing.

    Raises ValueError as `sweep` does, except for memory, which the plan states.
    """
    _check_limit(memory_limit)
    job = make_job(run, grid, key=key, chunk=chunk, independent=independent, constants=constants)
    opened = None if store is None else open_store(store, job)
    done = [] if opened is None else opened.finished()
    runs = _runs(opened) if opened is not None else []
    return make_plan(job, done, cores, memory_limit, runs, chunks_at_once(find_engine(engine)))


def load(store: str | os.PathLike) -> "xr.Dataset":
    """The Dataset of a store, finished or not, without running anything; unfinished points are NaN.

    Raises ValueError for a folder that holds no sweep, and for results that are damaged.
    """
    opened = read_store(store)
    complete = (opened.folder / COMPLETE).exists()
    _refuse_damage(opened, opened.layout.ids if complete else opened.finished())
    return _told(_collect(opened))


def _check_limit(limit: Any) -> None:
    if limit is not None:
        check_positive("memory_limit", limit, "pass bytes, such as 2_000_000_000, or leave it out")


def _progress(job: Job, opened: Store | None) -> tuple[list[ChunkId], list[ChunkId]]:
    """Chunks that are finished, and those that are not."""
    done = [] if opened is None else opened.finished()
    return done, [place for place in job.layout.ids if place not in set(done)]


def _seal(opened: Store) -> None:
    """Say of a store in which all chunks are finished that they are, where its last sweep was killed just before."""
    if not (opened.folder / COMPLETE).exists() and len(opened.finished()) == len(opened.layout.ids):
        with contextlib.suppress(ValueError, OSError), opened.writing():  # a store that may only be read is whole too
            opened.complete()


def _collect(opened: Store) -> "xr.Dataset":
    done = opened.finished()
    check_room(f"the data of store {opened.folder}", opened.size)
    attrs = {**spec_attrs(opened.spec), **run_attrs(_runs(opened))}
    attrs["chunks"], attrs["chunks_finished"] = len(opened.layout.ids), len(done)
    chunks = ((place, opened.read(place)) for place in done)
    grid = Grid.from_json(opened.spec["grid"])
    return assemble(grid, opened.layout, opened.results, chunks, attrs, opened.undefined)


def _told(data: "xr.Dataset") -> "xr.Dataset":
    """Log the warning that the data carry: numbers that are not finite are results, but nobody should overlook them."""
    if "warning" in data.attrs:
        log.warning("%s: %s", data.attrs["study"], data.attrs["warning"])
    return data


def _refuse_damage(opened: Store, places: list[ChunkId]) -> None:
    damage = description_damage(opened.folder)
    if damage:
        raise ValueError(
            f"store {opened.folder} is damaged: {damage[0].what}; sweep(..., repair=True) of the same sweep, or "
            "--verify --repair on the command line, mends it"
        )
    damage = chunk_damage(opened, places)
    if damage:
        place, what = damage[0]
        raise ValueError(
            f"store {opened.folder} is damaged: {len({d.place for d in damage})} chunk(s), the first {place}: {what}; "
            "verify(store, drop=True) gives them up, and the next sweep computes them again"
        )


def _stopped(job: Job, chunks: int, opened: Store | None, detail: str) -> str:
    where = f"sweep stopped with {chunks} of {len(job.layout.ids)} chunks finished"
    detail = f" ({detail})" if detail else ""
    if opened is None:
        return f"{where}; nothing is kept without a store: pass store=... to be able to go on"
    return f"{where}{detail}; the same call with store={str(opened.folder)!r} goes on from there"


def _both(draw: Report, told: Callable[[ChunkId, Progress], None] | None) -> Callable[[ChunkId, Progress], None]:
    def report(place: ChunkId, progress: Progress) -> None:
        draw(place, progress)
        if told is not None:
            told(place, progress)

    return report


class _Facts:
    """Times of one run, which are no part of its results."""

    def __init__(self, begun: float):
        self.begun, self.running = begun, time.monotonic()
        self.started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.compiling, self.work, self.chunks = 0.0, 0.0, 0

    def add(self, finished: Finished, job: Job) -> None:
        self.compiling += finished.compile_seconds
        self.work += job.work([finished.place])

    def to_json(self) -> dict[str, Any]:
        now = time.monotonic()
        return {
            **machine(),
            "started": self.started,
            "wall_seconds": round(now - self.begun, 3),
            "compile_seconds": round(self.compiling, 3),
            "run_seconds": round(now - self.running - self.compiling, 3),
            "chunks": self.chunks,
            "updates": self.work if np.isfinite(self.work) else None,
        }


def _runs(opened: Store) -> list[dict[str, Any]]:
    """Facts about earlier runs, as far as they can be read: nothing about times is worth stopping for."""
    try:
        found = read_json(opened.side / "runs.json")
    except (OSError, ValueError):
        return []
    return [one for one in found if _is_run(one)] if isinstance(found, list) else []


def _is_run(one: Any) -> bool:
    number = lambda value: type(value) in (int, float) and math.isfinite(value)
    right = isinstance(one, dict) and all(number(one.get(name)) for name in _TIMES)
    work = right and (one.get("updates", "") is None or number(one.get("updates")))
    return work and isinstance(one.get("platform"), str) and isinstance(one.get("versions"), dict)


def _append_run(opened: Store, facts: dict[str, Any]) -> None:
    try:
        write_json(Path(opened.side) / "runs.json", [*_runs(opened), facts])
    except OSError as error:
        log.warning("store %s: times of this run cannot be written (%s)", opened.folder, error.strerror)
