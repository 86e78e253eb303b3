"""Figures of the gradient audit: the map of every rule, bias against spread, signs, and the larger network."""

from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path

import xarray as xr

from experiments.gradient_audit.panels import SIZES, preset
from jaxsnn.claims import Figure
from jaxsnn.plotting import style
from jaxsnn.sweeps import Panel

from . import larger, maps, signs, tradeoff
from .page import Page

TITLE = "An audit of gradient rules: bias and variance against the exact gradient of the expected loss"
PAPER = (
    "No paper's figure: a study of this project. The networks, losses and ranges are its choices; the rules are those "
    "of jaxsnn.gradients, whose documentation names their sources."
)


def draw(
    data: Mapping[str, xr.Dataset],
    panels: Mapping[str, Panel],
    folder: str | PathLike,
    only: Collection[str] | None = None,
) -> list[Figure]:
    """Draw everything into `folder` (PDF, PNG, CSV of the plotted numbers) and return the records for the report.

    data: the Dataset of every panel. only: names of the figures to draw; default: all. Raises ValueError for an
    unknown one.
    """
    page = Page(Path(folder), command(panels))
    figures = {
        **{f"map_{loss}": lambda loss=loss: maps.rules(page, data, loss) for loss in data["exact"]["loss"].values},
        "tradeoff": lambda: tradeoff.bias_against_spread(page, data),
        "signs": lambda: signs.opposed(page, data),
        "larger": lambda: larger.ratios(page, data),
    }
    unknown = sorted(set(only or ()) - set(figures))
    if unknown:
        raise ValueError(f"only = {unknown[0]!r}: is no figure; choose from {', '.join(figures)}")
    with style():
        return [make() for name, make in figures.items() if only is None or name in only]


def command(panels: Mapping[str, Panel]) -> str:
    """What a reader types to get these figures again; the preset is known by its seeds and noise levels."""
    known = [name for name in SIZES if preset(name)["exact"].grid == panels["exact"].grid]
    chosen = f" --preset {known[0]}" if known else ""
    return f"python paper_figures/reproduce.py{chosen} --only gradient_audit"
