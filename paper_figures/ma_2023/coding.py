"""Figures of neural coding: every measure for every model, what the trials look like, and noise with a known truth."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import xarray as xr

from experiments.ma_2023.coding import RETINA
from experiments.ma_2023.coding_control import KINDS
from jaxsnn.claims import Figure
from jaxsnn.plotting import MARKERS, MEANING, SERIES, letter, log_axis, points, raster, spike_times
from jaxsnn.reproduction.page import DASHED, Page, bars, key, legend_above, mean, mosaic, rows_of, seeds_of

MEASURES = {
    "correlation": "response correlation",
    "bits": "bits per spike",
    "fano": "Fano factor",
    "isi": "ISI distance, relative",
    "van_rossum": "van Rossum distance, relative",
    "noise_correlation": "noise correlation",
}
COLOURS = {RETINA: MEANING["ink"], "glm": SERIES[1], "nsnn learned": SERIES[0], "deterministic": SERIES[3]}
BIN = 0.01  # s
MOST_BITS = 2.0  # half an interval; a longer one is written in words


def coding(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Each measure of each arm, with the retina's own value as a line."""
    table = data["coding"]
    arms = [str(arm) for arm in table["arm"].values]
    canvas, axes = mosaic("double", [list(MEASURES)[:3], list(MEASURES)[3:]], 0.62, sharey=True)
    rows, place = [], -np.arange(len(arms))
    for name, label in MEASURES.items():
        ax = axes[name]
        for panel, shift, hollow in (("coding", 0.0, False), ("coding_unshared", -0.28, True)):
            for at, arm in zip(place, arms, strict=True):
                if arm not in data[panel]["arm"].values:
                    continue
                value, half = bars(mean(data[panel][name].sel(arm=arm)))
                rows += rows_of(name, set=panel, arm=arm, value=value, half_interval=half)
                colour = COLOURS.get(arm, MEANING["simulation"])
                if name == "bits" and half > MOST_BITS:  # it would be all that the axis shows
                    ax.text(0.12, at, f"{value:.2g} ± {half:.2g}", transform=ax.get_yaxis_transform(), va="center")
                    continue
                ax.errorbar(
                    value, at + shift, xerr=half, color=colour, marker="o", markersize=3.6, elinewidth=0.9,
                    markerfacecolor="white" if hollow else colour, markeredgewidth=0.8 if hollow else 0.4,
                )  # fmt: skip
        own = float(table[name].sel(arm=RETINA).mean()) if name != "bits" else 0.0
        ax.axvline(own, color=MEANING["baseline"], linewidth=0.8, linestyle=DASHED, zorder=0)
        ax.set(xlabel=label, yticks=place, yticklabels=arms, ylim=(place[-1] - 0.6, 0.5))
    legend_above(
        canvas,
        [
            key("noise partly shared", marker="o"),
            key("noise of each cell's own", marker="o", hollow=True),
            key("the retina itself (bits: the mean rate)", colour=MEANING["baseline"], dash=DASHED),
        ],
    )
    letter(list(axes.values()))
    caption = f"""Models of a simulated retina of 20 cells, free-running on a movie that they were not fitted to.
        Response correlation: of smoothed responses (20 ms), the noise of both taken out. Bits: log-likelihood of
        recorded spikes, given those before, above that of the mean rate; not defined for the retina and the
        deterministic network, and written out where it is too uncertain to be drawn. Fano factor and noise
        correlation: counts in 100 ms. Distances: of a trial of the model and a recorded one, over that of two recorded
        trials; a model with less noise than the retina can be below one. Error bars: 95 % intervals, jackknife over
        {seeds_of(data, "coding")} retinas."""
    return page.save(canvas, "coding", rows, caption)


