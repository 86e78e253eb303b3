"""What the figures of the descents share: looks of the rules, units on the axes."""

from experiments.noise_descent.slopes import RULES
from jaxsnn.plotting import MEANING, SERIES

NOISE = r"noise $\sigma$ ($w^2/\sqrt{\tau_d}$)"
RELATIVE = r"noise, over the network's own best"
SLOPE = r"$d\,\log\,\mathrm{variance}\ /\ d\,\log\,\sigma$"
KINDS = {
    "hard": "hard threshold",
    "escape": "escape noise instead",
    "hazard": "hazard, and noise",
}
REFERENCE = {"colour": MEANING["ink"], "marker": "o"}
LOOKS = {
    "surrogate_step": {"colour": SERIES[3], "marker": "P"},
    "surrogate_time": {"colour": SERIES[0], "marker": "s"},
    "event": {"colour": SERIES[1], "marker": "^"},
    "noise_driven": {"colour": SERIES[2], "marker": "D"},
    "score": {"colour": SERIES[5], "marker": "v"},
}
LEAKS = {0.1: SERIES[0], 1.0: SERIES[1]}
BARS = "error bars: 95 % intervals, jackknife over {seeds} seeds"


def look(rule: str) -> dict[str, str]:
    return LOOKS.get(rule, REFERENCE)


def label(rule: str) -> str:
    return RULES[rule].label
