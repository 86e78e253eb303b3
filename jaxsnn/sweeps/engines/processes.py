"""`processes`: chunks computed by worker processes of this machine, which may be killed without harm.

    parent -> worker     {"chunk": [0, 3]}                               a line on the worker's standard input
    worker -> parent     {"ready": true} {"compiled": 0} {"segment": ...} {"finished": [0, 3], ...} {"failed": ...}

Results come back as files (`results`), orders go out as a file (`order`); nothing is pickled. A worker that dies is
started again and its chunk handed out again, from its last saved state. A worker whose parent is gone ends by itself,
because its standard input does. A program is compiled by one worker at a time, and the others find it in the
compilation cache. Every worker has the same number of devices: all `cores`, divided by the workers.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jax

from ...engine.checkpoint import atomic
from ..job import Job
from ..layout import ChunkId
from ..order import write_order
from .crew import Crew
from .engine import Finished, Watch
from .inline import forget
from .results import load_result


@dataclass(frozen=True)
class Processes:
    """workers: processes at a time. attempts: how often a chunk is tried, and a worker started without ever working."""

    workers: int = 1
    attempts: int = 3

    def __post_init__(self):
        for name in ("workers", "attempts"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} = {value!r}: must be an integer of at least 1; pass 2")

    @property
    def at_once(self) -> int:
        """Chunks that share the memory of this machine."""
        return self.workers

    def check(self, job: Job, cores: int | None) -> None:
        """ValueError for a job that workers cannot run."""
        write_order(job, self.devices(cores))

    def devices(self, cores: int | None) -> int:
        """Devices of each worker."""
        here = jax.local_devices()
        if here[0].platform != "cpu":
            raise ValueError(
                f"engine = 'processes': its workers share the cores of a processor, and jax runs on {here[0].platform} "
                "here, of which this process has all; use engine='inline', or set JAX_PLATFORMS=cpu"
            )
        total = len(here) if cores is None else cores
        if self.workers > total:
            raise ValueError(
                f"workers = {self.workers}: there are {total} core(s) for them; ask for fewer workers, or start with "
                f"jaxsnn.sweeps.use_cores({self.workers})"
            )
        return total // self.workers

    def __call__(self, job: Job, ids: Sequence[ChunkId], watch: Watch) -> Iterator[Finished]:
        text = write_order(job, self.devices(watch.cores)).to_text()
        with _beside(watch.side) as side:
            todo = []
            for place in ids:
                found = load_result(job, place, side)  # of a sweep that was killed
                if found is None:
                    todo.append(place)
                    continue
                yield found
                forget(place, side)
            if not todo:
                return
            order = side / "order.json"
            with atomic(order) as file:
                file.write(text.encode())
            crew = Crew(order, side, min(self.workers, len(todo)), self.attempts, watch)
            try:
                for place, compiling in crew.run(todo):
                    finished = load_result(job, place, side)
                    if finished is None:
                        crew.again(place, "left no result that can be read")
                        continue
                    yield finished._replace(compile_seconds=compiling / self.workers)
                    forget(place, side)
            except KeyboardInterrupt:
                stopped = crew.interrupt()
                raise KeyboardInterrupt("; ".join(stopped) if watch.side is not None else "") from None
            finally:
                crew.end()
                order.unlink(missing_ok=True)


@contextmanager
def _beside(side: Path | None) -> Iterator[Path]:
    """The store's folder for what is under way, or one that is gone afterwards."""
    if side is not None:
        yield side
        return
    with tempfile.TemporaryDirectory(prefix="jaxsnn-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
