"""One bar for a whole sweep, over the segments of all its chunks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..engine import Progress
from .layout import ChunkId, Layout

Report = Callable[[ChunkId, Progress], None]


@contextmanager
def bar(layout: Layout, ids: list[ChunkId], shown: bool) -> Iterator[Report]:
    """A function for an engine's `on_segment`; draws on stderr when `shown`, and otherwise does nothing."""
    if not shown:
        yield lambda place, progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    total = sum(layout.chunk_of(place).segments for place in ids)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("segments,"),
        TimeElapsedColumn(),
        TextColumn("gone,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    done: dict[ChunkId, float] = {}
    with Bar(*columns, console=Console(stderr=True)) as drawn:
        task = drawn.add_task(f"compiling, then {len(ids)} chunks", total=total)

        def report(place: ChunkId, progress: Progress) -> None:
            segments = layout.chunk_of(place).segments
            done[place] = segments * progress.done / progress.total
            note = "" if not progress.nonfinite else " (some numbers are no longer finite)"
            text = f"chunk {list(done).index(place) + 1} of {len(ids)}{note}"
            drawn.update(task, completed=round(sum(done.values())), description=text)

        yield report
