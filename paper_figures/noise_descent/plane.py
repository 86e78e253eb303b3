"""Descents on the noise-delay plane, and how far from the grid's minimum they end."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.noise_descent.analysis import committed, ends, found_by_descent, grid_minimum, where
from experiments.noise_descent.panels import estimated
from jaxsnn.claims import Figure
from jaxsnn.plotting import MEANING, letter, line, log_axis, points
from jaxsnn.reproduction.page import DASHED, Page, bars, key, legend_above, mosaic, number, rows_of, seeds_of

from .page import BARS, LEAKS, NOISE

DELAY = r"delay $\delta$ (mean intervals)"
STRETCH = 1.5  # a path is drawn over this factor of delay, from left to right


def descents(page: Page, data: Mapping[str, xr.Dataset], neurons: int) -> Figure:
    places = where(data["grid"])
    leaks = sorted({leak for leak, _ in places})
    canvas, axes = mosaic("double", [[*(f"leak {leak:g}" for leak in leaks), "gap"]], 0.42)
    rows: list[dict] = []
    for leak in leaks:
        ax = axes[f"leak {leak:g}"]
        for delay in (d for a, d in places if a == leak):
            rows += _paths(ax, data, leak, delay)
            best = grid_minimum(data["grid"], leak, delay).map(np.exp)
            value, half = bars(best)
            points(ax, [delay], [value], [half], colour=MEANING["optimum"], marker="o")
            rows += rows_of("grid minimum", leak=leak, delay=delay, noise=float(value), half_interval=float(half))
        all_delays = np.asarray([d for a, d in places if a == leak])
        fine = np.geomspace(all_delays.min() / 1.6, all_delays.max() * 1.2, 25)
        theory = [estimated(leak, d, neurons) for d in fine]
        line(ax, fine, theory, meaning="estimate")
        rows += rows_of("estimate", leak=leak, delay=fine, noise=theory)
        log_axis(ax, "xy")
        ax.set(xlabel=DELAY, title=rf"$\lambda_V$ = {number(leak)}")
        ax.set_xticks(all_delays, [number(d) for d in all_delays])
        ax.minorticks_off()
    axes[f"leak {leaks[0]:g}"].set_ylabel(NOISE)
    rows += _gaps(axes["gap"], data, places, neurons)
    handles = [
        key("descents, mean over seeds", colour=MEANING["simulation"], dash="-"),
        key("grid minimum", colour=MEANING["optimum"], marker="o"),
        key("estimate (theory)", colour=MEANING["estimate"], dash="-"),
        key("from the full-size map", colour=MEANING["baseline"], marker="s", hollow=True),
    ]
    legend_above(canvas, handles)
    letter(list(axes.values()))
    caption = f"""Robbins-Monro on log noise in networks of {neurons} neurons, from a quarter and from four times
        the estimate. a, b: every path runs from left to right towards the delay that it belongs to; thin: single
        seeds. Points: minimum of a grid of seven levels (local quadratic fit of log variance). c: noise found by
        descent over the minimum of the grid, both starts together, and bars of two combined standard errors; hollow:
        over the minimum of the full-size map of `timcheck_2022`, where it is of this size.
        {BARS.format(seeds=seeds_of(data, "descent"))}."""
    return page.save(canvas, "descents", rows, caption)


def _paths(ax, data, leak, delay):
    rows = []
    start, _ = ends(data["descent"], leak, delay)
    path = data["descent"]["path"]
    (dim,) = (d for d in path.dims if d.startswith("path"))
    many = path.squeeze([d for d in path.dims if path.sizes[d] == 1 and d not in ("seed", dim)])
    (level,) = (d for d in many.dims if d not in ("seed", dim))
    here = np.flatnonzero((many["leak"].values == leak) & (many["delay"].values == delay))
    many = many.isel({level: here}).transpose(level, "seed", dim)
    for noise, each in zip(many["noise"].values, many.values, strict=True):
        steps = np.concatenate([np.full((len(each), 1), noise), each], axis=1)
        x = delay * STRETCH ** (np.linspace(-1, 0, steps.shape[1]))
        ax.plot(x, steps.T, color=MEANING["simulation"], linewidth=0.3, alpha=0.4, zorder=1.5)
        mean = np.exp(np.log(steps).mean(axis=0))
        ax.plot(x, mean, color=MEANING["simulation"], linewidth=1.0, zorder=2.2)
        ax.plot(x[0], noise, "|", color=MEANING["simulation"], markersize=5)
        rows += rows_of("path", leak=leak, delay=delay, start=noise, window=np.arange(steps.shape[1]), noise=mean)
    return rows


def _gaps(ax, data, places, neurons):
    rows = []
    delays = sorted({d for _, d in places})
    for leak, delay in places:
        end, gap = found_by_descent(data, leak, delay)
        shift = 0.12 * (1 if leak > min(a for a, _ in places) else -1)
        x = delays.index(delay) + shift
        colour = LEAKS.get(leak, MEANING["simulation"])
        points(ax, [x], [np.exp(gap.value)], [2 * gap.se * np.exp(gap.value)], colour=colour)
        rows += rows_of("gap", leak=leak, delay=delay, ratio=np.exp(gap.value), standard_error=gap.se)
        known = committed(neurons, leak, delay)
        if known is not None:
            (a,), (b,) = end.estimates(), known.estimates()
            ratio, se = np.exp(a.value - b.value), np.hypot(a.se, b.se)
            ax.errorbar(
                x + 0.08, ratio, 2 * se * ratio, color=MEANING["baseline"], marker="s", markerfacecolor="white",
                markersize=3, elinewidth=0.7, linestyle="none",
            )  # fmt: skip
            rows += rows_of("gap from the full-size map", leak=leak, delay=delay, ratio=ratio, standard_error=se)
    ax.axhline(1.0, color=MEANING["ink"], linewidth=0.7, zorder=1)
    for edge in (0.95, 1.05):
        ax.axhline(edge, color=MEANING["baseline"], linewidth=0.6, linestyle=DASHED, zorder=1)
    ax.set_xticks(range(len(delays)), [number(d) for d in delays])
    ax.set(xlabel=DELAY, ylabel="noise found, descent / grid", xlim=(-0.5, len(delays) - 0.5))
    leaks = sorted({leak for leak, _ in places})
    ax.legend(
        handles=[
            key(rf"$\lambda_V$ = {number(a)}", colour=LEAKS.get(a, MEANING["simulation"]), marker="o") for a in leaks
        ],
        loc="best",
    )
    return rows
