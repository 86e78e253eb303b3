"""Figures of Ma et al. 2023: the noisy neuron, noise levels, robustness taken apart, sampling, neural coding."""

from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import Any

import xarray as xr

from experiments.ma_2023.panels import SIZES
from jaxsnn.claims import Figure
from jaxsnn.plotting import style
from jaxsnn.reproduction.page import Page

from . import levels, neuron, robustness, sampling

TITLE = "Noise in spiking networks: robustness, sampling, coding"
PAPER = (
    "Ma, Yan & Tang 2023, Exploiting noise as a resource for computation and learning in spiking neural networks, "
    "Patterns 4, 100831. Abstract and released code were read, not the tables: no number here is the paper's."
)


def draw(
    data: Mapping[str, xr.Dataset],
    panels: Mapping[str, Any],
    folder: str | PathLike,
    only: Collection[str] | None = None,
) -> list[Figure]:
    """Draw everything into `folder` (PDF, PNG, CSV) and return the records for the report; `only`: names to draw."""
    del panels
    page = Page(Path(folder), command(data))
    figures: dict[str, Callable[[], Figure]] = {
        "neuron": lambda: neuron.neuron(page, data),
        "levels": lambda: levels.levels(page, data),
        "learned": lambda: levels.learned(page, data),
    }
    for panel in ("digits", "fashion"):
        if panel in data:
            figures |= {
                f"attacks_{panel}": lambda p=panel: robustness.attacks(page, data, p),
                f"perturbations_{panel}": lambda p=panel: robustness.perturbations(page, data, p),
                f"sampling_{panel}": lambda p=panel: sampling.sampling(page, data, p),
            }
    figures |= _coding(page, data)
    unknown = sorted(set(only or ()) - set(figures))
    if unknown:
        raise ValueError(f"only = {unknown[0]!r}: is no figure; choose from {', '.join(figures)}")
    with style():
        return [make() for name, make in figures.items() if only is None or name in only]


def _coding(page: Page, data: Mapping[str, xr.Dataset]) -> dict[str, Callable[[], Figure]]:
    """Those of neural coding, where it was run."""
    if "coding" not in data or find_spec(f"{__name__}.coding") is None:
        return {}
    return import_module(f"{__name__}.coding").figures(page, data)


def command(data: Mapping[str, xr.Dataset]) -> str:
    """What a reader types to get these figures again; a preset is known by its seeds and what it holds."""
    found = data["levels"].sizes["seed"], "fashion" in data
    known = [name for name, size in SIZES.items() if (size.seeds, size.fashion is not None) == found]
    chosen = f" --preset {known[0]}" if known else ""
    return f"python paper_figures/reproduce.py{chosen} --only ma_2023"
