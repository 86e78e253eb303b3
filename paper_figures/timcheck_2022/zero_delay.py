"""No delay: runs of one neuron, the sawtooth of one interval, the error against noise (counterparts of Fig 3)."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from jaxsnn.claims import Figure
from jaxsnn.plotting import MEANING, band, letter, line, log_axis, points, raster, spike_times
from jaxsnn.reproduction.page import (
    DASHED,
    Page,
    bars,
    deviation,
    key,
    listed,
    mean,
    mosaic,
    number,
    only,
    rows_of,
    seeds_of,
    single_valued,
)
from jaxsnn.sweeps import Panel
from jaxsnn.theory import accumulation, bias, packet_variance, same_neuron_fraction, small_leak_variance

from .page import BARS, ERROR, LEAK, NOISE, OURS, leak_keys, leak_style, root
from .stretches import readout_only, spikes_only, stretch, time_step

Data = Mapping[str, xr.Dataset]
Panels = Mapping[str, Panel]


def runs(page: Page, data: Data, panels: Panels) -> Figure:
    """Fig 3a: rasters of a small network, and how often a neuron fires twice running."""
    table = data["runs"]
    leaks, neurons, noise = table["leak"].values, int(only(table, "neurons")), only(table, "noise")
    shown, intervals = leaks[:3], 100.0
    singles = [
        panels["runs"].single({"neurons": neurons, "leak": float(leak), "delay": 0.0, "noise": noise}) for leak in shown
    ]
    kept = stretch(singles, intervals, spikes_only)
    names = [f"raster{i}" for i in range(len(shown))]
    canvas, axes = mosaic("double", [[name, "fraction"] for name in names], 0.56, width_ratios=[2.3, 1.0])
    rows = []
    for ax, leak, spikes in zip((axes[n] for n in names), shown, kept, strict=True):
        times, who = spike_times(spikes, dt=time_step(singles[0]))
        raster(ax, times, who, size=neurons, runs=3, unit="mean inter-spike intervals")
        ax.set(title=rf"$\lambda_V$ = {number(leak)}", xlim=(0, intervals))
        rows += rows_of("raster", leak=leak, time=times, neuron=who)
        if ax is not axes[names[-1]]:
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
    axes[names[0]].legend(
        handles=[key("3 or more in a row", colour=MEANING["optimum"], marker="|")],
        loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2,
    )  # fmt: skip
    fraction, half = bars(mean(single_valued(table["same_neuron"])))
    theory_at = np.geomspace(0.3 * leaks.min(), 3 * leaks.max(), 161)
    rate = neurons + np.asarray(bias(noise, theory_at, neurons))  # the bias speeds the spikes up
    theory = np.asarray(same_neuron_fraction(theory_at, rate, neurons))
    ax = axes["fraction"]
    line(ax, theory_at, theory, label="theory")
    points(ax, leaks, fraction, half, label="simulation")
    log_axis(ax, "x")
    ax.set(xlabel=LEAK, ylabel="spikes by the neuron of the spike before", ylim=(0, 1))
    ax.legend(loc="upper right")
    letter([axes[n] for n in (*names, "fraction")])
    rows += rows_of("theory", leak=theory_at, fraction=theory)
    rows += rows_of("simulation", leak=leaks, fraction=fraction, half_interval=half)
    caption = f"""Runs of one neuron without delay (counterpart of Fig 3a; N = {neurons} is the paper's, {OURS}). a to
        c: rasters at leak {listed(shown)}, noise {number(noise)}; coloured: three or more spikes of one neuron in a
        row. d: fraction of spikes fired by the neuron that fired the spike before: {listed(fraction)} at leak
        {listed(leaks)}. Line: persistence of the largest of {neurons} Ornstein-Uhlenbeck processes over one interval,
        at the rate that target and bias give (our derivation, no free parameter);
        {BARS.format(seeds=seeds_of(data, "runs"))}."""
    return page.save(canvas, "fig3a_runs", rows, caption)


def interval(page: Page, panels: Panels) -> Figure:
    """Fig 3b: the readout between two spikes, and how its irregularity adds up from spike to spike."""
    leak, noise, networks, intervals = 0.1, 1.0, 8, 1000.0
    point = {"neurons": 64, "leak": leak, "delay": 0.0, "noise": noise}
    singles = [panels["map"].single(point, seed) for seed in range(networks)]
    counts, readout = stretch(singles, intervals, readout_only)
    dt, rate, neurons = time_step(singles[0]), float(singles[0].plan.arrays["rate"]), 64
    readout = readout - readout.mean()
    phase = np.linspace(0.0, 1.0, 41)
    cut = [_intervals(c, y, phase) for c, y in zip(counts, readout, strict=True)]
    falls = np.concatenate(cut)
    middle, spread = falls.mean(axis=0), falls.std(axis=0)
    lags = np.unique(np.geomspace(1, 128, 15).round().astype(int))
    steps = np.stack([_accumulated(fall[:, 0], lags) for fall in cut], axis=-1)  # [lag, network]
    moved, half = bars(deviation(steps))
    limit, part = noise * np.sqrt(-np.expm1(-lags / rate)), float(accumulation(leak, neurons))
    settled = noise * np.sqrt(part)

    canvas, axes = mosaic("double", [["trace", "one", "sum"]], 0.34, width_ratios=[1.25, 1.0, 1.0])
    ax, shown = axes["trace"], round(14 / dt)
    time = dt * np.arange(shown)
    ax.plot(time, readout[0, :shown], color=MEANING["simulation"], linewidth=0.9)
    ax.axhline(0, color=MEANING["target"], linewidth=0.8, dashes=(4, 2))
    ax.set(xlabel="time (mean inter-spike intervals)", ylabel=r"readout $y$ − mean (units of $1/N$)", xlim=(0, 14))
    ax = axes["one"]
    few = cut[0][:: max(1, len(cut[0]) // 40)][:40]
    ax.plot(phase, few.T, color=MEANING["baseline"], linewidth=0.3, alpha=0.6, zorder=1)
    band(
        ax,
        phase,
        middle - spread,
        middle + spread,
        colour=MEANING["simulation"],
        alpha=0.22,
        label="±1 s.d., simulation",
    )
    ax.plot(phase, middle, color=MEANING["simulation"], linewidth=3.2, alpha=0.8, label="mean, simulation")
    theory_spread = noise * np.sqrt(part / 2)
    line(ax, phase, 0.5 - phase, label="theory")
    for sign in (-1, 1):
        line(ax, phase, 0.5 - phase + sign * theory_spread, dashed=True)
    ax.set(xlabel="fraction of the interval", ylabel=r"readout $y$ − mean (units of $1/N$)", xlim=(0, 1))
    top = 1.02 * float(np.abs(few).max()) + 0.2
    ax.set_ylim(-top, 1.55 * top)
    ax.legend(loc="upper right")
    ax = axes["sum"]
    line(ax, lags, limit, label="small-leak limit")
    points(ax, lags, moved, half, label="simulation")
    ax.axhline(settled, color=MEANING["estimate"], linestyle=DASHED, linewidth=1.0, label="settled, this leak")
    log_axis(ax, "x")
    ax.set(xlabel="spikes later", ylabel=r"s.d. of the change of $y$ (units of $1/N$)", ylim=(0, 1.42 * noise * 0.95))
    ax.legend(loc="upper left")
    letter(list(axes.values()))
    table = {
        "trace": {"time": time, "readout": readout[0, :shown]},
        "one interval": {"fraction": phase, "mean": middle, "deviation": spread, "theory_mean": 0.5 - phase,
                         "theory_deviation": np.full_like(phase, theory_spread)},
        "intervals": {"interval": np.arange(len(few))[:, None], "fraction": phase[None, :], "readout": few},
        "accumulation": {"spikes_later": lags, "deviation": moved, "half_interval": half, "small_leak_limit": limit,
                         "settled": np.full(len(lags), settled)},
    }  # fmt: skip
    caption = f"""The readout between spikes without delay (counterpart of Fig 3b; {OURS}): N = {neurons}, leak
        {number(leak)}, noise {number(noise)}. a: a stretch of the readout. b: {len(falls)} intervals laid over each
        other, each stretched to unit length: every spike lifts y by one, then it falls by one. Mean and one standard
        deviation (band) of the simulation, with a unit sawtooth and the deviation sqrt(C/2) sigma of the accumulated
        timing noise (lines, our derivation, which gives C = {number(part)} here); thin: single intervals. c: the
        intervals vary, and their variation adds up: deviation of the change of y from a spike to a later one; black:
        one neuron without leak; dashed: where it must settle at this leak, sqrt(C) sigma. Error bars: 95 % intervals
        over {networks} networks."""
    return page.save(canvas, "fig3b_interval", table, caption)


def _intervals(count: np.ndarray, readout: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """The readout over each interval between spikes [interval, phase], stretched to unit length."""
    spikes = np.flatnonzero(count)
    rows = []
    for begin, end in zip(spikes[:-1], spikes[1:], strict=True):
        values = np.append(readout[begin:end], readout[end] - count[end])  # last: just before the next spike
        rows.append(np.interp(phase, np.linspace(0, 1, len(values)), values))
    return np.asarray(rows)


def _accumulated(after: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Mean square change of the readout just after a spike, to that just after a later spike [lag]."""
    return np.array([np.mean((after[lag:] - after[:-lag]) ** 2) for lag in lags])


def error_against_noise(page: Page, data: Data) -> Figure:
    """Fig 3c: error against noise for several leaks, with the small-leak bound and the exact result; and the bias."""
    table = data["zero"]
    leaks, noise, neurons = table["leak"].values, table["noise"].values, int(only(table, "neurons"))
    at = np.linspace(0, max(4.0, noise.max()), 161)
    canvas, axes = mosaic("double", [["error", "bias"]], 0.42, width_ratios=[1.35, 1.0])
    rows, ratios, above = [], [], 0
    bound = root(small_leak_variance, at)
    line(axes["error"], at, bound)
    rows += rows_of("bound", noise=at, sigma_readout=bound)
    for leak in leaks:
        part, look = table.sel(leak=leak), leak_style(leak)
        error, error_half = bars(deviation(single_valued(part["variance"])))
        offset, offset_half = bars(mean(single_valued(part["bias"])))
        exact, hanging = root(packet_variance, at, leak, neurons), np.asarray(bias(at, leak, neurons))
        line(axes["error"], at, exact, colour=look["colour"])
        points(axes["error"], noise, error, error_half, **look)
        line(axes["bias"], at, hanging, colour=look["colour"])
        points(axes["bias"], noise, offset, offset_half, **look)
        rows += rows_of("theory", leak=leak, noise=at, sigma_readout=exact, bias=hanging)
        seen = {"sigma_readout": error, "half_interval": error_half, "bias": offset, "bias_half_interval": offset_half}
        rows += rows_of("simulation", leak=leak, noise=noise, **seen)
        ratios += (error / root(packet_variance, noise, leak, neurons)).tolist()
        above += int(np.sum((error - error_half > root(small_leak_variance, noise)) & (noise > 0)))
    axes["error"].set(xlabel=NOISE, ylabel=ERROR, xlim=(-0.1, at[-1] + 0.1), ylim=(0, None))
    axes["bias"].set(xlabel=NOISE, ylabel=r"bias: mean($y$) − $R$ (units of $1/N$)", xlim=(-0.1, at[-1] + 0.1))
    axes["bias"].set_ylim(bottom=-0.02 * axes["bias"].get_ylim()[1])
    handles = [key("bound, small leak"), *leak_keys(leaks, dash="-")]
    axes["error"].legend(handles=handles, loc="upper left")
    letter(list(axes.values()))
    caption = f"""Error and bias against noise without delay, N = {neurons} (counterpart of Fig 3c; {OURS}). Points:
        simulation; coloured lines: our exact result for large rates, 1/12 + C sigma^2/2, in which C depends on the
        leak; black: our derivation of the small-leak bound that the paper numbers Eq 19, 1/12 + sigma^2/2. Simulation
        over exact result: {min(ratios):.3f} to {max(ratios):.3f}; points whose interval lies above the bound: {above}
        of {len(ratios)}. b: the mean of the readout exceeds its target R, because the membranes hang below threshold
        and the leak turns that into drive (lines: our derivation); {BARS.format(seeds=seeds_of(data, "zero"))}."""
    return page.save(canvas, "fig3c_zero_delay", rows, caption)
