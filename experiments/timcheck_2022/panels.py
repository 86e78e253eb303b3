"""What is run, at three sizes: `smoke` (tests, seconds), `quick` (minutes on two cores), `paper` (the paper's size).

Each preset is a dict of panels; the figures and claims read the panels by name. Ranges that the paper's text would give
could not be read; they are choices of this project.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from jaxsnn.sweeps import Grid, Panel
from jaxsnn.theory import estimate_variance, optimal_noise

from .baseline import POISSON
from .descent import DESCENT
from .network import PACKET, REFINED, RULE, RUNS, SINGLE, STUDY
from .plane import PLANE

LEAKS = (0.1, 1.0)
FIXED_DELAY = 0.4 / 64  # physical delay of the scaling panels, readout time constants: 0.4 intervals at N = 64
SCALING_NOISE = 0.5
REFINED_ROWS = ((0.0, 1.0, 0.1), (0.4, 2.0, 1.0), (0.1, 1.0, 0.1))  # delay, noise, leak of the panel with halved steps


class Size(NamedTuple):
    """What a preset chooses."""

    delays: tuple[float, ...]  # of the noise-delay map, mean intervals
    noise: str  # grid of the map
    seeds: int
    duration: float
    zero_noise: tuple[float, ...]
    zero_leaks: tuple[float, ...]
    zero_seeds: int
    zero_duration: float
    single_seeds: int
    neurons: tuple[int, ...]  # of the scaling panels
    scaling_duration: float
    independent: tuple[float, ...]  # delays of the repetition with independent noise
    check_duration: float  # of the packet, the halved step and the firing rule
    plane_noise: str
    windows: int  # of the descent


SIZES = {
    "smoke": Size(
        (0.0, 0.4), "0.3:10:7:log", 3, 10.0,
        (0.0, 1.0), (0.1, 1.0), 3, 10.0, 3, (4, 8), 5.0, (0.4,), 2.5, "0.5:4:3:log", 4,
    ),
    "quick": Size(
        (0.0, 0.1, 0.4, 1.6), "0.1:20:16:log", 8, 50.0,
        (0.0, 0.5, 1.0, 2.0, 4.0), (0.1, 1.0, 10.0), 16, 100.0, 8, (8, 32, 128), 50.0, (0.4,), 20.0, "0.1:10:8:log", 16,
    ),
    "paper": Size(
        (0.0, *(0.05 * 2.0**np.arange(8))), "0.05:40:24:log", 16, 200.0,
        (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0), (0.01, 0.1, 1.0, 10.0), 32, 800.0, 32,
        (4, 8, 16, 32, 64, 128, 256, 512), 200.0, tuple(0.05 * 2.0**np.arange(8)), 200.0, "0.1:20:16:log", 40,
    ),
}  # fmt: skip


def _near_optimum(delays, *, points: int, factor: float) -> Grid:
    """Noise levels around the estimated optimum of every leak and delay, as zipped axes."""
    rows = []
    for leak in LEAKS:
        for delay in delays:
            best = float(optimal_noise(estimate_variance, leak, delay, 64).noise)
            rows += [(leak, delay, best * factor**x) for x in np.linspace(-1, 1, points)]
    leak, delay, noise = zip(*rows, strict=True)
    return Grid.zip(leak=leak, delay=delay, noise=noise)


def _duration(size: Size, neurons: int) -> float:
    """Large networks have more steps to a readout time constant, and less to average: they run for a shorter time."""
    return size.scaling_duration * min(1.0, 128 / neurons)


def _scaling(size: Size) -> tuple[Grid, Grid, Grid]:
    """Sizes at a fixed physical delay, with noise fixed in readout units, in interval units, and near its optimum."""
    sizes = size.neurons
    durations = [_duration(size, n) / 2 for n in sizes]
    delays = [FIXED_DELAY * n for n in sizes]
    held = Grid.zip(neurons=sizes, delay=delays, duration=durations) * Grid(noise=[0.05, SCALING_NOISE, 2.0])
    rows = []
    for n, delay, duration in zip(sizes, delays, durations, strict=True):
        best = float(optimal_noise(estimate_variance, 1.0, delay, n).noise)
        rows += [(n, delay, duration, best * 2.5**x) for x in np.linspace(-1, 1, 7)]
    neurons, delay, duration, noise = zip(*rows, strict=True)
    tuned = Grid.zip(neurons=neurons, delay=delay, duration=duration, noise=noise)
    interval = [SCALING_NOISE * np.sqrt(n / 64) for n in sizes]
    isi = Grid.zip(neurons=sizes, delay=delays, duration=durations, noise=interval)
    return held, isi, tuned


def panels(size: Size) -> dict[str, Panel]:
    """Everything that one preset runs, by name."""
    seed = partial(Grid, seed=size.seeds)
    settings = {"duration": size.duration}
    leak_delay = Grid(neurons=64, leak=LEAKS) * Grid(delay=size.delays)
    sizes = Grid.zip(neurons=size.neurons, duration=[_duration(size, n) for n in size.neurons])
    held, isi, tuned = _scaling(size)
    at_delay = tuple(d for d in size.delays if 0 < d <= 0.4)
    rows = [row for row in REFINED_ROWS if row[0] in size.delays]
    delay, noise, leak = zip(*rows, strict=True)
    refined = Grid.zip(noise=noise, delay=delay, leak=leak)
    quality = {"duration": size.check_duration}
    return {
        "map": Panel(STUDY, leak_delay * seed(noise=size.noise), settings),
        "independent": Panel(
            STUDY,
            Grid(neurons=64) * _near_optimum(size.independent, points=9, factor=3.0) * seed(),
            {"duration": size.duration / 2}, independent=True, key=1,  # numbers of one's own cost most of the time
        ),
        "zero": Panel(
            STUDY,
            Grid(neurons=64, leak=size.zero_leaks, delay=0.0, noise=size.zero_noise, seed=size.zero_seeds),
            {"duration": size.zero_duration}, key=2,
        ),
        "single": Panel(
            SINGLE,
            Grid(neurons=1, leak=0.0, delay=0.0, noise=[0.5, 1.0, 2.0], seed=size.single_seeds),
            {"duration": size.zero_duration, "rate": 64.0, "steps_per_isi": 100}, key=3,
        ),
        "packet": Panel(
            PACKET,
            Grid(neurons=64, leak=LEAKS, delay=(0.0, *at_delay[-1:]), noise=[1.0, 2.0, 4.0]) * seed(),
            quality, key=4,
        ),
        "runs": Panel(RUNS, Grid(neurons=32, leak=[0.1, 1.0, 10.0], delay=0.0, noise=1.0) * seed(), settings, key=5),
        "sizes": Panel(STUDY, sizes * seed(leak=1.0, delay=0.0, noise=SCALING_NOISE), key=6),
        "sizes_delayed": Panel(STUDY, held * seed(leak=1.0), key=6),
        "sizes_isi": Panel(STUDY, isi * seed(leak=1.0), key=6),
        "sizes_tuned": Panel(STUDY, tuned * seed(leak=1.0), key=6),
        "poisson": Panel(POISSON, sizes * seed(), {"steps_per_isi": 10}, key=7),
        "refined": Panel(REFINED, Grid(neurons=64, refine=[1, 2]) * refined * seed(), quality, key=8),
        "rule": Panel(
            RULE,
            Grid(neurons=64, leak=1.0, noise=0.5, sequential=[True, False], steps_per_isi=[10, 20, 50]) * seed(),
            quality, key=9,
        ),
        "slope": Panel(STUDY, Grid(neurons=64) * _slope() * seed(), settings, key=10),
        "descent": Panel(
            DESCENT, Grid(neurons=64, leak=1.0, delay=0.4, noise=[0.5, 12.0], windows=size.windows) * seed(), key=11
        ),
        "plane": Panel(
            PLANE,
            Grid(neurons=64, leak=1.0, delay=[d for d in size.delays if d in (0.0, 0.4, 1.6)], noise=size.plane_noise)
            * seed(),
            settings | {"rate": 64.0}, key=12,
        ),
    }  # fmt: skip


SLOPE_H = 0.1  # half the distance in log noise of a central difference


def _slope() -> Grid:
    """Pairs of noise levels e^(+-h) about a third of, and three times, the estimated optimum at delay 0.4."""
    rows = []
    for leak in LEAKS:
        best = float(optimal_noise(estimate_variance, leak, 0.4, 64).noise)
        rows += [(leak, 0.4, best * f * np.exp(s * SLOPE_H)) for f in (1 / 3, 3.0) for s in (-1, 1)]
    leak, delay, noise = zip(*rows, strict=True)
    return Grid.zip(leak=leak, delay=delay, noise=noise)


def preset(name: str) -> dict[str, Panel]:
    """The panels of a preset. Raises ValueError for an unknown one."""
    if name not in SIZES:
        raise ValueError(f"preset = {name!r}: must be one of {', '.join(SIZES)}; pass one of these")
    return panels(SIZES[name])


PRESETS = tuple(SIZES)
