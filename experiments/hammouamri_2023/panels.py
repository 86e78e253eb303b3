"""What is trained, at each size.

    units        one layout for every arm: all arms with the decay of the released configuration, and three of them
                 (none, random, annealed) with further decays, from which the best on validation voices is chosen
    parameters   the arms without learned delays, with as many more units as give them the trained parameters of the
                 learned ones: none, with all decays, and the random arms
    sparse       ten inputs a neuron: none, with all decays, random, annealed
    small        few trained parameters, as many in each arm: none, random, annealed
    cost         time and memory of a delayed synapse against the longest delay
    bursts, recurrent, sequence     see the modules of these names

Tuning: where tuned arms are compared, each could choose among the same decays, all trained with all seeds; elsewhere no
arm is tuned. Learning rates, dropout, schedules and batch are those of the released configuration, or as the size says,
in all arms alike.

Sizes: `smoke` (a minute or two, on burst patterns, one seed), `quick` (minutes: part of the training set, fewer
epochs), `paper` (2 x 128 units, hours), and two at the published sizes, which need the published data: `shd` (2 x 256)
and `ssc` (3 x 512).
"""

from typing import Any, NamedTuple

from jaxsnn.core import require
from jaxsnn.sweeps import Grid, Panel
from jaxsnn.trainings import Trainings

from . import bursts, recurrent, sequence
from .cost import FORMS, measure
from .network import matched_width, trained_parameters
from .training import train

INPUTS = 10  # of each neuron, in the sparse networks
FEW = 5000  # trained parameters of the small networks
SPOKEN, PUBLISHED = (140, 20), (140, 35)  # inputs and classes
COST = {"sizes": [140, 64], "steps": 96, "batch": 16, "repeats": 5}

Row = tuple[str, float, int, int]  # arm, beta, hidden, inputs


class Size(NamedTuple):
    data: str
    ends: tuple[int, int]  # inputs and classes
    hidden: int  # units of a layer
    layers: int
    taps: int
    epochs: int
    batch: int
    seeds: int
    beta: float = 0.005
    decays: tuple[float, ...] = (0.5, 0.8, 0.95)  # further ones
    dropout: float = 0.4
    samples: int = 0  # of the training set, 0 for all
    tested: int = 0  # of the test set after every epoch, 0 for all; the chosen network is tested on all of it
    few: int = FEW
    wide: tuple[str, ...] = ("none", "random", "histogram")  # arms with equal parameters
    costs: tuple[int, ...] = (6, 12, 24, 48, 96)  # longest delays
    cost: dict[str, Any] = COST  # noqa: RUF012


SIZES = {
    "smoke": Size(
        "bursts", (8, 4), 8, 1, 9, epochs=4, batch=32, seeds=1, decays=(0.5,), dropout=0.1, samples=64, few=300,
        wide=("none", "random"), costs=(4, 8), cost={"sizes": [6, 5], "steps": 20, "batch": 2, "repeats": 2},
    ),
    "quick": Size(
        "spoken digits", SPOKEN, 64, 2, 25, epochs=16, batch=64, seeds=2, decays=(0.9,), samples=1024,
        tested=512, wide=("none", "random"), costs=(6, 24, 96),
    ),
    "paper": Size(
        "spoken digits", SPOKEN, 128, 2, 25, epochs=50, batch=128, seeds=2, decays=(0.8, 0.95), wide=("none", "random"),
    ),
    "shd": Size("shd", SPOKEN, 256, 2, 25, epochs=150, batch=256, seeds=5),
    "ssc": Size("ssc", PUBLISHED, 512, 3, 31, epochs=60, batch=128, seeds=3, beta=1 / 3, dropout=0.25),
}  # fmt: skip
KEY = 6


def _shape(size: Size, units: int) -> tuple[int, ...]:
    return (size.ends[0], *[units] * size.layers, size.ends[1])


def equal_units(size: Size) -> list[Row]:
    known = [(arm, size.beta, size.hidden, 0) for arm in ("none", "random", "annealed", "constant", "histogram")]
    return known + [(arm, beta, size.hidden, 0) for arm in ("none", "random", "annealed") for beta in size.decays]


def equal_parameters(size: Size) -> list[Row]:
    wide = matched_width(size.hidden, size.layers, size.ends)
    known = [(arm, size.beta, wide, 0) for arm in size.wide]
    return known + [("none", beta, wide, 0) for beta in size.decays]


def sparse(size: Size) -> list[Row]:
    known = [(arm, size.beta, size.hidden, INPUTS) for arm in ("none", "random", "annealed")]
    return known + [("none", beta, size.hidden, INPUTS) for beta in size.decays]


def small(size: Size) -> list[Row]:
    """As many units as the parameters allow, with learned delays and without."""
    fits = lambda arm, units: trained_parameters(arm, _shape(size, units)) <= size.few
    widest = {arm: max(n for n in range(1, 200) if fits(arm, n)) for arm in ("none", "random", "annealed")}
    return [(arm, size.beta, units, 0) for arm, units in widest.items()]


def trainings(size: Size, chosen: list[Row]) -> Trainings:
    arm, beta, hidden, inputs = (list(column) for column in zip(*chosen, strict=True))
    grid = Grid.zip(arm=arm, beta=beta, hidden=hidden, inputs=inputs) * Grid(seed=size.seeds)
    kept = ("data", "samples", "tested", "layers", "taps", "epochs", "batch", "dropout")
    constants = {**{name: getattr(size, name) for name in kept}, "pilot": size.hidden}
    return Trainings(train, grid, constants, key=KEY, name="hammouamri_2023")


def preset(name: str) -> dict[str, Panel | Trainings]:
    """The panels of a preset. Raises ValueError for an unknown one."""
    require(name in SIZES, "preset", name, f"must be one of {', '.join(SIZES)}", "pass one of these")
    size = SIZES[name]
    rows = {"units": equal_units, "parameters": equal_parameters, "sparse": sparse, "small": small}
    costs = Grid(form=FORMS, max_delay=size.costs, seed=3)
    panels: dict[str, Panel | Trainings] = {part: trainings(size, chosen(size)) for part, chosen in rows.items()}
    panels["cost"] = Trainings(measure, costs, size.cost, key=KEY, name="hammouamri_2023_cost")
    for made in (bursts, recurrent, sequence):
        if name in made.SIZES:
            panels |= made.panels(name)
    return panels


PRESETS = tuple(SIZES)
