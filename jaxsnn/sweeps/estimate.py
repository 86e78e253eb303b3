"""What a sweep would take, before it is run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .job import Job
from .layout import ChunkId
from .memory import available, human
from .placement import choose_devices

COMPILE_SECONDS = 8.0  # typical for the three functions of a group; measured per run and kept beside the results
SPEED = 5e8  # updates per second and device, a cautious guess where no earlier run of the store tells


@dataclass(frozen=True)
class SweepPlan:
    """Print it. `seconds` and `updates` are NaN where the study does not count its work."""

    points: int
    seeds: int
    programs: int  # compilations
    chunks: int
    finished: int  # chunks that the store already holds
    steps: int  # of all points that are left, times seeds
    memory: int  # bytes, of the largest chunk, times the workers that have one each
    memory_limit: int
    updates: float
    seconds: float
    measured: bool  # the speed is that of an earlier run

    @property
    def networks(self) -> int:
        return self.points * self.seeds

    @property
    def fits(self) -> bool:
        return self.memory <= self.memory_limit

    def __str__(self) -> str:
        room = "" if self.fits else " - does not fit: pass a smaller chunk"
        lines = [
            f"points     {self.points} x {self.seeds} seeds = {self.networks} networks",
            f"programs   {self.programs} to compile",
            f"chunks     {self.chunks}" + (f", {self.finished} of them finished" if self.finished else ""),
            f"memory     about {human(self.memory)} of {human(self.memory_limit)}{room}",
        ]
        if self.updates == self.updates:
            basis = "at the speed of the last run" if self.measured else f"at {SPEED:.0e} updates/s per device"
            lines += [
                f"work       {self.updates:.3g} updates in {self.steps:.3g} steps",
                f"time       about {_duration(self.seconds)}, {basis}",
            ]
        else:
            lines += [f"work       {self.steps:.3g} steps", "time       unknown: the study gives no `updates`"]
        return "\n".join(lines)


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} s"


def make_plan(
    job: Job,
    done: Sequence[ChunkId],
    cores: int | None,
    limit: int | None,
    runs: Sequence[Mapping[str, Any]],
    at_once: int = 1,
) -> SweepPlan:
    """runs: facts of earlier runs into the same store. at_once: chunks computed at a time on this machine."""
    todo = [place for place in job.layout.ids if place not in set(done)]
    groups = sorted({g for g, _ in todo})
    seeds = len(job.grid.seeds)
    updates = job.work(todo)
    speeds = [run["updates"] / run["run_seconds"] for run in runs if run.get("updates") and run.get("run_seconds")]
    devices = max((len(choose_devices(cores, job.layout.groups[g].width)) for g in groups), default=1)
    speed = speeds[-1] if speeds else SPEED * devices
    return SweepPlan(
        points=len(job.prepared),
        seeds=seeds,
        programs=len(groups),
        chunks=len(job.layout.ids),
        finished=len(done),
        steps=seeds * sum(job.prepared[p].steps for place in todo for p in job.layout.chunk_of(place).points),
        memory=at_once * max((job.chunk_program(g, cores).memory for g in groups), default=0),
        memory_limit=int(0.9 * available()) if limit is None else limit,
        updates=updates,
        seconds=updates / speed + COMPILE_SECONDS * len(groups),
        measured=bool(speeds),
    )
