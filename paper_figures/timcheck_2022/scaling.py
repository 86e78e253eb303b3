"""The claim of the abstract: error of the decoded signal against network size, and what the networks look like."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.timcheck_2022.analysis import over_sizes, tuned_sizes
from experiments.timcheck_2022.panels import FIXED_DELAY
from jaxsnn.claims import Figure, Resampled, exponent
from jaxsnn.plotting import MEANING, figure, letter, line, log_axis, points, raster, spike_times
from jaxsnn.theory import packet_variance, poisson_variance, synchronous_variance, tuned_coding_error

from .delay import Delayed
from .page import BARS, DASHED, OURS, Page, bars, mosaic, number, only, root, rows_of, seeds_of

Data = Mapping[str, xr.Dataset]
SHOWN = 40.0  # mean intervals


def sizes(page: Page, data: Data) -> Figure:
    """Error of the decoded signal against N under six conditions, with slopes."""
    held = data["sizes_delayed"]["noise"].values
    quiet, middle = float(held.min()), float(np.sort(held)[len(held) // 2])
    isi = data["sizes_isi"]
    per_interval = float(isi["noise"].values[0] / np.sqrt(isi["neurons"].values[0]))
    series = [
        ("Poisson neurons", *over_sizes(data["poisson"]), MEANING["baseline"], "v"),
        (rf"delay, hardly any noise ($\sigma$ = {number(quiet)})",
         *over_sizes(data["sizes_delayed"], noise=quiet), "#D55E00", "X"),
        (rf"delay, $\sigma$ = {number(middle)}", *over_sizes(data["sizes_delayed"], noise=middle), "#E69F00", "^"),
        (rf"delay, $\sigma$ = {number(per_interval)}$\,\sqrt{{N}}$", *over_sizes(isi), "#CC79A7", "D"),
        (r"delay, best $\sigma$", *tuned_sizes(data["sizes_tuned"]), "#009E73", "s"),
        ("no delay", *over_sizes(data["sizes"]), MEANING["simulation"], "o"),
    ]  # fmt: skip
    canvas, ax = figure("middle", aspect=0.62)
    rows = []
    neurons = series[-1][1]
    theory = _theory(neurons, only(data["sizes"], "noise"))
    for name, (values, colour, dashed) in theory.items():
        line(ax, neurons, values, colour=colour, dashed=dashed)
        rows += rows_of(f"theory, {name}", neurons=neurons, error=values)
    for name, at, quantity, colour, marker in series:
        value, half = bars(quantity)
        with_theory = marker in "vso"
        points(
            ax,
            at,
            value,
            half,
            colour=colour,
            marker=marker,
            label=f"{name}: {_slope(at, quantity)}",
            joined=not with_theory,
        )
        rows += rows_of(name.replace("$", "").replace("\\", ""), neurons=at, error=value, half_interval=half)
    log_axis(ax, "xy")
    ax.set(xlabel="number of neurons $N$", ylabel=r"error of $\hat{x}$ (units of $x$)")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title="log-log slope, all sizes", alignment="left")
    caption = f"""Error of the decoded signal against the number of neurons, leak 1 (counterpart of the abstract's claim;
        {OURS}). Without delay the tightly balanced network falls as about 1/N (line: exact result), independent
        Poisson neurons as 1/sqrt(N) (line). At a fixed physical delay of {number(FIXED_DELAY)} readout time
        constants: with hardly any noise (dashed line: all neurons at once), with a fixed noise in readout units and
        in interval units, and with the best of the noise levels tried (line: minimum of our sharper estimate).
        Slopes are fitted to all sizes, with 95 % intervals; {BARS.format(seeds=seeds_of(data, "sizes"))}."""
    return page.save(canvas, "abstract_scaling", rows, caption)


def _theory(neurons: np.ndarray, noise: float) -> dict[str, tuple[np.ndarray, str, bool]]:
    sizes = [int(n) for n in neurons]
    return {
        "Poisson": (root(poisson_variance, neurons) / neurons, MEANING["baseline"], False),
        "all at once": (
            np.array([float(root(synchronous_variance, float(n), n)) / n for n in sizes]), "#D55E00", True
        ),
        "no delay": (
            np.array([float(root(packet_variance, noise, 1.0, n)) / n for n in sizes]), MEANING["simulation"], False
        ),
        "best noise": (
            np.array([float(tuned_coding_error(1.0, FIXED_DELAY, n)) for n in sizes]), "#009E73", False
        ),
    }  # fmt: skip


def _slope(at: np.ndarray, quantity: Resampled) -> str:
    found = exponent(at, quantity)
    low, high = found.interval()
    return f"{found.value:.2f} ± {(high - low) / 2:.2f}".replace("-", "−")


def pictures(page: Page, still: tuple[float, float, np.ndarray, np.ndarray], runs: Delayed) -> Figure:
    """Raster and readout: no delay; delay with too little, the best, too much noise.

    still: (noise, dt, spikes [time, neuron], readout [time]) of the network without delay.
    """
    noise, dt, spikes, readout = still
    columns = [("no delay", noise, dt, spikes, readout)]
    for i, name in enumerate(("too little noise", "best noise", "too much noise")):
        columns.append((f"delay, {name}", runs.noise[i], runs.dt, runs.spikes[i], runs.readout[i]))
    names = [[f"raster{i}" for i in range(4)], [f"readout{i}" for i in range(4)]]
    canvas, axes = mosaic("double", names, 0.52, height_ratios=[1.25, 1.0], sharex=True)
    rows = []
    reach = 1.08 * max(float(np.abs(y[: round(SHOWN / step)] - y.mean()).max()) for _, _, step, _, y in columns)
    for i, (name, sigma, step, fired, y) in enumerate(columns):
        upper, lower = axes[names[0][i]], axes[names[1][i]]
        size, last = fired.shape[1], round(SHOWN / step)
        times, who = spike_times(fired[:last], dt=step)
        raster(upper, times, who, size=size, height=1.6)
        time, moved = step * np.arange(last), y[:last] - y.mean()
        lower.plot(time, moved, color=MEANING["simulation"], linewidth=0.8)
        lower.axhline(0, color=MEANING["target"], linewidth=0.8, linestyle=DASHED)
        spread = float(y.std())
        lower.axhspan(-spread, spread, color=MEANING["simulation"], alpha=0.14, linewidth=0)
        upper.set_title(f"{name}\n" + rf"$\sigma$ = {number(sigma)}")
        upper.set(xlabel="", xlim=(0, SHOWN))
        upper.tick_params(labelbottom=False)
        lower.set(xlabel="time (mean intervals)", ylim=(-reach, reach))
        lower.annotate(
            f"s.d. {number(spread)}", (0.97, 0.96), xycoords="axes fraction", ha="right", va="top", fontsize=7
        )
        if i:
            upper.set_ylabel("")
            lower.set_ylabel("")
            upper.tick_params(labelleft=False)
            lower.tick_params(labelleft=False)
        rows += rows_of(f"{name}, spikes", noise=sigma, time=times, neuron=who)
        rows += rows_of(f"{name}, readout", noise=sigma, time=time, readout=moved)
    axes["readout0"].set_ylabel(r"$y$ − mean (units of $1/N$)")
    letter([axes[n] for n in names[0]])
    caption = f"""Spikes and readout of {columns[0][3].shape[1]} neurons, leak {number(runs.leak)} (counterpart of the
        abstract's claim; {OURS}), without delay and at delay {number(runs.delay)}. With too little noise the
        neurons fire together before the inhibition arrives, with the best noise they take turns again, with too
        much the readout follows the noise. Lower row: readout less its mean, on one scale; band: one standard
        deviation of the whole stretch. One network each, all on the same noise sequence; no error bars."""
    return page.save(canvas, "abstract_rasters", rows, caption)
