"""Every rule's slope against the noise, where its descent stops, and what it costs."""

import json
from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.noise_descent.analysis import REFERENCE, by_rule, crossing, ends_of, own_optimum
from jaxsnn.claims import Figure, resampled
from jaxsnn.plotting import MEANING, letter, log_axis, points
from jaxsnn.reproduction.page import DASHED, DOTTED, Page, bars, key, legend_above, mosaic, number, rows_of, seeds_of

from .page import BARS, KINDS, RELATIVE, SLOPE, label, look

LOW, HIGH = -4.0, 4.0  # of the slopes that are drawn; beyond, and what is no number, at the edge
WANTED = 0.1  # standard error of a slope that the cost is given for


def _kinds(data: Mapping[str, xr.Dataset]) -> list[str]:
    return [kind for kind in KINDS if kind in data]


def _rules(data: Mapping[str, xr.Dataset], kind: str) -> list[str]:
    return [str(rule) for rule in data[kind]["rule"].values]


def slopes(page: Page, data: Mapping[str, xr.Dataset], neurons: int) -> Figure:
    kinds = _kinds(data)
    layout = [kinds, [f"{kind} spread" for kind in kinds]]
    canvas, axes = mosaic("double", layout, 0.72, sharex=True, height_ratios=[1.5, 1])
    rows: list[dict] = []
    for kind in kinds:
        ax, best = axes[kind], own_optimum(data, kind)
        spare = 0
        for rule in _rules(data, kind):
            noise, slope = by_rule(data[kind], rule, "slope")
            _, spread = by_rule(data[kind], rule, "spread")
            at, style = noise / best, look(rule)
            with np.errstate(all="ignore"):
                value, half = bars(resampled(slope))
            shown = np.isfinite(value) & (value > LOW) & (value < HIGH)
            points(ax, at[shown], value[shown], np.minimum(half, 99)[shown], joined=True, **style)
            lost = ~shown
            edge = np.where(np.nan_to_num(value, nan=1.0) > 0, HIGH - 0.3, LOW + 0.3) - 0.55 * spare
            edge = np.where(edge < 0, LOW + 0.3 + 0.55 * spare, edge)
            ax.plot(at[lost], edge[lost], "x", color=style["colour"], markersize=4.5, markeredgewidth=1.1)
            spare += bool(lost.any())
            zero = crossing(at, np.where(np.isfinite(value), value, np.nan))
            if np.isfinite(zero):
                ax.plot(zero, 0, marker=style["marker"], markersize=7, color=style["colour"], markerfacecolor="none")
            middle = np.median(spread, axis=-1)
            good = np.isfinite(middle)
            below = axes[f"{kind} spread"]
            below.plot(at[good], np.clip(middle[good], None, 1e4), color=style["colour"], linewidth=0.7, alpha=0.6)
            below.plot(at[good], np.clip(middle[good], None, 1e4), color=style["colour"], marker=style["marker"],
                       linestyle="none", markeredgecolor="white", markeredgewidth=0.4)  # fmt: skip
            rows += rows_of(
                f"slopes, {kind}", rule=rule, noise=noise, over_best=at, slope=value, half_interval=half,
                spread_of_one_window=middle, zero=zero,
            )  # fmt: skip
        ax.axhline(0, color=MEANING["ink"], linewidth=0.7, zorder=1)
        for one in (ax, axes[f"{kind} spread"]):
            one.axvline(1, color=MEANING["baseline"], linewidth=0.6, linestyle=DASHED, zorder=1)
            log_axis(one, "x")
        ax.set(ylim=(LOW, HIGH), title=KINDS[kind])
        axes[f"{kind} spread"].set(xlabel=RELATIVE, ylim=(0.01, 2e4))
        log_axis(axes[f"{kind} spread"], "y")
    axes[kinds[0]].set_ylabel(SLOPE)
    axes[f"{kinds[0]} spread"].set_ylabel("s.d. of one window")
    legend_above(canvas, _entries(data, kinds), columns=4)
    letter(list(axes.values()))
    caption = f"""Slope of the log variance in the log of the noise, N = {neurons}, leak 1, delay 0.4, against the
        noise in units of the best noise of each network, where central differences on common random numbers end.
        Every rule has the same neuron-updates. Large hollow marks: where a mean slope crosses zero. Crosses at the
        edge: beyond it, or no number (tangents that grew until they overflowed). d to f: standard deviation of the
        slope from one window, median over seeds, cut at 10^4. {BARS.format(seeds=seeds_of(data, kinds[0]))}."""
    return page.save(canvas, "slopes", rows, caption)


def _entries(data, kinds):
    entries = [key("central differences (reference)", colour=look("")["colour"], marker="o")]
    for kind in kinds:
        for rule in _rules(data, kind):
            if rule not in REFERENCE.values():
                entries.append(key(label(rule), colour=look(rule)["colour"], marker=look(rule)["marker"]))
    return entries


