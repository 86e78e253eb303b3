"""What the engines cost: time between chunks that take exactly five seconds each.

    python -m benchmarks.overhead [SECONDS] [CHUNKS]

The chunks sleep, in segments of a second, so that their length is known and does not depend on the load of the machine:
whatever a sweep takes beyond it, after its first chunk has begun, was spent on scheduling, messages, results, storing
and markers. They return what a chunk of the paper's map returns: 64 points, 16 seeds, 12 numbers each. The processor
time of this process stands beside it: what the workers would have had.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxsnn.cache import use_cache
from jaxsnn.engine import Plan, Program
from jaxsnn.sweeps import Engine, Finished, Grid, Job, Study, Watch, sweep, use_cores
from jaxsnn.sweeps.engines import find_engine
from jaxsnn.sweeps.layout import ChunkId

from .rows import Row, fact

POINTS, SEEDS, RESULTS = 64, 16, 12
ALLOWED = 0.02
NAME = "what the engines cost"


class Sleeper(Program):
    """A step is a second of sleep."""

    def steps(self, point):
        return int(point["steps"])

    def begin(self, point, key):
        return jnp.asarray(point["x"], jnp.float32) + jax.random.normal(key)

    def advance(self, point, key, carry, start, steps):
        like = jax.ShapeDtypeStruct((), jnp.float32)
        return jax.pure_callback(_sleep, like, carry, vmap_method="broadcast_all")

    def finish(self, point, carry):
        return {f"result_{number}": carry + number for number in range(RESULTS)}


def _sleep(x: np.ndarray) -> np.ndarray:
    time.sleep(1.0)
    return np.asarray(x)


STUDY = Study(
    "benchmark.overhead",
    1,
    Sleeper(),
    lambda point: Plan({}, {"x": float(point["x"]), "steps": int(point["seconds"])}),
    {"seconds": 5},
    chunk=POINTS,
    segment=1,
)


class Timed:
    """An engine, and when its first segment was heard of and its last result was stored."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.first = self.last = self.processor = 0.0

    def __call__(self, job: Job, ids: Sequence[ChunkId], watch: Watch) -> Iterator[Finished]:
        yield from self.engine(job, ids, watch)
        self.last = time.monotonic()  # asked for more after the last was stored
        self.processor = _processor() - self.processor

    def heard(self, place: ChunkId, progress: object) -> None:
        """The first segment of a chunk is told when its second has begun or it is over: a second after it began."""
        if not self.first:
            self.first, self.processor = time.monotonic() - progress.seconds, _processor()  # type: ignore[attr-defined]


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cost(name: str, seconds: int, chunks: int) -> tuple[float, float]:
    """Share of time that is no chunk's, and processor time of this process as a share, for one engine."""
    timed = Timed(find_engine(name))
    grid = Grid(x=[float(x) for x in range(POINTS * chunks)], seed=SEEDS)
    with tempfile.TemporaryDirectory() as folder:
        sweep(
            STUDY,
            grid,
            key=jax.random.key(0),
            store=Path(folder) / "store",
            engine=timed,
            constants={"seconds": seconds},
            on_segment=timed.heard,
        )
    whole = seconds * chunks
    return (timed.last - timed.first - whole) / whole, timed.processor / whole


def measure(turns: int) -> tuple[list[Row], list[str]]:
    """Rows for the runner: per cent of six chunks of five seconds, once, since a chunk's length is known."""
    del turns
    use_cache()
    use_cores(1)
    found = []
    for name in ("inline", "processes"):
        share, processor = cost(name, 5, 6)
        note = f"6 chunks of 5 s; {processor:.2%} of the time on the processor here"
        found.append(fact("scheduling, storing, markers", f"jaxsnn sweep, {name}", 100 * share, "per cent", note))
    return found, []


def main(seconds: int = 5, chunks: int = 6) -> int:
    """Print a line for each engine; returns 1 if one costs more than is allowed."""
    use_cache()
    use_cores(1)  # a callback on several devices may wait for itself
    dear = False
    for name in ("inline", "processes"):
        share, processor = cost(name, seconds, chunks)
        dear |= share > ALLOWED
        print(
            f"{name:10} {share:7.2%} of {chunks} chunks of {seconds} s, {processor:.2%} processor time here", flush=True
        )
    return int(dear)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
