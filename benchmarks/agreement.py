"""Do implementations simulate the same thing? Mean log square error and mean log spike count, in standard errors.

A seed of a turn is one sample, the mean over the grid: networks of one seed may share their noise.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from .workload import SEEDS

ALLOWED = 4.0


class Found:
    """What every implementation has returned, turn after turn: "square" and "count", seeds last."""

    def __init__(self) -> None:
        self.samples: dict[str, dict[str, list[float]]] = {}
        self.last: dict[str, Mapping] = {}

    def add(self, name: str, returned: Mapping) -> None:
        self.last[name] = returned
        of_name = self.samples.setdefault(name, {"square": [], "count": []})
        for quantity, samples in of_name.items():
            log = np.log1p if quantity == "count" else np.log  # a short run may have no spike
            samples += list(log(np.asarray(returned[quantity], float).reshape(-1, SEEDS)).mean(axis=0))

    def difference(self, name: str, other: str, quantity: str) -> tuple[float, float]:
        """name minus other, and its standard error."""
        a, b = (np.array(self.samples[one][quantity]) for one in (name, other))
        return float(a.mean() - b.mean()), float(np.sqrt(a.var(ddof=1) / a.size + b.var(ddof=1) / b.size))

    def sentences(self, reference: str, names: Sequence[str]) -> list[str]:
        """One for every name that was timed."""
        return [self._sentence(name, reference) for name in names if name in self.samples]

    def _sentence(self, name: str, reference: str) -> str:
        parts, same = [], True
        for quantity, word in (("square", "mean log square error"), ("count", "mean log spike count")):
            value, error = self.difference(name, reference, quantity)
            same &= abs(value) <= ALLOWED * error
            parts.append(f"{word} differs by {value:+.3f} ± {error:.3f}")
        verdict = "the same simulation" if same else "NOT THE SAME SIMULATION"
        return f"{name} beside {reference}: {', '.join(parts)}: {verdict}."
