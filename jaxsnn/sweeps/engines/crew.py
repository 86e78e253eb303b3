"""The worker processes of one sweep: started, given chunks, listened to, started again, ended."""

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
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...engine import Progress
from ..layout import ChunkId
from ..order import heard
from .engine import Watch
from .results import sweep_up

log = logging.getLogger("jaxsnn")

PATIENCE = 30.0  # seconds for a worker to save the state of its chunk, which it does between two segments


class _Worker:
    """One process. Its lines go to `mail`, followed by None when it has ended."""

    def __init__(self, order: Path, side: Path, mail: queue.SimpleQueue):
        path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "jaxsnn.worker", str(order), str(side)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"},  # it imports what this process imports
            start_new_session=True,  # Ctrl-C is for the parent, which passes it on once
        )
        self.place: ChunkId | None = None
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

    def give(self, place: ChunkId) -> None:
        assert self.process.stdin is not None
        self.place = place
        try:
            self.process.stdin.write(json.dumps({"chunk": list(place)}).encode() + b"\n")
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
    """Workers for one order. Iterate over `run` to the end, and call `end` whatever happens."""

    def __init__(self, order: Path, side: Path, size: int, attempts: int, watch: Watch):
        self.order, self.side, self.size, self.attempts, self.watch = order, side, size, attempts, watch
        self.mail: queue.SimpleQueue = queue.SimpleQueue()
        self.workers: list[_Worker] = []
        self.todo: list[ChunkId] = []
        self.tried: Counter[ChunkId] = Counter()
        self.stillborn = 0  # workers in a row that died before they were ready
        self.compiled: set[int] = set()
        self.open: set[ChunkId] = set()  # handed out or still to be

    def run(self, places: Sequence[ChunkId]) -> Iterator[tuple[ChunkId, float]]:
        """Chunks whose results lie in the folder, as they come, with the seconds that their worker compiled.

        Raises ValueError with a worker's own words, ChildProcessError where workers die again and again.
        """
        self.todo, self.open = list(places), set(places)
        self.workers = [self._hire() for _ in range(self.size)]
        while self.open:
            self._hand_out()
            worker, message = self.mail.get()
            if message is None:
                self._died(worker)
            elif "failed" in message:
                raise heard(message)
            elif "ready" in message:
                worker.ready, self.stillborn = True, 0
            elif "compiled" in message:
                self.compiled.add(message["compiled"])
            elif "segment" in message:
                self.watch.report(tuple(message["segment"]), Progress(*message["progress"]))
            elif "finished" in message:
                place, worker.place = tuple(message["finished"]), None
                self.open.discard(place)
                self._hand_out()  # before the caller stores what has come
                yield place, message["compile_seconds"]

    def again(self, place: ChunkId, what: str) -> None:
        """Hand a chunk out once more, unless it has been tried often enough."""
        if self.tried[place] >= self.attempts:
            raise ChildProcessError(
                f"a worker {what} at chunk {place}, and so did those before it: {self.tried[place]} attempts. If the "
                "system kills them for want of memory, pass a smaller chunk or fewer workers; engine='inline' runs the "
                "chunk in this process. What was finished is kept"
            )
        self.open.add(place)
        self.todo.insert(0, place)

    def interrupt(self) -> list[str]:
        """Let every worker save the state of its chunk; what they say about it."""
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

    def end(self) -> None:
        for worker in self.workers:
            worker.end(patience=5.0)

    def _hire(self) -> _Worker:
        return _Worker(self.order, self.side, self.mail)

    def _hand_out(self) -> None:
        for worker in self.workers:
            if worker.place is None and worker.process.poll() is None:
                place = self._next()
                if place is None:
                    return
                self.todo.remove(place)
                self.tried[place] += 1
                worker.give(place)

    def _next(self) -> ChunkId | None:
        """The first chunk whose program no other worker is compiling right now."""
        compiling = {one.place[0] for one in self.workers if one.place is not None} - self.compiled
        return next((place for place in self.todo if place[0] not in compiling), None)

    def _died(self, worker: _Worker) -> None:
        worker.end(patience=0.0)
        place, how = worker.place, worker.how_it_died()
        self.stillborn += not worker.ready
        if self.stillborn >= self.attempts:
            raise ChildProcessError(
                f"a worker {how} before it was ready, and so did those before it: {self.stillborn} in a row; "
                f"try it by hand: python -m jaxsnn.worker ORDER, or use engine='inline'"
            )
        if place is not None:
            sweep_up(place, self.side)
            self.again(place, how)
        log.warning("a worker %s%s; another one goes on", how, "" if place is None else f" at chunk {place}")
        self.workers[self.workers.index(worker)] = self._hire()
