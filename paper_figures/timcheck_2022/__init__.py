"""Figures of Timcheck, Kadmon, Boahen & Ganguli 2022: theory as lines, simulation as points, on the same axes.

Figures 3a to 4e and the claim of the abstract have counterparts here; the noise-delay map, the firing rule, the descent
and the moving target have none in the paper. The paper's numbered equations, ranges and units could not be read: the
formulas are our derivations (`jaxsnn.theory`), the ranges our choices.
"""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from os import PathLike
from pathlib import Path

import numpy as np
import xarray as xr

from experiments.timcheck_2022.analysis import Valley, valley
from experiments.timcheck_2022.panels import SIZES
from jaxsnn.claims import Figure
from jaxsnn.plotting import style
from jaxsnn.reproduction.page import Page
from jaxsnn.sweeps import Panel

from . import care, delay, optimum, plane, scaling, zero_delay
from .delay import Delayed
from .page import MAP_LEAKS, RIDGE_DELAYS, ridges
from .stretches import everything, spikes_and_readout, stretch, time_step

TITLE = "Optimal noise for tightly balanced networks with transmission delays"
PAPER = (
    "J. Timcheck, J. Kadmon, K. Boahen, S. Ganguli (2022). Optimal noise level for coding with tightly balanced "
    "networks of spiking neurons in the presence of transmission delays. PLoS Computational Biology 18(10): e1010593. "
    "doi:10.1371/journal.pcbi.1010593"
)
LEAK, DELAY = 1.0, 0.4  # of the networks that are shown with every spike


def draw(
    data: Mapping[str, xr.Dataset],
    panels: Mapping[str, Panel],
    folder: str | PathLike,
    only: Collection[str] | None = None,
) -> list[Figure]:
    """Draw everything into `folder` (PDF, PNG, CSV of the plotted numbers) and return the records for the report.

    data: the Dataset of every panel. panels: the panels themselves, from which single networks are run again.
    only: names of the figures to draw; default: all. Raises ValueError for an unknown one.
    """
    page = Page(Path(folder), command(data))
    valleys = {leak: valley(data["map"], leak) for leak in MAP_LEAKS}
    runs = cache(lambda: _with_delay(data, panels, valleys))
    still = lambda: _without_delay(panels, runs().noise[0])
    figures: dict[str, Callable[[], Figure]] = {
        "noise_delay_map": lambda: optimum.noise_delay_map(page, data, valleys),
        "fig3a_runs": lambda: zero_delay.runs(page, data, panels),
        "fig3b_interval": lambda: zero_delay.interval(page, panels),
        "fig3c_zero_delay": lambda: zero_delay.error_against_noise(page, data),
        "fig4a_packet": lambda: delay.packet(page, data, runs()),
        "fig4c_parts": lambda: delay.parts(page, data),
        "fig4d_noise": lambda: delay.against_noise(page, data),
        "fig4e_optimum": lambda: optimum.against_delay(page, data, valleys),
        "abstract_scaling": lambda: scaling.sizes(page, data),
        "abstract_rasters": lambda: scaling.pictures(page, still(), runs()),
        "firing_rule": lambda: care.firing_rule(page, data),
        "descent": lambda: care.descent(page, data, panels, valleys),
        "plane": lambda: plane.plane(page, data, panels),
    }
    unknown = sorted(set(only or ()) - set(figures))
    if unknown:
        raise ValueError(f"only = {unknown[0]!r}: is no figure; choose from {', '.join(figures)}")
    with style():
        return [make() for name, make in figures.items() if only is None or name in only]


def command(data: Mapping[str, xr.Dataset]) -> str:
    """What a reader types to get these figures again; the preset is known by the delays of its map."""
    known = [name for name, size in SIZES.items() if tuple(data["map"]["delay"].values) == size.delays]
    chosen = f" --preset {known[0]}" if known else ""
    return f"python paper_figures/reproduce.py{chosen} --only timcheck_2022"


def _with_delay(
    data: Mapping[str, xr.Dataset], panels: Mapping[str, Panel], valleys: Mapping[float, Valley]
) -> Delayed:
    """Too little, the best, too much noise at one delay, with every spike and potential."""
    shown = delay.at_delay(data, DELAY)
    theory = float(np.interp(shown, RIDGE_DELAYS, ridges(delay.NEURONS)["estimate"][0][MAP_LEAKS.index(LEAK)]))
    best = optimum.known(valleys, LEAK, shown, otherwise=theory)
    noise = tuple(float(f"{best * factor:.2g}") for factor in (1 / 6, 1, 6))
    singles = [
        panels["map"].single({"neurons": delay.NEURONS, "leak": LEAK, "delay": shown, "noise": s}) for s in noise
    ]
    spikes, readout, v = stretch(singles, 600.0, everything)
    steps = round(shown / time_step(singles[0]))
    return Delayed(LEAK, shown, noise, time_step(singles[0]), steps, spikes, readout, v)


def _without_delay(panels: Mapping[str, Panel], noise: float) -> tuple[float, float, np.ndarray, np.ndarray]:
    one = panels["map"].single({"neurons": delay.NEURONS, "leak": LEAK, "delay": 0.0, "noise": noise})
    spikes, readout = stretch([one], 600.0, spikes_and_readout)
    return noise, time_step(one), spikes[0], readout[0]
