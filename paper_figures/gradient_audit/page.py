"""What the figures of the audit share: order, names and colours of the rules, and how a figure is saved."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Canvas

from experiments.gradient_audit.rules import MATCHED, RULES, USUAL
from jaxsnn.claims import Figure
from jaxsnn.plotting import save

GROUPS = {
    "exact in the mean": ("score", "score_mean"),
    "noise-driven": ("ndl", "ndl_detached"),
    "surrogate, matched": tuple(f"{name}_matched" for name in MATCHED),
    "surrogate, usual": (*USUAL, "fast_sigmoid_detached"),
    "no noise forward": ("fast_sigmoid_plain", "arctan_plain", "erf_plain"),
}
COLOURS = {
    "exact in the mean": "#000000",
    "noise-driven": "#0072B2",
    "surrogate, matched": "#009E73",
    "surrogate, usual": "#E69F00",
    "no noise forward": "#CC79A7",
}
MARKS = {
    "exact in the mean": "D",
    "noise-driven": "o",
    "surrogate, matched": "s",
    "surrogate, usual": "^",
    "no noise forward": "v",
}
WORDS = {"sigma": r"noise level $\sigma$", "weight": "weights", "threshold": "thresholds", "delay": "delays"}
SHOWN = ("weight", "threshold", "delay", "sigma")  # kinds, in the order of the panels
DEPTH = {"one": "1 layer", "two": "2 layers", "three": "3 layers", "loop": "loop"}
RESET = {"none": "no memory, no reset", "zero": "reset to zero", "subtract": "reset by subtraction"}


@dataclass(frozen=True)
class Page:
    """Where the figures of one run go, and the command behind them."""

    folder: Path
    command: str

    def save(self, canvas: Canvas, name: str, rows: Any, caption: str) -> Figure:
        """Write PDF, PNG and CSV; give the record for the report."""
        paths = save(canvas, self.folder, name, rows)
        return Figure(name, paths["png"], " ".join(caption.split()), self.command, paths["csv"])


def group_of(rule: str) -> str:
    return next(name for name, rules in GROUPS.items() if rule in rules)


def label(rule: str) -> str:
    return RULES[rule].label
