"""The map: every rule (rows) in every network (columns), one panel for each kind of parameter."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from experiments.gradient_audit.analysis import TO_SIGMA, labelled, networks, pooled
from jaxsnn.claims import Figure
from jaxsnn.plotting import figure, letter

from .page import DEPTH, GROUPS, RESET, SHOWN, WORDS, Page, group_of, label

REACH = 2.0  # of the colours: factors up to 2^REACH
SIZE = LinearSegmentedColormap.from_list("size", ["#08457e", "#56a4d8", "#f7f7f2", "#f0a35e", "#a63c06"])
WRONG = "#000000"
DOUBT = 0.25  # fraction of networks that go the other way, from which a cell is marked


def rules(page: Page, data: Mapping[str, xr.Dataset], loss: str) -> Figure:
    """Projected ratio of every rule in every network, for one loss."""
    table = labelled(data["exact"], "exact").sel(loss=loss)
    rows = {kind: _rows(kind) for kind in SHOWN}
    heights = [len(rows[kind]) for kind in SHOWN]
    canvas, axes = figure("double", aspect=0.0165 * sum(heights) + 0.18, rows=1, columns=1)
    canvas.clear()
    axes = canvas.subplots(len(SHOWN), 1, height_ratios=heights)
    drawn = []
    for ax, kind in zip(axes, SHOWN, strict=True):
        drawn += _panel(ax, table.sel(kind=kind), kind, rows[kind], top=kind == SHOWN[0])
    noise = ", ".join(f"{s:g}" for s in table["noise"].values)
    _legend(canvas, axes, noise)
    letter(list(axes))
    count = networks(table) * table.sizes["seed"]
    what = "linear in the spikes" if loss == "linear" else "the van Rossum distance to a random spike train"
    caption = f"""Size of every rule's mean gradient along the exact gradient of the expected loss, m.e / e.e, for
        weights, thresholds, delays and noise levels; the loss is {what}. One column is one kind of network, {count}
        random ones with 12 spikes to decide (sums over all 4096 patterns: no sampling error in m or e); within each
        group, from left to right, the noise sigma = {noise} thresholds. Blue: too small; white: right; orange: too
        large (by a factor {2**REACH:g} or more at the ends of the scale). Black with a cross: the wrong direction.
        Dots: in at least {100 * DOUBT:g} % of the networks the rule goes the wrong way. Hatched: nothing is passed on.
        Delays are audited where they are real; a whole number of steps has two one-sided slopes."""
    return page.save(canvas, f"map_{loss}", drawn, caption)


def _rows(kind: str) -> list[str]:
    """Rules of a panel; sigma is reached by few, and the others share one row. The baseline does not change a mean."""
    every = [rule for group in GROUPS.values() for rule in group if rule != "score_mean"]
    return every if kind != "sigma" else [rule for rule in every if rule in TO_SIGMA] + ["fast_sigmoid"]


def _panel(ax: Axes, table: xr.Dataset, kind: str, rows: list[str], top: bool) -> list[dict]:
    delays = [d for d in table["delay"].values if kind != "delay" or d == "real"]
    table = table.sel(delay=delays, rule=rows).transpose("rule", "reset", "depth", "delay", "noise", "seed", ...)
    ratio = pooled(table, "ratio").value.reshape(len(rows), -1)
    sides = table["opposed"].mean("seed").values.reshape(len(rows), -1) / networks(table)
    sides = np.maximum(sides - sides[rows.index("score")], 0)  # rounding turns gradients of next to nothing
    resets, depths = list(table["reset"].values), list(table["depth"].values)
    group, width = table.sizes["noise"], ratio.shape[1]
    ax.patch.set(facecolor="white")
    shown = np.ma.masked_invalid(np.log2(np.where(ratio > 0, ratio, np.nan)))
    norm = Normalize(-REACH, REACH)
    ax.pcolormesh(shown, cmap=SIZE, norm=norm, rasterized=True, edgecolors="none")
    for i, j in zip(*np.nonzero(ratio < 0), strict=True):
        ax.add_patch(_cell(i, j, facecolor=WRONG))
        ax.plot(j + 0.5, i + 0.5, marker="x", color="white", markersize=2.4, markeredgewidth=0.7)
    for i, j in zip(*np.nonzero((ratio > 0) & (sides >= DOUBT)), strict=True):
        ax.plot(j + 0.5, i + 0.5, marker="o", color="black", markersize=1.5, markeredgewidth=0)
    for i, j in zip(*np.nonzero(ratio == 0), strict=True):
        ax.add_patch(_cell(i, j, facecolor="#eeeeee", hatch="//////", edgecolor="#bbbbbb", linewidth=0))
    nothing = kind == "sigma"
    names = [label(rule) for rule in rows]
    ax.set_yticks(np.arange(len(rows)) + 0.5, [*names[:-1], "all surrogates"] if nothing else names)
    ax.tick_params(axis="y", length=0, labelsize=6)
    ax.invert_yaxis()
    ax.set_xticks([])
    blocks = len(depths) * len(delays) * group
    for j in range(group, width, group):
        strong, middle = j % blocks == 0, j % (len(delays) * group) == 0
        ax.axvline(j, color="white", linewidth=2.4 if strong else 1.2 if middle else 0.4)
    for i in range(1, len(rows)):
        if group_of(rows[i]) != group_of(rows[i - 1]):
            ax.axhline(i, color="white", linewidth=1.8)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_ylabel("noise level" if nothing else WORDS[kind], fontsize=7 if nothing else 8, fontweight="bold")
    for k, reset in enumerate(resets):
        for d, depth in enumerate(depths):
            start = k * blocks + d * len(delays) * group
            for p, delay in enumerate(delays):
                _under(ax, start + (p + 0.5) * group, {"step": "1 step", "real": "real"}[str(delay)])
            if top:
                middle = start + len(delays) * group / 2
                ax.text(middle, -0.25, DEPTH[str(depth)], ha="center", va="bottom", fontsize=6)
        if k == 0:
            _under(ax, -0.3, "delay", ha="right")
        if top:
            ax.text((k + 0.5) * blocks, -1.5, RESET[str(reset)], ha="center", va="bottom", fontsize=7.5)
    axes = [str(d) for d in table["dot"].dims if d not in ("seed", "rule")]
    places = list(np.ndindex(*[table.sizes[d] for d in axes]))
    found = []
    for i, rule in enumerate(rows):
        for j, place in enumerate(places):
            at = {d: table[d].values[n] for d, n in zip(axes, place, strict=True)}
            found.append({"kind": kind, "rule": rule, **at, "ratio": ratio[i, j], "opposed": sides[i, j]})
    return found


def _cell(i, j, **look):
    return Rectangle((j, i), 1, 1, **{"edgecolor": "none", **look})


def _under(ax, x, text, ha="center"):
    ax.annotate(text, (x, 0), xycoords=("data", "axes fraction"), xytext=(0, -2), textcoords="offset points",
                ha=ha, va="top", fontsize=5.4, color="#444444")  # fmt: skip


def _legend(canvas, axes, noise) -> None:
    bar = canvas.colorbar(
        ScalarMappable(Normalize(-REACH, REACH), SIZE), ax=axes, location="bottom", fraction=0.016, aspect=46,
        pad=0.012, extend="both",
    )  # fmt: skip
    ticks = np.arange(-REACH, REACH + 1)
    bar.set_ticks(ticks, labels=[f"{2.0**t:g}" for t in ticks])
    bar.set_label(rf"size along the exact gradient (1: right).  Columns of a group: $\sigma$ = {noise}")
    bar.outline.set_linewidth(0.5)
    handles = [
        Patch(facecolor=WRONG, label="wrong direction (×)"),
        Line2D([], [], marker="o", color="black", linestyle="none", markersize=2,
               label=f"wrong direction in ≥ {100 * DOUBT:g} % of networks"),
        Patch(facecolor="#eeeeee", hatch="//////", edgecolor="#bbbbbb", linewidth=0, label="nothing passed on"),
    ]  # fmt: skip
    canvas.legend(handles=handles, loc="outside lower right", ncols=3, fontsize=6.5)
