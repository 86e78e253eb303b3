"""The truncated score: convergence in the length that is kept, and the hazard network's best noise as it sharpens."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.noise_descent.analysis import extrapolated, soft_minima
from experiments.noise_descent.likelihood import HORIZONS
from jaxsnn.claims import Figure
from jaxsnn.plotting import MEANING, SERIES, letter, log_axis, points
from jaxsnn.reproduction.page import DASHED, Page, bars, key, mean, mosaic, number, rows_of, seeds_of, single_valued

from .page import BARS, NOISE, SLOPE

COLOURS = (SERIES[4], MEANING["optimum"], SERIES[2])


def truncation(page: Page, data: Mapping[str, xr.Dataset], neurons: int) -> Figure:
    temperatures = np.atleast_1d(data["truncated"]["temperature"].values)
    names = [f"T {t:g}" for t in temperatures]
    canvas, axes = mosaic("double", [[*names, "best"]], 0.36)
    rows: list[dict] = []
    for name, temperature in zip(names, temperatures, strict=True):
        rows += _horizons(axes[name], data, temperature)
        axes[name].set(xlabel=r"kept $W$ ($\tau_d$)", title=f"temperature {number(temperature)}")
    axes[names[0]].set_ylabel(SLOPE)
    low = min(axes[name].get_ylim()[0] for name in names)
    high = max(axes[name].get_ylim()[1] for name in names)
    for name in names:
        axes[name].set_ylim(low, high)
    rows += _sharpening(axes["best"], data)
    levels = np.unique(data["truncated"]["noise"].values)
    handles = [key(rf"$\sigma$ = {number(s)}", colour=c, marker="o") for s, c in zip(levels, COLOURS, strict=True)]
    handles.append(key("central differences", colour=MEANING["baseline"], dash=DASHED))
    canvas.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    letter(list(axes.values()))
    caption = f"""A network of {neurons} neurons with a hazard in place of the threshold (leak 1, delay 0.4). The
        score function truncated to the last W, against W; dashed: central differences in the same network. Right:
        the best noise of the hazard network against its temperature, the straight line through the two sharpest, and
        the best noise of the hard threshold (square). {BARS.format(seeds=seeds_of(data, "truncated"))}."""
    return page.save(canvas, "truncation", rows, caption)


def _horizons(ax, data, temperature):
    rows = []
    table = data["truncated"].sel(temperature=temperature)
    soft = data["soft"].sel(temperature=temperature)
    for i, (level, colour) in enumerate(zip(np.unique(table["noise"].values), COLOURS, strict=True)):
        reference, _ = bars(mean(single_valued(soft["slope"].sel(noise=level))))
        found = [bars(mean(single_valued(table[f"slope_{n}"].sel(noise=level)))) for n in range(len(HORIZONS))]
        value, half = np.asarray(found, float).T
        points(ax, np.asarray(HORIZONS) * (1 + 0.06 * (i - 1)), value, half, colour=colour, joined=True)
        ax.axhline(float(reference), color=colour, linewidth=0.9, linestyle=DASHED)
        rows += rows_of(
            "truncated score", temperature=temperature, noise=level, kept=HORIZONS, slope=value, half_interval=half,
            reference=float(reference),
        )  # fmt: skip
    log_axis(ax, "x")
    return rows


def _sharpening(ax, data):
    temperatures, minima = soft_minima(data)
    value, half = bars(minima.map(np.exp))
    points(ax, temperatures, value[:-1], half[:-1])
    points(ax, [0.0], value[-1:], half[-1:], colour=MEANING["optimum"], marker="s")
    rows = rows_of("best noise", temperature=[*temperatures, 0.0], noise=value, half_interval=half)
    if len(temperatures) > 1:
        zero = float(np.exp(extrapolated(temperatures, minima.value[:-1])))
        order = np.argsort(temperatures)[:2]
        ends = np.asarray([0.0, temperatures[order[1]]])
        ax.plot(ends, [zero, value[order[1]]], color=MEANING["ink"], linewidth=0.8, linestyle=DASHED, zorder=1)
        rows += rows_of("extrapolated", temperature=0.0, noise=zero)
    ax.set(xlabel="temperature ($w^2$)", ylabel=f"best {NOISE}", xlim=(-0.03, 1.15 * float(temperatures.max())))
    return rows
