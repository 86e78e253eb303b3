"""`submitit`: chunks as jobs of Slurm. Extra: `pip install spikegrid[submitit]`.

    sweep(..., engine=Submitit(workers=20, parameters={"timeout_min": 120, "slurm_partition": "cpu"}))

The chunks are dealt out to `workers` jobs, which leave each result in the store's folder as it is finished; this
process collects them, and submits again what a lost job has not done. Jobs import the study: the disk is shared, the
file is where it is here, and unchanged. Where there is no Slurm, jobs run on this machine. submitit pickles the
functions that it submits into its own folder, which must be yours.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax

from ..job import Job
from ..layout import ChunkId
from ..order import heard, leave_results, write_order
from .engine import Finished, Watch
from .inline import forget
from .on_dask import extra
from .results import load_result, result_path


@dataclass(frozen=True)
class Submitit:
    """workers: jobs at most. folder: of the jobs' files and logs (default: submitit in the store's `side`, or here).

    cluster: "slurm", "local" or "debug" (default: Slurm where it is). parameters: as of submitit's executor.
    attempts: how often a chunk is submitted. poll: seconds between two looks at the results.
    """

    workers: int = 8
    folder: Path | None = None
    cluster: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 3
    poll: float = 1.0

    def __post_init__(self):
        if isinstance(self.workers, bool) or not isinstance(self.workers, int) or self.workers < 1:
            raise ValueError(f"workers = {self.workers!r}: must be an integer of at least 1; pass 2")

    def check(self, job: Job, cores: int | None) -> None:
        """ValueError for a job that workers cannot run, and where submitit is not installed."""
        extra("submitit", "submitit")
        write_order(job, _devices(cores))

    def __call__(self, job: Job, ids: Sequence[ChunkId], watch: Watch) -> Iterator[Finished]:
        submitit = extra("submitit", "submitit")
        text = write_order(job, _devices(watch.cores)).to_text()
        with _shared(watch.side) as side:
            folder = self.folder if self.folder is not None else side / "submitit"
            executor = submitit.AutoExecutor(folder=folder, cluster=self.cluster)
            executor.update_parameters(**self.parameters)
            left, jobs, tried = list(ids), [], 0
            try:
                while left:
                    for place in [one for one in left if result_path(side, one).exists()]:
                        found = load_result(job, place, side)
                        if found is not None:
                            left.remove(place)
                            watch.report_whole(job, place)
                            yield found
                            forget(place, side)
                    over = all(one.done() for one in jobs)  # before the last look at the results
                    waiting = [one for one in left if not result_path(side, one).exists()]
                    if waiting and over:
                        _refuse_errors(jobs)
                        if tried >= self.attempts:
                            raise _failure(jobs, waiting, tried)
                        tried += 1
                        parts = [waiting[i :: self.workers] for i in range(min(self.workers, len(waiting)))]
                        jobs = [executor.submit(leave_results, text, part, str(side)) for part in parts]
                    elif waiting:
                        time.sleep(self.poll)
            finally:
                for one in jobs if left else []:  # else they are about to end
                    if not one.done():
                        one.cancel()


def _refuse_errors(jobs: Sequence[Any]) -> None:
    """A job that ended with an error of the study's own is not submitted again."""
    for one in jobs:
        if one.exception() is None and one.result():
            raise heard(one.result())


def _failure(jobs: Sequence[Any], left: Sequence[ChunkId], tried: int) -> Exception:
    errors = [str(error) for error in (one.exception() for one in jobs) if error is not None]
    last = f"; the last error: {errors[-1].strip().splitlines()[-1]}" if errors else ""
    return ChildProcessError(
        f"{len(left)} chunk(s), the first {left[0]}, came back from none of {tried} jobs{last}. Logs: "
        f"{jobs[0].paths.stderr}. What was finished is kept"
    )


def _devices(cores: int | None) -> int:
    return len(jax.local_devices()) if cores is None else cores


@contextmanager
def _shared(side: Path | None) -> Iterator[Path]:
    """A folder that jobs elsewhere see too: the store's, or one beside us that is gone afterwards."""
    if side is not None:
        yield side
        return
    with tempfile.TemporaryDirectory(prefix=".jaxsnn-", dir=Path.cwd(), ignore_cleanup_errors=True) as folder:
        yield Path(folder)
