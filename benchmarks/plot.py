"""The plot of RESULTS.md: how fast the sweep is at other sizes, and what a gradient needs in memory."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from .rows import Row

PANELS = {"networks": "networks", "neurons": "neurons", "steps": "steps", "delays": "longest delay (steps)"}


def number_in(text: str) -> float | None:
    """The first number of a text."""
    found = re.search(r"\d+", text)
    return float(found.group()) if found else None


def _spread(rows: Sequence[Row]) -> list[list[float]]:
    """How far the least and the most of the turns lie from the median."""
    known = [(row.value or 0.0, row.low, row.high) for row in rows]
    low = [value - (value if least is None else least) for value, least, _ in known]
    high = [(value if most is None else most) - value for value, _, most in known]
    return [low, high]


def draw(found: Mapping[str, Sequence[Row]], target: Path) -> bool:
    """Write the plot of whatever was measured; whether there was anything."""
    sizes, memory = found.get("sizes", []), found.get("memory", [])
    lines = {axis: {"sweep": [r for r in sizes if r.work == axis]} for axis in PANELS}
    kinds = dict.fromkeys(row.implementation for row in memory)
    lines["memory"] = {kind.removeprefix("jaxsnn "): [r for r in memory if r.implementation == kind] for kind in kinds}
    if not any(rows for series in lines.values() for rows in series.values()):
        return False
    from jaxsnn.plotting import figure, style

    with style():
        fig, axes = figure("double", rows=2, columns=3)
        for place, (axis, several) in enumerate(lines.items()):
            ax = axes.flat[place]
            for kind, rows in several.items():
                x = [number_in(row.work if axis == "memory" else row.implementation) for row in rows]
                y = [row.peak_mb if axis == "memory" else row.value for row in rows]
                spread = None if axis == "memory" else _spread(rows)
                ax.errorbar(x, y, spread, fmt="o-", label=kind, capsize=2)
            if not several or not any(several.values()):
                ax.axis("off")
                continue
            ax.set_xscale("log")
            ax.set_xlabel(PANELS.get(axis, "steps"))
            if axis == "memory":
                ax.set_yscale("log")
                ax.set_ylabel("gradient, MB")
                ax.legend(fontsize="x-small")
            else:
                ax.set_ylim(0, None)
                ax.set_ylabel("million updates / s")
        axes.flat[5].axis("off")
        fig.savefig(target, dpi=110)
    return True
