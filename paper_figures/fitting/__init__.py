"""Figures of the fitting demonstrations: delays from spike trains, exact spike times, a recorded neuron."""

import json
from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path

import numpy as np
import xarray as xr

from experiments.fitting.claims import CLOSE, FOUND
from experiments.fitting.panels import SIZES
from experiments.fitting.recovery import INPUTS, LONGEST, NEURONS, SHORTEST, chance
from jaxsnn.claims import Figure
from jaxsnn.plotting import MEANING, SERIES, letter, log_axis, points, style
from jaxsnn.reproduction.page import DASHED, Page, bars, key, listed, mean, mosaic, rows_of, seeds_of
from jaxsnn.sweeps import Panel

TITLE = "Fitting delays, thresholds and time constants by gradient"
PAPER = "Demonstrations of this project on known truths; not from a paper."
BARS = "error bars: 95 % intervals, jackknife over {seeds} {what}"
KINDS = {"feed-forward": ("o", SERIES[0]), "recurrent": ("s", SERIES[1])}


def draw(
    data: Mapping[str, xr.Dataset],
    panels: Mapping[str, Panel],
    folder: str | PathLike,
    only: Collection[str] | None = None,
) -> list[Figure]:
    """Draw everything into `folder` (PDF, PNG, CSV) and return the records for the report; `only`: names to draw."""
    del panels
    page = Page(Path(folder), command(data))
    figures = {"recovery": recovery, "spike_times": spike_times, "recording": recording}
    unknown = sorted(set(only or ()) - set(figures))
    if unknown:
        raise ValueError(f"only = {unknown[0]!r}: is no figure; choose from {', '.join(figures)}")
    with style():
        return [make(page, data) for name, make in figures.items() if only is None or name in only]


def command(data: Mapping[str, xr.Dataset]) -> str:
    """What a reader types to get these figures again; a preset is known by its trials."""
    known = [name for name, size in SIZES.items() if tuple(data["recovery"]["trials"].values) == size.trials]
    chosen = f" --preset {known[0]}" if known else ""
    return f"python paper_figures/reproduce.py{chosen} --only fitting"


def recovery(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Delays and thresholds against the number of trials."""
    canvas, axes = mosaic("double", [["delays", "thresholds"]], 0.4)
    rows = []
    for panel, dash, note in (("recovery", True, "weights known"), ("recovery_weights", False, "weights fitted")):
        for kind, (marker, colour) in shown(data):
            table = data[panel].sel(kind=kind)
            trials = table["trials"].values
            for name, result in (("delays", "delays_recovered"), ("thresholds", "threshold_error")):
                value, half = bars(mean(table[result].transpose("trials", "seed")))
                shift = 1.0 if dash else 1.06  # side by side
                face = {} if dash else {"markerfacecolor": "white", "markeredgecolor": colour}
                axes[name].errorbar(
                    trials * shift, 100 * value, 100 * half, color=colour, marker=marker, markersize=3.6,
                    linewidth=0.8, linestyle="-" if dash else (0, DASHED[1]), elinewidth=0.9, **face,
                )  # fmt: skip
                rows += rows_of(f"{name}, {note}", kind=kind, trials=trials, value=value, half_interval=half)
    axes["delays"].axhline(100 * chance(), color=MEANING["baseline"], linewidth=0.8, linestyle=DASHED)
    axes["delays"].text(trials_end(data), 100 * chance() + 2, "chance", ha="right", va="bottom", fontsize=7)
    axes["delays"].set(ylabel="delays within one step of the truth (%)", ylim=(0, 104))
    axes["thresholds"].set(ylabel="error of thresholds (%)", ylim=(0, None))
    for ax in axes.values():
        log_axis(ax, "x")
        ax.set_xticks(data["recovery"]["trials"].values, [f"{n}" for n in data["recovery"]["trials"].values])
        ax.minorticks_off()
        ax.set_xlabel(f"trials of {trial_steps(data)} steps")
    entries = [key(kind, colour=colour, marker=marker) for kind, (marker, colour) in shown(data)]
    entries.append(key("sizes of weights fitted too", colour=MEANING["ink"], marker="o", hollow=True, dash=DASHED))
    canvas.legend(handles=entries, loc="outside upper center", ncols=3)
    letter(list(axes.values()))
    many = (NEURONS * INPUTS, NEURONS * (INPUTS + NEURONS))
    caption = f"""A student recovers a noisy teacher's delays (a: fraction within one step) and thresholds (b: mean
        relative error) from its inputs and spikes alone, by the gradient of the likelihood; {many[0]} delays
        feed-forward, {many[1]} recurrent, between {SHORTEST:g} and {LONGEST:g} steps;
        {BARS.format(seeds=seeds_of(data, "recovery"), what="teachers")}."""
    return page.save(canvas, "recovery", rows, caption)


def shown(data: Mapping[str, xr.Dataset]) -> list[tuple[str, tuple[str, str]]]:
    return [(kind, look) for kind, look in KINDS.items() if kind in data["recovery"]["kind"].values]


def trial_steps(data: Mapping[str, xr.Dataset]) -> int:
    return json.loads(data["recovery"].attrs["spec"])["constants"]["steps"]


def trials_end(data: Mapping[str, xr.Dataset]) -> float:
    return float(data["recovery"]["trials"].values.max())


def spike_times(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Error of exact spike times before and after the fit, every network shown."""
    table = data["spike_times"]
    canvas, axes = mosaic("double", [["error", "missing"]], 0.4)
    rows = []
    for i, away in enumerate(table["away"].values):
        one = table.sel(away=away)
        spread = np.linspace(-0.3, 0.3, one.sizes["seed"])
        lost = one["missing"].values > 0
        for name, before, after in (("error", "error_before", "error"), ("missing", "missing_before", "missing")):
            x, scale = i + spread, 100.0 if name == "missing" else 1.0
            axes[name].plot(x, scale * one[before].values, "_", color=MEANING["baseline"], markersize=5)
            for chosen, marker, colour in ((~lost, "o", MEANING["simulation"]), (lost, "X", MEANING["optimum"])):
                axes[name].plot(
                    x[chosen], scale * one[after].values[chosen], marker, color=colour, markersize=3.6,
                    markeredgecolor="white", markeredgewidth=0.4,
                )  # fmt: skip
            rows += rows_of(
                name, away=away, seed=one["seed"].values, before=one[before].values, after=one[after].values
            )
        close = (one["error"].values < CLOSE) & ~lost
        axes["error"].text(i, 0.97, f"{close.sum()} of {close.size}", transform=axes["error"].get_xaxis_transform(),
                           ha="center", va="top", fontsize=7)  # fmt: skip
    axes["error"].axhline(CLOSE, color=MEANING["ink"], linewidth=0.7, linestyle=DASHED)
    log_axis(axes["error"], "y")
    low, high = axes["error"].get_ylim()
    axes["error"].set(ylabel="error of spike times, r.m.s. (ms)", ylim=(low, high * 4))
    axes["missing"].set(ylabel="spikes too many or too few (%)")
    for ax in axes.values():
        ax.set_xticks(range(table.sizes["away"]), [f"{away:g}" for away in table["away"].values])
        ax.set_xlabel("distance of the student at the start")
    entries = [
        key("before", colour=MEANING["baseline"], marker="_", hollow=True),
        key("after", colour=MEANING["simulation"], marker="o"),
        key("after, with wrong numbers of spikes", colour=MEANING["optimum"], marker="X"),
    ]
    canvas.legend(handles=entries, loc="outside upper center", ncols=3)
    letter(list(axes.values()))
    caption = f"""Exact spike times of recurrent networks with delays, fitted through the events (delays, weights and
        thresholds). Every point is a network. a: root mean square error of the spikes that student and teacher both
        have; counted above: networks below {CLOSE:g} ms with the right number of spikes. b: spikes that only one of
        them has. No intervals: every sample is shown."""
    return page.save(canvas, "spike_times", rows, caption)


