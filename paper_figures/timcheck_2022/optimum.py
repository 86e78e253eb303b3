"""The best noise and the least error against delay: power laws (counterpart of Fig 4e) and the map with its ridges."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from experiments.timcheck_2022.analysis import Valley, curve, local_exponents, valley
from jaxsnn.claims import Figure, Resampled
from jaxsnn.plotting import MEANING, figure, heatmap, letter, line, log_axis, points, ridge
from jaxsnn.plotting.heatmap import add_bar
from jaxsnn.reproduction.page import DASHED, DOTTED, Page, bars, deviation, key, legend_above, number, rows_of, seeds_of
from jaxsnn.theory import stable_noise

from .page import BARS, DELAY, NOISE, OURS, RIDGE_DELAYS, SHORT_ERROR, leak_keys, leak_style, open_points, ridges

Data = Mapping[str, xr.Dataset]
NEURONS = 64
APART = 1.25  # a ridge is broken where the measured optimum is off it by more than this factor, for certain
FLOOR = 1 / 12
BEST = rf"best {NOISE}".replace("sigma", "sigma^*")


def against_delay(page: Page, data: Data, valleys: Mapping[float, Valley]) -> Figure:
    """Fig 4e: least error, its excess over the floor, and best noise against delay; below, their local exponents."""
    canvas, axes = figure("double", rows=2, columns=3, aspect=0.92, sharex=True)
    low, high = _span(valleys)
    rows, top = [], 0.7
    for i, (leak, found) in enumerate(valleys.items()):
        rows += _theory_lines(axes, i, leak, low, high)
        quantities = {"sigma_readout": found.error, "excess": found.excess, "noise": found.noise}
        exponents = {name: local_exponents(found.delay, quantity)[1] for name, quantity in quantities.items()}
        middle, look = np.sqrt(found.delay[1:] * found.delay[:-1]), leak_style(leak)
        for upper, lower, name in zip(*axes, quantities, strict=True):
            points(upper, found.delay, *bars(quantities[name]), **look)
            value, half = bars(exponents[name])
            points(lower, middle * (1 + 0.03 * (2 * i - 1)), value, half, **look)
            reach = (value + half)[np.isfinite(value + half)]
            top = max([top, *reach.tolist()])
        rows += _measured("simulation", leak, found.delay, **quantities)
        rows += _measured("simulation, local exponents", leak, middle, **exponents)
        again = valley(data["independent"], leak)
        quantities = {"sigma_readout": again.error, "excess": again.excess, "noise": again.noise}
        for ax, quantity in zip(axes[0], quantities.values(), strict=True):
            open_points(ax, again.delay * 1.12, *bars(quantity), **look)
        rows += _measured("independent noise", leak, again.delay, **quantities)
    for ax, ylabel in zip(axes[0], (f"least {SHORT_ERROR}", "excess (units of $1/N$)", BEST), strict=True):
        log_axis(ax, "xy")
        ax.set_ylabel(ylabel)
    for ax in axes[0, 1:]:
        _guide(ax, low, min(high, 0.5))
    for ax, name in zip(axes[1], ("the least error", "the excess", r"$\sigma^*$"), strict=True):
        ax.axhline(1 / 3, color=MEANING["baseline"], linewidth=0.8, linestyle=DOTTED)
        ax.axvline(1, color=MEANING["baseline"], linewidth=0.6)
        log_axis(ax, "x")
        ax.set(xlabel=r"delay $\delta$ (mean intervals)", ylabel=f"local exponent of {name}", ylim=(0, 1.08 * top))
    axes[0, 0].set_xlim(low / 1.15, high * 1.15)
    handles = [*leak_keys(valleys), key("independent noise", marker="o", hollow=True)]
    legend_above(canvas, [*handles, key("bound"), key("sharper estimate", dash=DASHED)])
    letter(axes)
    caption = f"""Least error and best noise against delay, N = {NEURONS} (counterpart of Fig 4e; {OURS}). Points:
        minimum of a local quadratic fit of log variance against log noise; solid: our derivation of the bound that the
        paper numbers Eq 24, minimised over noise; dashed: our sharper estimate, minimised. b: the excess is the root
        of the least variance less its floor 1/12. Dotted: the exponent 1/3 that both theories have in the excess and
        the best noise at small delay. d to f: exponents between neighbouring delays. Beyond one interval (vertical
        line) several events are in flight and neither theory is meant to hold. {_edges(valleys)}
        {BARS.format(seeds=seeds_of(data, "map")).capitalize()}; open: every point has its own noise."""
    return page.save(canvas, "fig4e_optimum", rows, caption)


def _theory_lines(axes: np.ndarray, i: int, leak: float, low: float, high: float) -> list[dict]:
    """The minimised theories for the i-th leak, and below them their exponents."""
    shown = (low <= RIDGE_DELAYS) & (high >= RIDGE_DELAYS)
    rows = []
    for name, values in ridges(NEURONS).items():
        noise, error = values[0][i], values[1][i]
        quantities = {"sigma_readout": error, "excess": np.sqrt(error**2 - FLOOR), "noise": noise}
        exponents = {name: np.gradient(np.log(q), np.log(RIDGE_DELAYS)) for name, q in quantities.items()}
        for row, curves in zip(axes, (quantities, exponents), strict=True):
            for ax, curve_ in zip(row, curves.values(), strict=True):
                line(
                    ax, RIDGE_DELAYS[shown], curve_[shown], colour=leak_style(leak)["colour"], dashed=name == "estimate"
                )
        columns = {**quantities, **{f"exponent_of_{key_}": q for key_, q in exponents.items()}}
        rows += rows_of(name, leak=leak, delay=RIDGE_DELAYS[shown], **{k: q[shown] for k, q in columns.items()})
    return rows


def _guide(ax: Any, low: float, high: float) -> None:
    """A line of exponent 1/3 under all that is drawn."""
    at = np.array([low, high])
    heights = np.concatenate([np.asarray(drawn.get_ydata(), float) for drawn in ax.lines])
    start = 0.75 * np.min(heights[np.isfinite(heights)])
    ax.plot(at, start * (at / low) ** (1 / 3), color=MEANING["baseline"], linewidth=0.8, linestyle=DOTTED)
    ax.annotate(
        r"$\delta^{1/3}$", (at[1], start * (at[1] / low) ** (1 / 3)), (3, 0), textcoords="offset points",
        color=MEANING["baseline"], fontsize=7, va="center",
    )  # fmt: skip


def _span(valleys: Mapping[float, Valley]) -> tuple[float, float]:
    at = next(iter(valleys.values())).delay
    return float(at.min()) / (1 if len(at) > 1 else 4), float(at.max()) * (1 if len(at) > 1 else 4)


def _measured(panel: str, leak: float, at: np.ndarray, **quantities: Resampled) -> list[dict]:
    columns: dict[str, np.ndarray] = {}
    for name, quantity in quantities.items():
        columns[name], columns[f"{name}_half_interval"] = bars(quantity)
    return [
        {"panel": panel, "leak": leak, "delay": d, **{name: column[i] for name, column in columns.items()}}
        for i, d in enumerate(at)
    ]


def _edges(valleys: Mapping[float, Valley]) -> str:
    """A sentence on the minima that lie too near the end of the grid."""
    near = [f"{number(d)} (leak {number(leak)})" for leak, v in valleys.items() for d in v.delay[v.edge]]
    return (
        f"Within two grid points of an end of the grid, and so not to be trusted: delay {', '.join(near)}. "
        if near
        else ""
    )


# The map --------------------------------------------------------------------------------------------------------------


def noise_delay_map(page: Page, data: Data, valleys: Mapping[float, Valley]) -> Figure:
    """The error over noise and delay with the ridges of the theories and of the measurement, and where they part."""
    table, theory = data["map"], ridges(NEURONS)
    delays = np.unique(table["delay"].values[table["delay"].values > 0])
    surfaces = {leak: [deviation(curve(table, leak, d)[1]).value for d in delays] for leak in valleys}
    noise = curve(table, next(iter(valleys)), delays[0])[0]
    limits = min(map(np.min, surfaces.values())), max(map(np.max, surfaces.values()))
    canvas, axes = figure("double", columns=2, aspect=0.82, sharey=True)
    rows: list[dict[str, Any]] = []
    parting, mesh = [], None
    for i, (ax, (leak, found)) in enumerate(zip(axes, valleys.items(), strict=True)):
        surface = np.stack(surfaces[leak], axis=1)  # [noise, delay]
        mesh = heatmap(
            ax, delays, noise, surface, label="", xlabel=DELAY, ylabel=NOISE if i == 0 else "", log_values=True,
            limits=limits, bar=False,
        )  # fmt: skip
        edges = ax.get_xlim()
        shown = (edges[0] <= RIDGE_DELAYS) & (edges[1] >= RIDGE_DELAYS)
        at = RIDGE_DELAYS[shown]
        lines = {
            "bound": (theory["bound"][0][i][shown], {"meaning": "theory"}),
            "estimate": (theory["estimate"][0][i][shown], {"meaning": "estimate"}),
            "stability": (np.asarray(stable_noise(leak, at, NEURONS)), {"meaning": "baseline", "dashed": True}),
        }
        for name, (best, look) in lines.items():
            ridge(ax, at, best, **look)
            rows += rows_of(name, leak=leak, delay=at, noise=best)
        value, half = bars(found.noise)
        good = np.isfinite(value)
        ridge(ax, found.delay[good], value[good], half[good], meaning="optimum", measured=True)
        for name in ("bound", "estimate"):
            where = parts_at(found, RIDGE_DELAYS, theory[name][0][i])
            parting.append((leak, name, where))
            if where is not None:
                best = np.interp(where, RIDGE_DELAYS, theory[name][0][i])
                colour = MEANING["theory" if name == "bound" else "estimate"]
                ax.plot(where, best, marker="X", markersize=7.5, color=colour, linestyle="none",
                        markeredgecolor="white", markeredgewidth=0.9, zorder=5)  # fmt: skip
                rows.append({"panel": f"{name} parts", "leak": leak, "delay": where, "noise": best})
        ax.set(title=rf"$\lambda_V$ = {number(leak)}", xlim=edges, ylim=ax.get_ylim())
        rows += [
            {"panel": "map", "leak": leak, "delay": d, "noise": s, "sigma_readout": surface[j, k]}
            for j, s in enumerate(noise) for k, d in enumerate(delays)
        ]  # fmt: skip
        rows += _measured("simulation", leak, found.delay, noise=found.noise)
    add_bar(axes, mesh, SHORT_ERROR)
    handles = [
        key("measured optimum", colour=MEANING["optimum"], marker="o"),
        key("optimum of the bound", colour=MEANING["theory"]),
        key("of the sharper estimate", colour=MEANING["estimate"]),
        key("stability limit", colour=MEANING["baseline"], dash=DASHED),
        key("theory breaks", marker="X"),
    ]
    legend_above(canvas, handles)
    letter(axes)
    caption = f"""The noise-delay map (beyond the paper; {OURS}): error of {NEURONS} neurons, with the noise that is
        best at every delay, measured (points) and by two theories (lines, our derivations), and the noise above which
        the delayed feedback is stable by a heuristic linear argument (dashed). Crosses: from here on the measured
        optimum is off the line by more than a factor {APART:g}, with its whole 95 % interval: {_sentence(parting)}.
        {BARS.format(seeds=seeds_of(data, "map")).capitalize()}."""
    return page.save(canvas, "noise_delay_map", rows, caption)


def parts_at(found: Valley, at: np.ndarray, best: np.ndarray) -> float | None:
    """The first delay from which on the measured optimum is off the line `best` [delay `at`] by more than `APART`."""
    line_there = np.exp(np.interp(np.log(found.delay), np.log(at), np.log(best)))
    ratio, half = bars(found.noise.map(lambda noise: np.log(noise / line_there)))
    off = (np.abs(ratio) - half) > np.log(APART)
    last_on = np.flatnonzero(~off)
    first = 0 if not last_on.size else last_on[-1] + 1
    return float(found.delay[first]) if first < len(off) else None


def _sentence(parting: list[tuple[float, str, float | None]]) -> str:
    return ", ".join(
        f"{name} at leak {number(leak)} " + ("nowhere" if where is None else f"from delay {number(where)}")
        for leak, name, where in parting
    )


def known(valleys: Mapping[float, Valley], leak: float, delay: float, otherwise: float) -> float:
    """The measured best noise where there is one, else what theory says."""
    found = valleys[leak]
    value = found.noise.value[np.argmin(np.abs(found.delay - delay))]
    return float(value) if np.isfinite(value) else otherwise
