"""Figures of the study of learned delays: arms, kernels, delays, parameters, learning curves, cost, burst patterns."""

from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path

import xarray as xr

from experiments.hammouamri_2023.panels import SIZES, preset
from jaxsnn.claims import Figure
from jaxsnn.plotting import style
from jaxsnn.reproduction.page import Page
from jaxsnn.sweeps import Panel
from jaxsnn.trainings import Trainings

from . import ablation, bursts, cost, curves, delays, kernels, size

TITLE = "Learned delays in spiking networks, on synthetic spoken digits"
PAPER = (
    "Hammouamri, Khalfaoui-Hassani & Masquelier 2024 (ICLR; arXiv 2306.17670). Only the abstract, reviews and released "
    "code could be read; the data here are another set, so accuracies do not compare with the paper's."
)


def draw(
    data: Mapping[str, xr.Dataset],
    panels: Mapping[str, Panel | Trainings],
    folder: str | PathLike,
    only: Collection[str] | None = None,
) -> list[Figure]:
    """Draw everything into `folder` (PDF, PNG, CSV) and return the records for the report; `only`: names to draw."""
    page = Page(Path(folder), command(panels))
    figures = {
        "ablation": ablation.arms,
        "parameters": size.parameters,
        "delays": delays.learned,
        "kernels": kernels.narrowing,
        "learning": curves.learning,
        "voices": curves.voices,
        "cost": cost.of_delay,
        "bursts": bursts.burst_map,
        "sequence": bursts.sequence,
        "recurrent": bursts.recurrent,
    }
    unknown = sorted(set(only or ()) - set(figures))
    if unknown:
        raise ValueError(f"only = {unknown[0]!r}: is no figure; choose from {', '.join(figures)}")
    with style():
        return [make(page, data) for name, make in figures.items() if only is None or name in only]


def command(panels: Mapping[str, Panel | Trainings]) -> str:
    """What a reader types to get these figures again; the preset is known by its trainings."""
    same = lambda one: (one.grid, dict(one.constants))
    known = [name for name in SIZES if same(preset(name)["units"]) == same(panels["units"])]
    chosen = f" --preset {known[0]}" if known else ""
    return f"jaxsnn train hammouamri_2023{chosen}"
