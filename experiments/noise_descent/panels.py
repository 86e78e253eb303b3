"""What is run, at three sizes: `smoke` (tests), `quick` (minutes on two cores), `paper` (the full size).

Grids are centred on the optimum of the sharper estimate of the theory, those of escape noise on what a short run gave;
they reach far enough to each side for the minimum to lie anywhere near.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jaxsnn.sweeps import Grid, Panel
from jaxsnn.theory import estimate_variance, optimal_noise

from .descent import GAIN, STUDY, TRUNCATED
from .joint import JOINT

LEAK, DELAY = 1.0, 0.4  # of the comparison of rules
HARD = ("differences", "surrogate_step", "surrogate_time", "event")
FINE = 0.6  # the grid around an optimum reaches so far to each side in log sigma
APART = 4.0  # descents begin at the estimated optimum times and divided by this


class Size(NamedTuple):
    """What a preset chooses."""

    neurons: int
    delays: tuple[float, ...]
    leaks: tuple[float, ...]
    steps_per_isi: int  # of descent and grid
    length: float  # of their windows, readout time constants
    windows: int
    grid_windows: int
    seeds: int
    rules: dict[str, tuple[str, ...]]  # for each kind of network
    noise: int  # levels from 0.1 to 10 times the optimum
    rule_length: float
    rule_windows: int
    joint_windows: int
    compared: int  # windows
    spreads: tuple[tuple[float, float], ...]  # of thresholds and weights, where the joint descent begins
    few: int  # neurons of the hazard network
    temperatures: tuple[float, ...]
    few_length: float


SOME = {"hard": ("differences", "surrogate_time", "event"), "hazard": ("hazard_differences", "score")}
EVERY = {
    "hard": ("differences", "surrogate_step", "surrogate_time", "event"),
    "escape": ("escape_differences", "noise_driven"),
    "hazard": ("hazard_differences", "score"),
}
SIZES = {
    "smoke": Size(8, (0.4,), (1.0,), 20, 10.0, 4, 3, 3, SOME, 3, 5.0, 3, 3, 2, ((0.3, 0.15),), 4, (0.25,), 5.0),
    "quick": Size(16, (0.1, 0.4, 1.6), (0.1, 1.0), 20, 30.0, 16, 6, 8, EVERY, 9, 15.0, 10, 16, 6,
                  ((0.3, 0.15),), 8, (0.125, 0.25), 100.0),
    "paper": Size(64, (0.1, 0.4, 1.6), (0.1, 1.0), 50, 30.0, 40, 8, 8, EVERY, 9, 15.0, 12, 20, 9,
                  ((0.3, 0.15), (0.8, 0.3)), 8, (0.125, 0.25, 0.5), 1200.0),
}  # fmt: skip
ESCAPE_CENTRE = 2.5  # w^2


def estimated(leak: float, delay: float, neurons: int) -> float:
    """The optimum of our sharper estimate."""
    return float(optimal_noise(estimate_variance, leak, delay, neurons).noise)


def _around(size: Size, factors: Sequence[float]) -> Grid:
    """Every leak and delay with noise at these multiples of the estimate, as zipped axes."""
    each = [(leak, delay) for leak in size.leaks for delay in size.delays]
    rows = [(leak, delay, estimated(leak, delay, size.neurons) * f) for leak, delay in each for f in factors]
    leak, delay, noise = zip(*rows, strict=True)
    return Grid.zip(leak=leak, delay=delay, noise=noise)


def _rules(rules: Sequence[str], centre: float, levels: Sequence[float]) -> Grid:
    """Every rule at these levels, and descents from a quarter and from four times the centre."""
    noise = [*(centre * f for f in levels), centre / APART, centre * APART]
    return Grid(rule=list(rules), leak=LEAK, delay=DELAY) * Grid.zip(noise=noise, gain=[0.0] * len(levels) + [GAIN] * 2)


def panels(size: Size) -> dict[str, Panel]:
    """Everything that one preset runs, by name."""
    ring = 8 * int(np.ceil((max(size.delays) * size.steps_per_isi) / 8))
    whole = {"neurons": size.neurons, "steps_per_isi": size.steps_per_isi, "length": size.length, "ring": ring}
    rules = {"neurons": size.neurons, "length": size.rule_length, "windows": size.rule_windows, "ring": 8}
    few = {"neurons": size.few, "ring": 8}
    fine = np.exp(np.linspace(-FINE, FINE, 7))
    wide = np.geomspace(0.1, 10.0, size.noise)
    hard, small = (estimated(LEAK, DELAY, n) for n in (size.neurons, size.few))
    centres = {"hard": hard, "escape": ESCAPE_CENTRE, "hazard": hard}
    seed = Grid(seed=size.seeds)
    descents = whole | {"windows": size.windows, "gain": GAIN}
    made = {
        "descent": Panel(STUDY, _around(size, (1 / APART, APART)) * seed, descents, key=0),
        "grid": Panel(STUDY, _around(size, fine) * seed, whole | {"windows": size.grid_windows}, key=1),
    }
    for kind, names in size.rules.items():
        made[kind] = Panel(STUDY, _rules(names, centres[kind], wide) * seed, rules, key=2)
    soft = Grid(leak=LEAK, delay=DELAY, temperature=size.temperatures)
    levels = [small * f for f in (0.5, 1.0, 2.0)]
    long = few | {"length": size.few_length, "windows": 5}
    made["truncated"] = Panel(TRUNCATED, soft * Grid(noise=levels) * seed, long, key=3)
    between = [levels[0], *(small * fine), levels[-1]]
    made["soft"] = Panel(STUDY, Grid(rule="hazard_differences") * soft * Grid(noise=between) * seed, long, key=4)
    made["sharp"] = Panel(STUDY, Grid(leak=LEAK, delay=DELAY, noise=list(small * fine)) * seed, long, key=4)
    thresholds, weights = zip(*size.spreads, strict=True)
    made["joint"] = Panel(
        JOINT,
        Grid(leak=LEAK, delay=DELAY, noise=hard) * Grid.zip(thresholds=thresholds, weights=weights) * seed,
        rules | {"length": 2 * size.rule_length, "windows": size.joint_windows, "compared": size.compared}, key=5,
    )  # fmt: skip
    return made


def preset(name: str) -> dict[str, Panel]:
    """The panels of a preset. Raises ValueError for an unknown one."""
    if name not in SIZES:
        raise ValueError(f"preset = {name!r}: must be one of {', '.join(SIZES)}; pass one of these")
    return panels(SIZES[name])


PRESETS = tuple(SIZES)
