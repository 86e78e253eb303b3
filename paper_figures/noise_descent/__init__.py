"""Figures of the descents: the plane, the slope of every rule, where each stops and at what cost, the joint descent."""

from collections.abc import Callable, Collection, Mapping
from os import PathLike
from pathlib import Path

import xarray as xr

from experiments.noise_descent.panels import SIZES
from jaxsnn.claims import Figure
from jaxsnn.plotting import style
from jaxsnn.reproduction.page import Page
from jaxsnn.sweeps import Panel

from . import joint, plane, rules, truncation

TITLE = "The optimal noise by descent, and which gradients find it"
PAPER = "A demonstration of this project, on the balanced network of Timcheck et al. 2022; not from a paper."


def draw(
    data: Mapping[str, xr.Dataset],
    panels: Mapping[str, Panel],
    folder: str | PathLike,
    only: Collection[str] | None = None,
) -> list[Figure]:
    """Draw everything into `folder` (PDF, PNG, CSV) and return the records for the report; `only`: names to draw."""
    page = Page(Path(folder), command(panels))
    neurons = int(panels["descent"].constants["neurons"])
    figures: dict[str, Callable[[], Figure]] = {
        "descents": lambda: plane.descents(page, data, neurons),
        "slopes": lambda: rules.slopes(page, data, neurons),
        "stops": lambda: rules.stops(page, data, neurons),
        "truncation": lambda: truncation.truncation(page, data, int(panels["truncated"].constants["neurons"])),
        "joint": lambda: joint.joint(page, data, neurons),
    }
    unknown = sorted(set(only or ()) - set(figures))
    if unknown:
        raise ValueError(f"only = {unknown[0]!r}: is no figure; choose from {', '.join(figures)}")
    with style():
        return [make() for name, make in figures.items() if only is None or name in only]


def command(panels: Mapping[str, Panel]) -> str:
    """What a reader types to get these figures again; a preset is known by its number of neurons."""
    known = [name for name, size in SIZES.items() if size.neurons == panels["descent"].constants["neurons"]]
    chosen = f" --preset {known[0]}" if known else ""
    return f"python paper_figures/reproduce.py{chosen} --only noise_descent"
