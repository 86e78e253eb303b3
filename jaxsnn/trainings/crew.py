"""Worker processes that train, with one core each; any of them may be killed without harm.

    parent -> worker     {"training": "3f0c..."}            a line on the worker's standard input
    worker -> parent     {"ready": true} {"finished": "3f0c..."} {"failed": ...} {"stopped": ...}

A worker writes what it has finished into the store by itself. One that dies is started again, and its run goes on from
the last checkpoint. A worker whose parent is gone ends by itself, because its standard input does.
"""

import logging
import queue
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax

from ..start import available_cores
from ..sweeps.files import write_json
from ..sweeps.order import SETTINGS, heard
from ..workers import Worker, interrupt
from .sources import Source
from .store import TrainingStore
from .trainings import Training

log = logging.getLogger("jaxsnn")

LOOK = 2.0  # seconds between two looks at how far the runs are
PATIENCE = 120.0  # seconds for a worker to save its state, which it does between two calls of the compiled step
ATTEMPTS = 3
ONE_CORE = {name: "1" for name in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


class Crew:
    """look: told now and then which runs are under way, and since when."""

    def __init__(self, store: TrainingStore, source: Source, size: int, look: Callable[[dict[str, float]], None]):
        cores = available_cores()
        platform = jax.default_backend()
        if platform != "cpu":
            raise ValueError(
                f"workers = {size}: workers share the cores of a processor, and jax runs on {platform} here, of which "
                "this process has all; leave out `workers`, or set JAX_PLATFORMS=cpu"
            )
        if size > cores:
            raise ValueError(f"workers = {size}: must be at most {cores}, a core for each; ask for fewer")
        self.store, self.source, self.size, self.look = store, source, size, look
        self.order = store.folder / "side" / "order.json"
        self.mail: queue.SimpleQueue = queue.SimpleQueue()
        self.workers: list[Worker[Training]] = []
        self.todo: list[Training] = []
        self.tried: Counter[str] = Counter()
        self.stillborn = 0

    def run(self, todo: Sequence[Training]) -> Iterator[Training]:
        """Runs as they are finished. Raises ValueError with a worker's own words, ChildProcessError where workers die
        again and again, KeyboardInterrupt after they have saved."""
        self.todo, left = list(todo), len(todo)
        write_json(self.order, _order(self.store, self.source))
        try:
            self.workers = [self._hire() for _ in range(min(self.size, left))]
            while left:
                self._hand_out()
                for one in self._next():
                    left -= 1
                    yield one
        except KeyboardInterrupt:
            raise KeyboardInterrupt("; ".join(interrupt(self.workers, self.mail, PATIENCE))) from None
        finally:
            for worker in self.workers:
                worker.end(patience=5.0)
            self.order.unlink(missing_ok=True)

    def _next(self) -> Iterator[Training]:
        try:
            worker, message = self.mail.get(timeout=LOOK)
        except queue.Empty:
            self.look({w.task.id: w.since for w in self.workers if w.task is not None})
            return
        if message is None:
            self._died(worker)
        elif "failed" in message:
            raise heard(message)
        elif "ready" in message:
            worker.ready, self.stillborn = True, 0
        elif "finished" in message and worker.task is not None:
            done, worker.task = worker.task, None
            self._hand_out()
            yield done

    def _hire(self) -> Worker[Training]:
        return Worker("jaxsnn.trainings.worker", str(self.order), mail=self.mail, **ONE_CORE)

    def _hand_out(self) -> None:
        for worker in self.workers:
            if self.todo and worker.task is None and worker.alive:
                one = self.todo.pop(0)
                self.tried[one.id] += 1
                worker.give(one, training=one.id)

    def _died(self, worker: Worker[Training]) -> None:
        worker.end(patience=0.0)
        one, how = worker.task, worker.how_it_died()
        self.stillborn += not worker.ready
        if self.stillborn >= ATTEMPTS or (one is not None and self.tried[one.id] >= ATTEMPTS):
            what = "before it was ready" if one is None or not worker.ready else f"while training {one}"
            raise ChildProcessError(
                f"a worker {how} {what}, and so did those before it: {ATTEMPTS} in all. If the system kills them for "
                "want of memory, pass fewer workers; without `workers` the run is trained in this process. What was "
                "finished is kept"
            )
        if one is not None:
            self.todo.insert(0, one)
        log.warning("a worker %s%s; another one goes on", how, "" if one is None else f" while training {one}")
        self.workers[self.workers.index(worker)] = self._hire()


def _order(store: TrainingStore, source: Source) -> dict[str, Any]:
    """A panel in words: what `worker` makes it of again."""
    panel = store.panel
    return {
        "source": source._asdict(),
        "grid": panel.grid.to_json(),
        "constants": panel.constants,
        "key": panel.key,
        "name": panel.name,
        "version": panel.version,
        "undefined": list(panel.undefined),
        "settings": {name: getattr(jax.config, name) for name in SETTINGS},
        "code": store.code,
        "store": str(store.folder.resolve()),
    }