def recording(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Recovered parameters of every restart, and how unseen spikes are predicted."""
    table = data["recording"]
    canvas, axes = mosaic("double", [["tau", "gain", "coincidence"]], 0.36)
    named = {"tau": "tau", "gain": "threshold_over_resistance", "coincidence": "coincidence"}
    rows, found = [], {}
    for way, colour, shift in (("voltage", SERIES[0], -0.18), ("spikes", SERIES[1], 0.18)):
        one = table.sel(way=way)
        loss = one["loss"].transpose("recording", "seed").values
        best = np.arange(loss.shape[1])[None] == loss.argmin(axis=1)[:, None]
        found[way] = float((np.abs(one["tau"].transpose("recording", "seed").values - 1) < FOUND).mean())
        for name, result in named.items():
            value = one[result].transpose("recording", "seed").values
            x = np.arange(value.shape[0])[:, None] + shift + np.linspace(-0.1, 0.1, value.shape[1])[None]
            axes[name].plot(x[~best], value[~best], ".", color=colour, alpha=0.45, markersize=3)
            points(axes[name], x[best], value[best], colour=colour, marker="D")
            rows += rows_of(
                name, way=way, recording=np.repeat(one["recording"].values, value.shape[1]), value=value.ravel(),
                best=best.ravel(),
            )  # fmt: skip
    axes["tau"].set_ylabel("time constant, fitted / true")
    axes["gain"].set_ylabel("threshold / resistance, fitted / true")
    axes["coincidence"].set(ylabel="coincidence on an unseen current", ylim=(None, 1.05))
    for name, ax in axes.items():
        if name != "coincidence":
            log_axis(ax, "y")
            ax.set_yticks([0.5, 1, 2], ["0.5", "1", "2"])
            ax.minorticks_off()
        ax.axhline(1.0, color=MEANING["ink"], linewidth=0.7, zorder=1)
        ax.set_xticks(range(table.sizes["recording"]), [str(n + 1) for n in table["recording"].values])
        ax.set_xlabel("recording")
    entries = [key(f"from {way}", colour=colour, marker="D") for way, colour in
               (("voltage and spikes", SERIES[0]), ("spikes alone", SERIES[1]))]  # fmt: skip
    canvas.legend(handles=entries, loc="outside upper center", ncols=2)
    letter(list(axes.values()))
    shares = listed([100 * share for share in found.values()])
    caption = f"""A leaky integrate-and-fire neuron fitted to recordings that diffrax made by adaptive integration with
        spikes as events. Every restart is shown ({table.sizes["seed"]} for each recording, begun within a factor of
        three of the truth); diamonds: the one with the least loss. {shares} % of the restarts found the time constant
        within {100 * FOUND:g} % (from voltage and spikes, from spikes alone). c: coincidence within 2 ms of the spikes
        predicted for an unseen current, 1 for all, 0 for chance."""
    return page.save(canvas, "recording", rows, caption)