def trials(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Rasters of one cell, its mean response, and the Fano factor against the mean count."""
    table = data["coding"]
    shown = [arm for arm in COLOURS if arm in table["arm"].values]
    layout = [[[[arm] for arm in shown], [["response"], ["fano"]]]]
    canvas, axes = mosaic("double", layout, 0.62, width_ratios=[1.5, 1])
    rows = []
    for arm in shown:
        ax, spikes = axes[arm], table["raster"].sel(arm=arm).isel(seed=0).values
        when, who = spike_times(spikes.T, dt=BIN)
        raster(ax, when, who, size=spikes.shape[0])
        ax.set(ylabel=arm, yticks=[], xlim=(0, spikes.shape[1] * BIN), xlabel="")
        response = table["response"].sel(arm=arm).isel(seed=0).values / BIN
        time = BIN * (np.arange(response.size) + 0.5)
        axes["response"].plot(time, response, color=COLOURS[arm], linewidth=0.9, label=arm)
        rows += rows_of("response", arm=arm, time=time, rate=response)
        groups = table["fano_groups"].sel(arm=arm)
        count = groups.isel(fano_groups_dim1=0).mean("seed").values
        value, half = bars(mean(groups.isel(fano_groups_dim1=1).transpose("fano_groups_dim0", "seed")))
        good = np.isfinite(value) & np.isfinite(count)
        mark = MARKERS[shown.index(arm)]
        points(axes["fano"], count[good], value[good], half[good], colour=COLOURS[arm], marker=mark, joined=True)
        rows += rows_of("fano", arm=arm, count=count, fano=value, half_interval=half)
    axes[shown[-1]].set_xlabel("time (s)")
    axes["response"].set(xlabel="time (s)", ylabel="rate (Hz)", ylim=(0, None))
    axes["fano"].set(xlabel="mean count in 100 ms", ylabel="Fano factor", ylim=(0, 1.5))
    entries = [key(arm, colour=COLOURS[arm], marker=MARKERS[shown.index(arm)]) for arm in shown]
    legend_above(canvas, entries)
    letter([axes[name] for name in (shown[0], "response", "fano")])
    caption = f"""What the trials look like. a: spikes of one cell of the first retina in repeats of a movie, from the
        retina and from models that run freely. b: its mean rate (Gaussian, 20 ms). c: Fano factor against mean count,
        windows of all cells; error bars: 95 % intervals, jackknife over {seeds_of(data, "coding")} retinas (groups that
        every retina has)."""
    return page.save(canvas, "coding_trials", rows, caption)


def control(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Noise levels that were learned, over the truth."""
    table = data["coding_control"]
    canvas, axes = mosaic("double", [["output", "hidden"]], 0.36, sharey=True)
    rows, sigma = [], table["sigma"].values
    for i, kind in enumerate(KINDS):
        for name in ("output", "hidden"):
            if name == "hidden" and kind == "one layer":
                continue
            value, half = bars(mean(table[name].sel(kind=kind).transpose("sigma", "seed")))
            shift = 1.05 ** (i - 1)  # side by side
            points(axes[name], sigma * shift, value, half, colour=SERIES[i], marker=MARKERS[i])
            rows += rows_of(name, kind=kind, sigma=sigma, ratio=value, half_interval=half)
    for name, ax in axes.items():
        log_axis(ax, "x")
        ax.axhline(1.0, color=MEANING["ink"], linewidth=0.7, zorder=1)
        ax.set_xticks(sigma, [f"{s:g}" for s in sigma])
        ax.minorticks_off()
        ax.set(xlabel="noise level of the teacher", xlim=(sigma.min() / 1.5, sigma.max() * 1.5))
        ax.set_ylabel(f"{name} layer, learned / true" if name == "output" else "hidden layer, learned / true")
    legend_above(canvas, [key(kind, colour=SERIES[i], marker=MARKERS[i]) for i, kind in enumerate(KINDS)])
    letter(list(axes.values()))
    caption = f"""Noise levels learned from the spikes of a teacher with the student's own structure. One layer:
        weights, delays and decay are fitted too, with the exact gradient of the likelihood. Two layers: all else is
        known, but hidden spikes are not and are sampled, one draw (a bound on the likelihood) or 8 in the mean of each
        spike's probability. Error bars: 95 % intervals, jackknife over {seeds_of(data, "coding_control")} teachers."""
    return page.save(canvas, "coding_control", rows, caption)


def figures(page: Page, data: Mapping[str, xr.Dataset]) -> dict[str, Callable[[], Figure]]:
    """By name, to be drawn when called."""
    made = {"coding": coding, "coding_trials": trials, "coding_control": control}
    return {name: partial(make, page, data) for name, make in made.items()}
