"""The worker processes of one sweep: started, given chunks, listened to, started again, ended."""

import logging
import queue
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...engine import Progress
from ...workers import Worker, interrupt
from ..layout import ChunkId
from ..order import heard
from .engine import Watch
from .results import sweep_up

log = logging.getLogger("jaxsnn")

PATIENCE = 30.0  # seconds for a worker to save the state of its chunk, which it does between two segments


class Crew:
    """Workers for one order. Iterate over `run` to the end, and call `end` whatever happens."""

    def __init__(self, order: Path, side: Path, size: int, attempts: int, watch: Watch):
        self.order, self.side, self.size, self.attempts, self.watch = order, side, size, attempts, watch
        self.mail: queue.SimpleQueue = queue.SimpleQueue()
        self.workers: list[Worker[ChunkId]] = []
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
                place, worker.task = tuple(message["finished"]), None
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
        return interrupt(self.workers, self.mail, PATIENCE)

    def end(self) -> None:
        for worker in self.workers:
            worker.end(patience=5.0)

    def _hire(self) -> Worker[ChunkId]:
        return Worker("jaxsnn.worker", str(self.order), str(self.side), mail=self.mail)

    def _hand_out(self) -> None:
        for worker in self.workers:
            if worker.task is None and worker.alive:
                place = self._next()
                if place is None:
                    return
                self.todo.remove(place)
                self.tried[place] += 1
                worker.give(place, chunk=place)

    def _next(self) -> ChunkId | None:
        """The first chunk whose program no other worker is compiling right now."""
        compiling = {one.task[0] for one in self.workers if one.task is not None} - self.compiled
        return next((place for place in self.todo if place[0] not in compiling), None)

    def _died(self, worker: Worker[ChunkId]) -> None:
        worker.end(patience=0.0)
        place, how = worker.task, worker.how_it_died()
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
