"""What can go wrong: the firing rule, the time step; and the best noise found by descent."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.timcheck_2022.analysis import Valley, valley
from experiments.timcheck_2022.descent import WINDOW
from jaxsnn.claims import Figure, resampled
from jaxsnn.plotting import MEANING, letter, line, log_axis, points
from jaxsnn.reproduction.page import Page, bars, deviation, mean, mosaic, number, only, rows_of, seeds_of, single_valued
from jaxsnn.sweeps import Panel
from jaxsnn.theory import packet_variance

from .page import BARS, NOISE, OURS, RIDGE_DELAYS, SHORT_ERROR, ridges, root

Data = Mapping[str, xr.Dataset]
TOLERANCE = 2.0  # per cent, of the change when dt is halved
NEAR = 1.1  # factor within which the descent should end


def firing_rule(page: Page, data: Data) -> Figure:
    """Sequential and simultaneous firing against the number of steps, and the change when dt is halved."""
    table = data["rule"]
    steps, noise, leak = table["steps_per_isi"].values, only(table, "noise"), only(table, "leak")
    canvas, axes = mosaic("double", [["rule", "half"]], 0.4, width_ratios=[1.2, 1.0])
    ax, rows = axes["rule"], []
    theory = float(root(packet_variance, noise, leak, int(only(table, "neurons"))))
    line(ax, [steps.min() / 1.2, steps.max() * 1.2], [theory, theory], label="theory, no delay")
    rows.append({"panel": "theory", "sigma_readout": theory})
    looks = {
        True: ("one after the other", MEANING["simulation"], "o"),
        False: ("all together", MEANING["optimum"], "X"),
    }
    for sequential, (label, colour, marker) in looks.items():
        error, half = bars(deviation(single_valued(table["variance"].sel(sequential=sequential))))
        points(ax, steps, error, half, colour=colour, marker=marker, label=label, joined=True)
        rows += rows_of(label, steps_per_interval=steps, sigma_readout=error, half_interval=half)
    log_axis(ax, "x")
    ax.set_xticks(steps, [f"{n:g}" for n in steps])
    ax.set(xlabel="steps per mean inter-spike interval", ylabel=SHORT_ERROR, ylim=(0, None))
    ax.set_ylim(0, 1.32 * ax.get_ylim()[1])
    ax.legend(loc="upper right")

    ax, table = axes["half"], data["refined"]
    cases = [_case(table, i) for i in range(table.sizes["noise_delay_leak"])]
    change, half = bars(resampled(_halved(table), lambda v: 100 * _relative(v)))
    ax.axhspan(-TOLERANCE, TOLERANCE, color=MEANING["baseline"], alpha=0.15, linewidth=0)
    ax.axhline(0, color=MEANING["ink"], linewidth=0.7)
    points(ax, np.arange(len(cases)), change, half)
    ax.set_xticks(range(len(cases)), cases)
    ax.set(ylabel="change when the step is halved (%)", xlim=(-0.5, len(cases) - 0.5))
    reach = 1.15 * max(2.4, float(np.nanmax(np.abs(change) + np.nan_to_num(half))))
    ax.set_ylim(-reach, reach)
    ax.annotate(f"± {TOLERANCE:g} %", (0.98, TOLERANCE), (0, 2), xycoords=("axes fraction", "data"),
                textcoords="offset points", ha="right", va="bottom", fontsize=7, color=MEANING["ink"])  # fmt: skip
    letter(list(axes.values()))
    named = [case.replace("\n", ", ").replace("$", "").replace("\\", "") for case in cases]
    rows += rows_of("halved step", case=named, change_percent=change, half_interval=half)
    caption = f"""Numerical care (no counterpart in the paper). a: error without delay (N = 64, leak {number(leak)},
        noise {number(noise)}) when neurons above threshold fire one after the other within a step, and when they all
        fire together: the step then acts as a delay, and the error depends on it. b: relative change of the error when
        the step is halved on the same Brownian path; grey: the tolerance of {TOLERANCE:g} %;
        {BARS.format(seeds=seeds_of(data, "rule"))}; in b of paired differences."""
    return page.save(canvas, "firing_rule", rows, caption)


def _case(table: xr.Dataset, i: int) -> str:
    noise, delay, leak = (float(table[name].values[i]) for name in ("noise", "delay", "leak"))
    return (
        rf"$\sigma$ = {number(noise)}" + "\n" + rf"$\delta$ = {number(delay)}" + "\n" + rf"$\lambda_V$ = {number(leak)}"
    )


def _halved(table: xr.Dataset) -> np.ndarray:
    """Variance [step, case, seed]: with the step, with half of it."""
    both = single_valued(table["variance"]).transpose("refine", ..., "seed")
    return np.stack([both.sel(refine=2).values, both.sel(refine=1).values]).astype(float)


def _relative(variance: np.ndarray) -> np.ndarray:
    coarse, half = np.sqrt(variance.mean(axis=-1))
    return coarse / half - 1


def descent(page: Page, data: Data, panels: Mapping[str, Panel], valleys: Mapping[float, Valley]) -> Figure:
    """Robbins-Monro paths of the noise from two starts, beside the minimum of the grid."""
    table = data["descent"]
    leak, delay = (only(table, name) for name in ("leak", "delay"))
    starts = table["noise"].values
    path = single_valued(table["path"]).transpose("noise", "seed", ...).values.astype(float)  # [start, seed, window]
    one = panels["descent"].single({"neurons": 64, "leak": leak, "delay": delay, "noise": float(starts[0]),
                                    "windows": int(only(table, "windows"))})  # fmt: skip
    window = WINDOW * float(one.plan.arrays["dt"]) / float(one.plan.arrays["rate"])
    time = window * np.arange(path.shape[-1] + 1)
    canvas, axes = mosaic("double", [["path", "end"]], 0.4, width_ratios=[1.5, 1.0], sharey=True)
    ax, rows = axes["path"], []
    colours = (MEANING["simulation"], MEANING["synchrony"])
    for start, walks, colour in zip(starts, path, colours, strict=False):
        for seed, walk in enumerate(walks):
            ax.step(time, np.concatenate([[start], walk]), where="post", color=colour, linewidth=0.6, alpha=0.55)
            rows += rows_of("path", start=start, seed=seed, time=time[1:], noise=walk)
    ends = mean(np.log(single_valued(table["noise_end"]).transpose("noise", "seed").values.astype(float)))
    marks = [(f"descent\nfrom {number(s)}", v, h, c) for s, v, h, c in zip(starts, *bars(ends), colours, strict=False)]
    for name, found in (("grid", valleys[leak]), ("grid, indep.\nnoise", valley(data["independent"], leak))):
        here = np.flatnonzero(np.isclose(found.delay, delay))
        if here.size and np.isfinite(found.noise.value[here[0]]):
            value, half = bars(found.noise.map(lambda noise, at=here[0]: np.log(noise[at])))
            marks.append((name, float(value), float(half), MEANING["optimum"]))
    i = list(valleys).index(leak)
    for name, label in (("bound", "bound"), ("estimate", "sharper\nestimate")):
        best = float(np.interp(delay, RIDGE_DELAYS, ridges(64)[name][0][i]))
        marks.append((label, np.log(best), 0.0, MEANING["theory" if name == "bound" else "estimate"]))
    grid = [np.exp(value) for label, value, _, _ in marks if label == "grid"]
    for panel in axes.values():
        if grid:
            panel.axhspan(grid[0] / NEAR, grid[0] * NEAR, color=MEANING["optimum"], alpha=0.16, linewidth=0)
            panel.axhline(grid[0], color=MEANING["optimum"], linewidth=0.9)
    ax.set(xlabel=r"time (readout time constants $\tau_d$)", ylabel=NOISE, xlim=(0, time[-1]))
    log_axis(ax, "y")
    ax = axes["end"]
    for place, (label, value, half, colour) in enumerate(marks):
        low, middle, high = np.exp([value - half, value, value + half])
        measured = half > 0
        points(ax, [place], [middle], np.array([[middle - low], [high - middle]]) if measured else None, colour=colour,
               marker="o" if measured else "D")  # fmt: skip
        rows.append({"panel": label.replace("\n", " "), "noise": middle, "low": low, "high": high})
    ax.set_xticks(range(len(marks)), [label for label, *_ in marks], rotation=40, ha="right", rotation_mode="anchor")
    ax.set_xlim(-0.6, len(marks) - 0.4)
    letter(list(axes.values()))
    near = f"the minimum of the grid, {number(grid[0])}, and 10 % to either side" if grid else "no minimum in this grid"
    caption = f"""The best noise found by descent (beyond the paper; {OURS}): Robbins-Monro on log noise, with central
        differences of the log variance of two networks on the same noise, from noise {number(starts[0])} and
        {number(starts[-1])} (leak {number(leak)}, delay {number(delay)}); one path a seed, one step every {window:g}
        time constants. Line and band: {near}. b: mean of log noise over the second half of the windows, the minima of
        the grid, and those of our two theories (diamonds); {BARS.format(seeds=seeds_of(data, "descent"))}."""
    return page.save(canvas, "descent", rows, caption)
