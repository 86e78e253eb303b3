"""How often a rule points the wrong way: the fraction of networks whose mean gradient goes against the exact one."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap

from experiments.gradient_audit.analysis import TO_SIGMA, labelled, networks
from jaxsnn.claims import Figure
from jaxsnn.plotting import figure

from .page import GROUPS, SHOWN, WORDS, Page, label

SCALE = LinearSegmentedColormap.from_list("sign", ["#ffffff", "#f6c9a8", "#d55e00", "#6b1f00"])


def opposed(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Percentages by rule, kind of parameter and noise level, over all resets, depths, delays and losses."""
    table = labelled(data["exact"], "exact")
    rules = [rule for group in GROUPS.values() for rule in group if rule != "score_mean"]
    noises = table["noise"].values
    canvas, axes = figure("double", aspect=1.75, columns=len(SHOWN), sharey=True)
    rows = []
    for ax, kind in zip(axes, SHOWN, strict=True):
        part = table.sel(kind=kind, rule=rules)
        there = (part["components"] > 0).broadcast_like(part["opposed"])
        dims = [d for d in part["opposed"].dims if d not in ("rule", "noise")]
        share = 100 * part["opposed"].where(there).mean(dims).transpose("rule", "noise").values / networks(table)
        ax.pcolormesh(share, cmap=SCALE, vmin=0, vmax=50, edgecolors="white", linewidth=0.6)
        for i, rule in enumerate(rules):
            for j, noise in enumerate(noises):
                silent = kind == "sigma" and rule not in TO_SIGMA
                text = "–" if silent else f"{share[i, j]:.0f}"
                dark = share[i, j] > 25
                ax.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=6,
                        color="white" if dark else "#888888" if silent else "black")  # fmt: skip
                rows.append({"kind": kind, "rule": rule, "noise": noise, "percent": np.nan if silent else share[i, j]})
        ax.set_title(WORDS[kind])
        ax.set_xticks(np.arange(len(noises)) + 0.5, [f"{s:g}" for s in noises])
        ax.set_xlabel(r"noise $\sigma$")
        ax.tick_params(length=0)
        for spine in ax.spines.values():
            spine.set_visible(False)
    axes[0].set_yticks(np.arange(len(rules)) + 0.5, [label(rule) for rule in rules])
    axes[0].invert_yaxis()
    caption = """Percentage of networks in which a step down the rule's mean gradient would go up the expected loss
        (all resets, depths, delays and losses; sums over all patterns of spikes). A rule that returned noise alone
        would stand at 50. The score function is exact: what it shows is rounding where the gradient nearly vanishes,
        and so the floor of every row. Dashes: a surrogate passes nothing to the noise level."""
    return page.save(canvas, "signs", rows, caption)
