"""Panels of trainings: loaded, taken up again or begun; what stands in the way is put right as far as that is safe."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .panels import set_aside
from .progress import Lines, duration

if TYPE_CHECKING:
    import xarray as xr

    from ..trainings import Trainings


class How(NamedTuple):
    """How trainings are done.

    workers: processes that train at the same time; 0 trains in this one, None takes all cores of a processor.
    trust: keep what other sources have trained. anew: move it aside instead. Without either it is an error, since
        trainings take long: a sweep that cannot be told to be the same is run again without asking.
    partial: train nothing, and show the seeds that are complete.
    """

    workers: int | None = None
    trust: bool = False
    anew: bool = False
    partial: bool = False


AS_USUAL = How()


def obtain_trained(
    name: str, panel: "Trainings", store: Path, lines: Lines, cores: int | None, how: How
) -> "xr.Dataset":
    """The Dataset of a panel of trainings; one line tells how it was come by.

    A store of another panel is moved aside, and damaged results are trained again.
    Raises ValueError for results of other sources, unless `how` says what to do with them.
    """
    with lines.trainings(name) as (tell, end):
        begun = time.monotonic()
        opened = _made_fit(name, panel, store, lines, how)
        whole, seeds = len(panel.trainings), len(panel.grid.seeds)
        if how.partial:
            data = panel.load(store, whole_seeds=True)
            end(f"{opened} of {whole} trained; shown: {data.sizes['seed']} of {seeds} seeds, complete ones")
            return data
        workers = (cores or 0) if how.workers is None else how.workers
        data = panel.run(store, workers=workers, trust=how.trust, on_progress=tell)
        taken = f" in {duration(time.monotonic() - begun)}" if opened < whole else ""
        end(f"{'trained' if taken else 'loaded'}, {whole - opened if taken else whole} trainings{taken}")
        return data


def _made_fit(name: str, panel: "Trainings", store: Path, lines: Lines, how: How) -> int:
    """Finished runs that can be kept."""
    from ..trainings.store import open_store

    try:
        opened = open_store(panel, store, trust=True)
    except ValueError as error:
        if not store.exists():
            raise
        moved = set_aside(store)
        lines.say(f"{name}: {str(error).partition('; name ')[0]}")
        lines.say(f"{name}: it was moved to {moved.relative_to(store.parents[1])}, and the trainings are begun anew")
        return 0
    changed = opened.changed()
    if changed and not (how.trust or how.partial):
        if not how.anew:
            raise ValueError(
                f"the trainings of panel {name!r} were done by other code ({changed}), so they may not be what the "
                "code of now would give. If the change leaves the numbers what they are, take them up with `jaxsnn "
                "train ... --trust`; train them again with --anew, which moves them aside"
            )
        moved = set_aside(store)
        lines.say(f"{name}: moved to {moved.relative_to(store.parents[1])}; the trainings are begun anew")
        return 0
    for one, what in opened.damage():
        lines.say(f"{name}: {one} was damaged ({what}) and is trained again")
        opened.give_up(one)
    return len(opened.finished())
