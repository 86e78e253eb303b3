"""A line per panel: a bar that moves on a terminal, plain text elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..engine import Progress
    from ..sweeps.layout import ChunkId
    from ..trainings import Status

SELDOM = 5.0  # seconds, at least, between two lines of a panel of trainings in a log


class Lines:
    """Tells how the panels of a paper are getting on. `console` is a rich Console."""

    def __init__(self, console: Any, names: list[str]):
        from rich.progress import BarColumn, Progress, TextColumn

        self.console = console
        self._width = max(map(len, names), default=0)
        columns = (TextColumn("  {task.description}", markup=False), BarColumn(20), TextColumn("{task.fields[text]}"))
        self._bars = Progress(*columns, console=console) if console.is_terminal else None

    def __enter__(self) -> "Lines":
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def say(self, text: str) -> None:
        """A remark, above the bars."""
        self.console.print(f"    {text}", markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def panel(self, name: str, store: Path) -> Iterator[tuple[Callable[..., None], Callable[[str], None]]]:
        """Yields a function for the sweep's `on_segment`, and one that ends the line with a text."""
        task, end = self._begin(name)
        share: dict[ChunkId, float] = {}
        chunks: dict[ChunkId, int] = {}

        def report(place: "ChunkId", progress: "Progress") -> None:
            if self._bars is None or task is None:
                return
            if not chunks:
                chunks.update(_waiting(store))
            share[place] = chunks.get(place, 1) * progress.done / progress.total
            total = max(sum(chunks.values()), 1)
            note = ", some numbers are no longer finite" if progress.nonfinite else ""
            text = f"chunk {len(share)} of {len(chunks)}, {_left(self._bars.tasks[task].elapsed, share, total)}{note}"
            self._bars.update(task, completed=sum(share.values()) / total, text=text)

        yield report, end

    @contextmanager
    def trainings(self, name: str) -> Iterator[tuple[Callable[["Status"], None], Callable[[str], None]]]:
        """Yields a function for `Trainings.run`, and one that ends the line with a text."""
        task, end = self._begin(name)
        told = time.monotonic()

        def report(status: "Status") -> None:
            nonlocal told
            left = "time left unknown" if status.seconds_left is None else f"{duration(status.seconds_left)} left"
            text = f"{status.done} of {status.total} trained, {left}"
            if self._bars is not None and task is not None:
                self._bars.update(task, completed=status.fraction, text=text)
            elif status.finished is not None and status.done < status.total and time.monotonic() - told >= SELDOM:
                told = time.monotonic()
                self._print(name, text)

        yield report, end

    def _begin(self, name: str) -> tuple[Any, Callable[[str], None]]:
        """The task of a bar, if there are bars, and what ends it."""
        bars, title = self._bars, name.ljust(self._width)
        task = bars.add_task(title, total=1.0, text="preparing") if bars is not None else None

        def end(text: str) -> None:
            if bars is not None and task is not None:
                bars.update(task, completed=1.0, text=text)
            else:
                self._print(name, text)

        return task, end

    def _print(self, name: str, text: str) -> None:
        self.console.print(f"  {name.ljust(self._width)}  {text}", markup=False, highlight=False, soft_wrap=True)


def _waiting(store: Path) -> dict["ChunkId", int]:
    """Segments of every chunk that a store does not hold yet."""
    from ..sweeps.store import read_store

    opened = read_store(store)
    done = set(opened.finished())
    return {place: opened.layout.chunk_of(place).segments for place in opened.layout.ids if place not in done}


def _left(elapsed: float | None, share: dict["ChunkId", float], total: int) -> str:
    done = sum(share.values()) / total
    if not elapsed or not done:
        return "time left unknown"
    return f"{duration(elapsed * (1 - done) / done)} left"


def duration(seconds: float) -> str:
    """For instance 8.3 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
