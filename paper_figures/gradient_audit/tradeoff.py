"""Bias against spread: what a rule gets wrong on average, and how far one path is from its average."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.gradient_audit.analysis import labelled, pooled
from jaxsnn.claims import Figure
from jaxsnn.plotting import figure, letter

from .page import COLOURS, GROUPS, MARKS, WORDS, Page, group_of, label

LOW = (0.02, 0.05)  # where no bias, and no spread, are drawn
NAMED = (
    "score_mean", "ndl", "ndl_detached", "fast_sigmoid", "straight_through", "arctan", "arctan_matched", "arctan_plain",
)  # fmt: skip
KINDS = ("weight", "threshold")


def bias_against_spread(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """One panel for each noise level and kind of parameter; all resets, depths, delays and losses together."""
    table = labelled(data["exact"], "exact")
    noises = table["noise"].values
    canvas, axes = figure("double", aspect=1.0, rows=len(KINDS), columns=len(noises), sharex=True, sharey=True,
                          squeeze=False)  # fmt: skip
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
                ax.plot(*place, marker=MARKS[group], color=COLOURS[group], markersize=4, markeredgecolor="white",
                        markeredgewidth=0.4, linestyle="none", zorder=3, clip_on=False)  # fmt: skip
                if rule in NAMED and r == 0 and c == len(noises) - 1:
                    _name(ax, place, label(rule))
            if r == 0:
                ax.set_title(rf"$\sigma$ = {noise:g}")
            if r == len(KINDS) - 1:
                ax.set_xlabel("bias |E[g] − e| / |e|")
        axes[r, 0].set_ylabel(f"{WORDS[kind]}\nspread of one path / |e|")
    for ax in axes.ravel():
        ax.set(xscale="log", yscale="log", xlim=(LOW[0], 4), ylim=(LOW[1], 30))
        ax.set_xticks([LOW[0], 0.1, 1], ["0", "0.1", "1"])
        ax.set_yticks([LOW[1], 0.1, 1, 10], ["0", "0.1", "1", "10"])
        ax.minorticks_off()
    handles = [
        ax.plot([], [], marker=MARKS[g], color=COLOURS[g], linestyle="none", markersize=4, label=g)[0] for g in GROUPS
    ]
    canvas.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    letter(axes[:, 0])
    caption = """Bias and spread of every rule, both relative to the exact gradient, over all networks of a noise level
        (resets, depths, delays and losses together; sums over all patterns of spikes). Values below the axes are drawn
        on them: the score function has no bias, a network that runs without noise no spread. Thin lines: where the bias
        equals the error of a mean over 1, 10, 100 and 1000 paths; averaging more paths than that does not help a rule
        that lies on the line."""
    return page.save(canvas, "tradeoff", rows, caption)


def _lines(ax, named: bool) -> None:
    x = np.array([1e-3, 1e2])
    for paths in (1, 10, 100, 1000):
        ax.plot(x, x * np.sqrt(paths), color="#bbbbbb", linewidth=0.6, zorder=1)
        if named:
            at = 24 / np.sqrt(paths)
            if at < 3.5:
                ax.text(at, 24, f"{paths}", fontsize=5.5, color="#777777", ha="right", va="center")


def _name(ax, place, text) -> None:
    ax.annotate(text, place, xytext=(4, 0), textcoords="offset points", fontsize=5, va="center", annotation_clip=False)
