"""What is run, at three sizes: `smoke` (tests; digits only), `quick` (minutes on two cores), `paper` (the full size).

`parity`, `levels`, `lengths` and `learned` are sweeps; `digits` and `fashion` are trainings, a run for each seed.
At `quick` the images of Fashion-MNIST are 9600 of the 55 000 for training, 40 of the 500 to attack; its claims are
about the networks that this gives.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from jaxsnn.sweeps import Grid, Panel
from jaxsnn.trainings import Trainings

from . import coding
from .arms import train
from .levels import KINDS, LEARNED, LEVEL_STUDY
from .parity import PARITY

OVER_255 = {"digits": (8, 16, 32, 64), "fashion": (1, 2, 4, 8)}  # eps, in units of the pixels' white / 255
LEVELS = (0.1, 0.2, 0.4, 0.6)  # of noise, to choose from
WIDTHS = (0.2, 0.4, 0.7, 1.2)  # of a deterministic network's surrogate; the released code's is 0.71
STRENGTHS = {
    "delete": (0.1, 0.2, 0.4, 0.6),
    "insert": (0.1, 0.2, 0.4, 0.6),
    "flip": (0.02, 0.05, 0.1, 0.2),
    "drop": (0.1, 0.2, 0.4, 0.6),
    "noise": (0.05, 0.1, 0.2, 0.4),
}


class Arms(NamedTuple):
    """One of the panels of trainings."""

    seeds: int
    samples: int  # images trained on, 0 for all
    epochs: int
    updates: int  # of a short training
    tested: int  # images attacked
    queries: int
    test: int  # images of the resampling, 0 for all
    strengths: int  # perturbations of each kind


class Size(NamedTuple):
    """What a preset chooses."""

    draws: int
    levels: tuple[float, ...]
    seeds: int
    updates: int
    lengths: tuple[int, ...]
    starts: tuple[float, ...]  # of learned noise levels
    digits: Arms
    fashion: Arms | None


_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.6, 1.0)
SIZES = {
    "smoke": Size(200, (0.3,), 2, 10, (4,), (0.3,), Arms(2, 100, 1, 4, 10, 4, 50, 1), None),
    "quick": Size(4000, _LEVELS, 5, 200, (4, 16), (0.1, 0.3, 1.0), Arms(5, 0, 25, 150, 200, 100, 0, 4),
                  Arms(2, 9600, 2, 25, 40, 30, 500, 4)),
    "paper": Size(40_000, _LEVELS, 10, 1000, (4, 8, 16), _LEVELS, Arms(10, 0, 40, 400, 500, 300, 0, 4),
                  Arms(5, 0, 10, 200, 500, 100, 0, 4)),
}  # fmt: skip


def trainings(images: str, size: Arms, **settings: Any) -> Trainings:
    """Arms of one set of images."""
    name = "fashion" if images == "fashion-mnist" else images
    constants = {
        "images": images,
        "tuning": {"levels": LEVELS, "widths": WIDTHS, "updates": size.updates},
        "test": {"images": size.test},
        "attack": {
            "tested": size.tested,
            "eps": [eps / 255 for eps in OVER_255[name]],
            "steps": 10,
            "draws": 8,
            "queries": size.queries,
            "query_draws": 2,
            "strengths": {kind: _some(values, size.strengths) for kind, values in STRENGTHS.items()},
        },
        "epochs": size.epochs,
        "samples": size.samples,
        **settings,
    }
    return Trainings(
        train,
        Grid(seed=size.seeds),
        constants,
        key=4 if name == "digits" else 5,
        name=f"ma_2023.{name}",
        undefined=("longer",),
    )


def _some(values: Sequence[float], count: int) -> list[float]:
    return list(values)[-count:]


def panels(size: Size) -> dict[str, Any]:
    """What one preset runs, by name, but for neural coding (`coding`)."""
    own = {"updates": size.updates}
    levels = Grid(kind=list(KINDS), level=list(size.levels), seed=size.seeds)
    lengths = Grid(steps=list(size.lengths), kind="gaussian", level=0.3, seed=size.seeds)
    learned = Grid(way=["held", "learned"], level=list(size.starts), seed=size.seeds)
    made: dict[str, Any] = {
        "parity": Panel(PARITY, Grid(seed=4), {"draws": size.draws}, key=0),
        "levels": Panel(LEVEL_STUDY, levels, own, key=1),
        "lengths": Panel(LEVEL_STUDY, lengths, own, key=2),
        "learned": Panel(LEARNED, learned, own, key=3),
        "digits": trainings("digits", size.digits, hidden=[64], steps=6, batch=50, rate=1e-2, per_call=10),
    }
    if size.fashion is not None:
        made["fashion"] = trainings(
            "fashion-mnist", size.fashion, maps=[16, 32], steps=4, batch=128, rate=2e-3, per_call=1
        )
    return made


def preset(name: str) -> dict[str, Any]:
    """The panels of a preset, neural coding last. Raises ValueError for an unknown one."""
    if name not in SIZES:
        raise ValueError(f"preset = {name!r}: must be one of {', '.join(SIZES)}; pass one of these")
    return panels(SIZES[name]) | coding.panels(name)


PRESETS = tuple(SIZES)
