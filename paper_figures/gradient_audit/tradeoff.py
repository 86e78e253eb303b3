"""Bias against spread: what a rule gets wrong on average, and how far one path is from its average."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.lines import Line2D

from experiments.gradient_audit.analysis import labelled, pooled
from experiments.gradient_audit.rules import RULES
from jaxsnn.claims import Figure
from jaxsnn.plotting import figure, letter

from .page import COLOURS, GROUPS, MARKS, WORDS, Page, group_of, label

LOW = (0.02, 0.05)  # where no bias, and no spread, are drawn
NAMED = {  # where the name stands: points to the right and up, and its alignment
    "score": (5, 0, "left"),
    "score_mean": (5, 0, "left"),
    "ndl": (-5, 0, "right"),
    "straight_through": (0, 7, "center"),
    "fast_sigmoid_plain": (5, 6, "left"),
}
KINDS = ("weight", "threshold")


def bias_against_spread(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """One panel for each noise level and kind of parameter; all resets, depths, delays and losses together."""
    table = labelled(data["exact"], "exact")
    noises = table["noise"].values
    aspect, size = (1.0 if len(noises) > 2 else 0.6), {"rows": len(KINDS), "columns": len(noises)}
    canvas, axes = figure("double", aspect=aspect, **size, sharex=True, sharey=True, squeeze=False)
    rows = []
    over = [d for d in ("reset", "depth", "delay", "loss") if d in table["dot"].dims]
    for r, kind in enumerate(KINDS):
        for c, noise in enumerate(noises):
            ax = axes[r, c]
            _lines(ax, named=c == 0 and r == 0)
            for rule in (rule for group in GROUPS.values() for rule in group):
                bias, spread = (pooled(table, m, over, rule=rule, kind=kind, noise=noise) for m in ("bias", "spread"))
                x, y = float(bias.value), float(spread.value)
                rows.append({"kind": kind, "noise": noise, "rule": rule, "bias": x, "spread": y})
                group = group_of(rule)
                place = max(x, LOW[0]), max(y, LOW[1])
                ax.plot(*place, **_mark(group, RULES[rule].family == "detached"), zorder=3, clip_on=False)
                if rule in NAMED and r == 0 and c == 0:
                    _name(ax, place, label(rule), NAMED[rule])
            if r == 0:
                ax.set_title(rf"$\sigma$ = {noise:g}")
            if r == len(KINDS) - 1:
                ax.set_xlabel("bias |E[g] − e| / |e|")
        axes[r, 0].set_ylabel(f"{WORDS[kind]}\nspread of one path / |e|")
    for ax in axes.ravel():
        ax.set(xscale="log", yscale="log", xlim=(LOW[0], 30), ylim=(LOW[1], 30))
        ax.set_xticks([LOW[0], 0.1, 1, 10], ["0", "0.1", "1", "10"])
        ax.set_yticks([LOW[1], 0.1, 1, 10], ["0", "0.1", "1", "10"])
        ax.minorticks_off()
    handles = [
        *(Line2D([], [], **_mark(group), label=group) for group in GROUPS),
        Line2D([], [], **_mark("noise-driven", hollow=True), label="reset detached"),
    ]
    canvas.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.2)
    letter(axes[:, 0])
    caption = """Bias and spread of every rule, both relative to the exact gradient, over all networks of a noise level
        (resets, depths, delays and losses together; sums over all patterns of spikes). Values below the axes are drawn
        on them: the score function has no bias, a network that runs without noise no spread. Thin lines: where the bias
        equals the error of a mean over 1, 10, 100 and 1000 paths; averaging more paths than that does not help a rule
        that lies on the line."""
    return page.save(canvas, "tradeoff", rows, caption)


def _mark(group: str, hollow: bool = False) -> dict:
    edge = {"markerfacecolor": "white", "markeredgecolor": COLOURS[group], "markeredgewidth": 0.8}
    full = {"markeredgecolor": "white", "markeredgewidth": 0.4}
    shape = {"marker": MARKS[group], "color": COLOURS[group], "linestyle": "none", "markersize": 3.6}
    return shape | (edge if hollow else full)


def _lines(ax, named: bool) -> None:
    x = np.array([1e-3, 1e2])
    for paths in (1, 10, 100, 1000):
        root = np.sqrt(paths)
        ax.plot(x, x * root, color="#cccccc", linewidth=0.6, zorder=1)
        if named:
            place = (22 / root, 22) if 22 / root < 25 else (25, 25 * root)
            ax.text(*place, f"{paths}", fontsize=5.5, color="#777777", ha="right", va="center")


def _name(ax, place, text, shift) -> None:
    at = {"xytext": shift[:2], "textcoords": "offset points", "ha": shift[2], "va": "center"}
    ax.annotate(text, place, fontsize=5.2, annotation_clip=False, **at)
