"""The panel's host loop: which runs are left, who carries them out, what is said meanwhile."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .crew import Crew
from .dataset import agreed_shapes, assemble
from .one import carry_out
from .progress import Status, fraction_done, seconds_left
from .sources import find_source
from .store import TrainingStore, open_store
from .trainings import Training, Trainings

if TYPE_CHECKING:
    import xarray as xr

Tell = Callable[[Status], None]


def run(
    panel: Trainings, folder: Path, workers: int, trust: bool, on_progress: Tell | None, temporary: bool = False
) -> "xr.Dataset":
    """See `Trainings.run`."""
    store = open_store(panel, folder, trust)
    source = find_source(panel.train) if workers else None
    damaged = store.damage()
    if damaged:
        raise ValueError(
            f"store {folder} is damaged: {len(damaged)} run(s), the first ({damaged[0].training}): {damaged[0].what}; "
            f"delete {folder / 'runs' / damaged[0].training.id}, and it is trained again"
        )
    if len(store.finished()) < len(panel.trainings) or store.changed():
        with store.writing():
            todo = _todo(store)  # another driver may have been at work until now
            watch = _Watch(store, todo, workers, on_progress)
            if source is None:
                made: Iterator[Training] = _inline(store, todo, watch)
            else:
                made = Crew(store, source, workers, watch.look).run(todo)
            first = next(iter(store.finished()), None)
            try:
                for one in made:
                    first = first or one
                    agreed_shapes(store, [first, one])
                    watch.finished(one)
            except KeyboardInterrupt as stop:
                raise KeyboardInterrupt(_stopped(store, str(stop), temporary)) from None
    return assemble(store)


def _todo(store: TrainingStore) -> list[Training]:
    done = {one.id for one in store.finished()}
    return [one for one in store.panel.trainings if one.id not in done]


def _inline(store: TrainingStore, todo: list[Training], watch: "_Watch") -> Iterator[Training]:
    for one in todo:
        watch.look({one.id: time.monotonic()})
        carry_out(store, one)
        yield one


def _stopped(store: TrainingStore, detail: str, temporary: bool) -> str:
    where = f"trainings stopped with {len(store.finished())} of {len(store.panel.trainings)} finished"
    if temporary:
        return f"{where}; nothing is kept without a store: pass store=... to be able to go on"
    detail = f" ({detail})" if detail else ""
    return f"{where}{detail}; the same call with store={str(store.folder)!r} goes on from there"


class _Watch:
    """Tells how far all runs are. begun: ids of runs under way, with the time at which each was begun here."""

    def __init__(self, store: TrainingStore, todo: list[Training], workers: int, told: Tell | None):
        self.store, self.workers, self.told = store, max(workers, 1), told
        self.left = {one.id: store.checkpoint(one) for one in todo}
        self.total = len(store.panel.trainings)
        self.took = [store.record(one).get("seconds") for one in store.finished()]
        self.begun: dict[str, float] = {}
        self.resumed = {name: fraction_done(path) for name, path in self.left.items()}

    def look(self, begun: dict[str, float]) -> None:
        self.begun = {name: since for name, since in begun.items() if name in self.left}
        self._tell(None)

    def finished(self, one: Training) -> None:
        self.left.pop(one.id, None)
        self.begun.pop(one.id, None)
        self.took.append(self.store.record(one).get("seconds"))
        self._tell(one)

    def _tell(self, one: Training | None) -> None:
        if self.told is None:
            return
        now = time.monotonic()
        under_way = {name: fraction_done(self.left[name]) for name in self.begun}
        # a run that goes on from a checkpoint shows how fast it is only by what it has done here
        running = [(max(under_way[name] - self.resumed[name], 0.0), now - since) for name, since in self.begun.items()]
        took = [seconds for seconds in self.took if seconds]
        left = seconds_left(took, len(self.left) - len(running), running, self.workers)
        self.told(Status(self.total - len(self.left), self.total, tuple(under_way.values()), left, one))