def stops(page: Page, data: Mapping[str, xr.Dataset], neurons: int) -> Figure:
    """Paths of the noise under every rule, and a table of what they cost."""
    kinds = _kinds(data)
    canvas, axes = mosaic("double", [kinds, ["table"] * len(kinds)], 0.78, height_ratios=[1.35, 1])
    rows: list[dict] = []
    for kind in kinds:
        ax, best = axes[kind], own_optimum(data, kind)
        for rule in _rules(data, kind):
            noise, path = by_rule(data[kind], rule, "path", descent=True)
            style = look(rule)
            for start, each in zip(noise, path, strict=True):
                mean = np.exp(np.log(np.concatenate([np.full((len(each), 1), start), each], axis=1)).mean(axis=0))
                ax.plot(mean / best, color=style["colour"], marker=style["marker"], markersize=2.6, linewidth=0.9)
                rows += rows_of(f"path, {kind}", rule=rule, start=start, window=np.arange(len(mean)), noise=mean)
        ax.axhline(1, color=MEANING["baseline"], linewidth=0.7, linestyle=DASHED, zorder=1)
        log_axis(ax, "y")
        ax.set(title=KINDS[kind], xlabel="window")
    axes[kinds[0]].set_ylabel(RELATIVE)
    rows += _table(axes["table"], data, kinds)
    legend_above(canvas, _entries(data, kinds), columns=4)
    letter([axes[kind] for kind in kinds])
    caption = f"""Where descents stop when they are driven by each rule: N = {neurons}, leak 1, delay 0.4, noise in
        units of the best noise of each network, mean over {seeds_of(data, kinds[0])} seeds, from a quarter and from
        four times the centre of the grid. A slope that is no number moves nothing. Table: the level next to the
        optimum; error: mean slope less the reference there, with its standard error; s.d.: of the slope from one
        window; updates: neuron-updates until its standard error is {WANTED:g}; stop: noise where
        the descents from below and from above end, over the network's best noise."""
    return page.save(canvas, "stops", rows, caption)


def _table(ax, data, kinds):
    ax.axis("off")
    columns = ("network", "rule", "error of the slope", "s.d.", "finite", "updates", "stop")
    at = (0.0, 0.17, 0.42, 0.61, 0.69, 0.77, 0.9)
    rows, lines = [], []
    for kind in kinds:
        best = own_optimum(data, kind)
        for rule in _rules(data, kind):
            noise, slope = by_rule(data[kind], rule, "slope")
            i = int(np.argmin(np.abs(np.log(noise / best))))
            gap = slope[i] - by_rule(data[kind], REFERENCE[kind], "slope")[1][i]
            spread = float(np.median(by_rule(data[kind], rule, "spread")[1][i]))
            finite = float(by_rule(data[kind], rule, "finite")[1].mean())
            work = _updates(data[kind]) * (spread / WANTED) ** 2
            error, (low, high) = _mean(gap), (_mean(end - np.log(best)) for end in ends_of(data, rule))
            texts = (
                KINDS[kind], label(rule),
                "reference" if rule == REFERENCE[kind] else f"{error[0]:+.2g} ± {error[1]:.1g}",
                number(spread), f"{100 * finite:.0f} %", f"{work:.1e}", f"{np.exp(low[0]):.2f}, {np.exp(high[0]):.2f}",
            )  # fmt: skip
            lines.append(texts if np.isfinite(spread) else (*texts[:2], "no number", "–", texts[4], "–", texts[6]))
            rows += rows_of(
                "table", network=kind, rule=rule, over_best=float(noise[i] / best), error=error[0], error_se=error[1],
                spread=spread, finite=finite, updates=work, log_from_below=low[0], log_from_below_se=low[1],
                log_from_above=high[0], log_from_above_se=high[1],
            )  # fmt: skip
    for place, name in zip(at, columns, strict=True):
        ax.text(place, 1.0, name, fontweight="bold", va="top", fontsize=7)
        for n, texts in enumerate(lines):
            ax.text(place, 0.88 - 0.11 * n, texts[columns.index(name)], va="top", fontsize=7)
    ax.plot([0, 1], [0.9, 0.9], color=MEANING["ink"], linewidth=0.6, transform=ax.transAxes, linestyle=DOTTED)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    return rows


def _mean(values):
    with np.errstate(all="ignore"):
        (found,) = resampled(values).estimates()
    return found.value, found.se


def _updates(data: xr.Dataset) -> float:
    """Neuron-updates of one window of one network and its partner or tangent."""
    constants = json.loads(data.attrs["spec"])["constants"]
    return 2.0 * constants["length"] * constants["neurons"] ** 2 * constants.get("steps_per_isi", 20)
