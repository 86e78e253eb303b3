"""Worker processes that train, with one core each; any of them may be killed without harm.

    parent -> worker     {"training": "3f0c..."}            a line on the worker's standard input
    worker -> parent     {"ready": true} {"finished": "3f0c..."} {"failed": ...} {"stopped": ...}

A worker writes what it has finished into the store by itself. One that dies is started again, and its run goes on from
the last checkpoint. A worker whose parent is gone ends by itself, because its standard input does.
"""

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax

from ..start import available_cores
from ..sweeps.files import write_json
from ..sweeps.order import SETTINGS
from .sources import Source
from .store import TrainingStore
from .trainings import Training

log = logging.getLogger("jaxsnn")

LOOK = 2.0  # seconds between two looks at how far the runs are
PATIENCE = 120.0  # seconds for a worker to save its state, which it does between two calls of the compiled step
ATTEMPTS = 3


class _Worker:
    """One process. Its lines go to `mail`, followed by None when it has ended."""

    def __init__(self, order: str, mail: queue.SimpleQueue):
        path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
        one_core = {name: "1" for name in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "jaxsnn.trainings.worker", order],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **one_core, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"},
            start_new_session=True,  # Ctrl-C is for the parent, which passes it on once
        )
        self.training: Training | None = None
        self.since = 0.0
        self.ready = False
        self.mail = mail
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as answers:
            for line in answers:
                if line.endswith(b"\n"):  # a worker that is killed may leave half a line
                    self.mail.put((self, json.loads(line)))
        self.process.wait()
        self.mail.put((self, None))

    def give(self, training: Training) -> None:
        assert self.process.stdin is not None
        self.training, self.since = training, time.monotonic()
        try:
            self.process.stdin.write(json.dumps({"training": training.id}).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has died, which its mail will say

    def how_it_died(self) -> str:
        code = self.process.returncode
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def end(self, patience: float) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()  # which ends it, whatever it does
            self.process.wait(patience)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


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
        self.workers: list[_Worker] = []
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
            raise KeyboardInterrupt("; ".join(self._interrupt())) from None
        finally:
            for worker in self.workers:
                worker.end(patience=5.0)
            self.order.unlink(missing_ok=True)

    def _next(self) -> Iterator[Training]:
        try:
            worker, message = self.mail.get(timeout=LOOK)
        except queue.Empty:
            self.look({w.training.id: w.since for w in self.workers if w.training is not None})
            return
        if message is None:
            self._died(worker)
        elif "failed" in message:
            raise _heard(message)
        elif "ready" in message:
            worker.ready, self.stillborn = True, 0
        elif "finished" in message and worker.training is not None:
            done, worker.training = worker.training, None
            self._hand_out()
            yield done

    def _hire(self) -> _Worker:
        return _Worker(str(self.order), self.mail)

    def _hand_out(self) -> None:
        for worker in self.workers:
            if self.todo and worker.training is None and worker.process.poll() is None:
                one = self.todo.pop(0)
                self.tried[one.id] += 1
                worker.give(one)

    def _died(self, worker: _Worker) -> None:
        worker.end(patience=0.0)
        one, how = worker.training, worker.how_it_died()
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

    def _interrupt(self) -> list[str]:
        """Let every worker save its state; what they say about it."""
        said, left = [], [worker for worker in self.workers if worker.process.poll() is None]
        for worker in left:
            worker.process.send_signal(signal.SIGINT)
        until = time.monotonic() + PATIENCE
        while left and time.monotonic() < until:
            try:
                worker, message = self.mail.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if message is None:
                left = [one for one in left if one is not worker]
            elif message.get("stopped"):
                said.append(message["stopped"])
        return said


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


def _heard(message: dict[str, str]) -> Exception:
    text = message["failed"]
    return ValueError(text) if message["kind"] == "ValueError" else ChildProcessError(f"a worker cannot go on: {text}")
