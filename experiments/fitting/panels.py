"""What is run, at three sizes: `smoke` (tests), `quick` (minutes on two cores), `paper` (the full size)."""

from typing import NamedTuple

from jaxsnn.sweeps import Grid, Panel

from .recording import RECORDING
from .recovery import RECOVERY
from .spike_times import SPIKE_TIMES


class Size(NamedTuple):
    kinds: tuple[str, ...]
    trials: tuple[int, ...]
    fitted: tuple[int, ...]  # trials where the weights are fitted too
    steps: int  # of a trial
    recovery: int  # gradient steps of each of the four stages
    seeds: int
    recordings: int
    restarts: int
    recording: int  # gradient steps
    away: tuple[float, ...]  # how far the students of the event network begin from the truth
    events: int  # gradient steps


KINDS = ("feed-forward", "recurrent")
SIZES = {
    "smoke": Size(("feed-forward",), (2, 4), (4,), 40, 10, 2, 1, 2, 40, (0.1,), 10),
    "quick": Size(KINDS, (1, 4, 16), (16,), 200, 100, 4, 3, 4, 1500, (0.1, 0.3), 300),
    "paper": Size(KINDS, (1, 4, 16, 32), (16,), 200, 150, 8, 8, 16, 4000, (0.1, 0.2, 0.3, 0.5), 1000),
}


def panels(size: Size) -> dict[str, Panel]:
    """Everything that one preset runs, by name."""
    sweeps = {"steps": size.steps, "sweeps": size.recovery}
    known = {"most": max(size.trials), **sweeps}
    return {
        "recovery": Panel(RECOVERY, Grid(kind=size.kinds, trials=size.trials, seed=size.seeds), known, key=0),
        "recovery_weights": Panel(
            RECOVERY,
            Grid(kind=size.kinds, trials=size.fitted, seed=size.seeds),
            {"most": max(size.fitted), "weights": "fitted", **sweeps},
            key=0,
        ),
        "spike_times": Panel(SPIKE_TIMES, Grid(away=size.away, seed=4 * size.seeds), {"sweeps": size.events}, key=1),
        "recording": Panel(
            RECORDING,
            Grid(way=["voltage", "spikes"], recording=range(size.recordings), seed=size.restarts),
            {"sweeps": size.recording},
            key=2,
        ),
    }


def preset(name: str) -> dict[str, Panel]:
    """The panels of a preset. Raises ValueError for an unknown one."""
    if name not in SIZES:
        raise ValueError(f"preset = {name!r}: must be one of {', '.join(SIZES)}; pass one of these")
    return panels(SIZES[name])


PRESETS = tuple(SIZES)
