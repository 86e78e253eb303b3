"""What is run, at three sizes: `smoke` (tests, seconds), `quick` (fewer conditions), `paper` (the full size)."""

from typing import NamedTuple

from jaxsnn.sweeps import Grid, Panel

from .exact import OWN_NOISE, STUDY
from .network import DELAYS, DEPTHS, LOSSES, RESETS
from .sampled import STUDY_SAMPLED


class Size(NamedTuple):
    """What a preset chooses."""

    noise: tuple[float, ...]  # thresholds
    resets: tuple[str, ...]
    depths: tuple[str, ...]
    delays: tuple[str, ...]
    seeds: int
    networks: int  # a seed's
    families: tuple[str, ...]  # of noise, beside the Gaussian
    large: dict[str, int]  # the larger network
    large_noise: tuple[float, ...]
    large_seeds: int


SIZES = {
    "smoke": Size((0.2,), ("none", "zero"), ("one", "two"), ("real",), 3, 1, ("logistic",),
                  {"width": 2, "steps": 8, "reference": 4, "batches": 4}, (0.4,), 3),
    "quick": Size((0.1, 0.4), RESETS, ("one", "two", "loop"), DELAYS, 6, 1, ("logistic", "hazard"),
                  {"width": 6, "steps": 30, "reference": 128, "batches": 4}, (0.2, 0.6), 8),
    "paper": Size((0.1, 0.2, 0.4, 0.8), RESETS, DEPTHS, DELAYS, 8, 2, ("logistic", "hazard"),
                  {"width": 8, "steps": 40, "reference": 512, "batches": 4}, (0.2, 0.6), 16),
}  # fmt: skip


def panels(size: Size) -> dict[str, Panel]:
    """Everything that one preset runs, by name."""
    networks = {"networks": size.networks}
    crossed = Grid(reset=size.resets, depth=size.depths, delay=size.delays, loss=LOSSES, noise=size.noise)
    own = Grid(family=size.families, reset=("zero",), depth=size.depths, delay=("real",), loss=LOSSES, noise=size.noise)
    large = Grid(reset="zero", loss="distance", noise=size.large_noise, seed=size.large_seeds)
    return {
        "exact": Panel(STUDY, crossed * Grid(seed=size.seeds), networks),
        "own": Panel(OWN_NOISE, own * Grid(seed=size.seeds), networks),
        "sampled": Panel(STUDY_SAMPLED, large, size.large),
    }


def preset(name: str) -> dict[str, Panel]:
    """The panels of a preset. Raises ValueError for an unknown one."""
    if name not in SIZES:
        raise ValueError(f"preset = {name!r}: must be one of {', '.join(SIZES)}; pass one of these")
    return panels(SIZES[name])


PRESETS = tuple(SIZES)
