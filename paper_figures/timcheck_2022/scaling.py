"""The claim of the abstract: error of the decoded signal against network size, and what the networks look like."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from experiments.timcheck_2022.analysis import over_sizes, tuned_sizes
from experiments.timcheck_2022.panels import FIXED_DELAY
from jaxsnn.claims import Figure, Resampled, exponent
from jaxsnn.plotting import MEANING, figure, letter, line, log_axis, points, raster, spike_times
from jaxsnn.reproduction.page import DASHED, Page, bars, mosaic, number, only, rows_of, seeds_of
from jaxsnn.theory import packet_variance, poisson_variance, synchronous_variance, tuned_coding_error

from .delay import Delayed
from .page import BARS, OURS

Data = Mapping[str, xr.Dataset]
SHOWN = 40.0  # mean intervals


class Series(NamedTuple):
    """One condition: error of the decoded signal against network size."""

    tag: str  # in the CSV
    label: str
    neurons: np.ndarray
    error: Resampled
    colour: str
    marker: str
    theory: Callable[[int], Any] | None = None
    dashed: bool = False


def sizes(page: Page, data: Data) -> Figure:
    """Error of the decoded signal against N under six conditions, with slopes."""
    canvas, ax = figure("double", aspect=0.45)
    rows = []
    for one in _series(data):
        if one.theory is not None:
            expected = np.array([float(one.theory(int(n))) for n in one.neurons])
            line(ax, one.neurons, expected, colour=one.colour, dashed=one.dashed)
            rows += rows_of(f"{one.tag}, theory", neurons=one.neurons, error=expected)
        value, half = bars(one.error)
        label = f"{one.label}: {_slope(one.neurons, one.error)}"
        joined = one.theory is None or one.dashed
        points(ax, one.neurons, value, half, colour=one.colour, marker=one.marker, label=label, joined=joined)
        rows += rows_of(one.tag, neurons=one.neurons, error=value, half_interval=half)
    log_axis(ax, "xy")
    ax.set(xlabel="number of neurons $N$", ylabel=r"error of $\hat{x}$ (units of $x$)")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title="log-log slope, N = 8 to 256", alignment="left")
    caption = f"""Error of the decoded signal against the number of neurons, leak 1 (counterpart of the abstract's
        claim; {OURS}): tightly balanced networks without delay (line: exact result for large rates, slope near -1) and
        independent Poisson neurons of the same total rate (line: slope -1/2); and at a fixed physical delay of
        {number(FIXED_DELAY)} readout time constants with hardly any noise (dashed line: all neurons fire at once),
        with a noise that is fixed in readout units or in interval units, and with the best of the noise levels tried
        (line: minimum of our sharper estimate). Thin lines lead the eye. Slopes are fitted to all sizes, with 95 %
        intervals; {BARS.format(seeds=seeds_of(data, "sizes"))}."""
    return page.save(canvas, "abstract_scaling", rows, caption)


def _series(data: Data) -> list[Series]:
    levels, isi = np.sort(data["sizes_delayed"]["noise"].values), data["sizes_isi"]
    quiet, middle = float(levels[0]), float(levels[len(levels) // 2])
    noise, share = only(data["sizes"], "noise"), float(isi["noise"].values[0] / np.sqrt(isi["neurons"].values[0]))
    at_once = lambda n: np.sqrt(float(synchronous_variance(float(n), n))) / n
    exact = lambda n: np.sqrt(float(packet_variance(noise, 1.0, n))) / n
    held = {level: over_sizes(data["sizes_delayed"], noise=level) for level in (quiet, middle)}
    return [
        Series("poisson", "Poisson neurons", *over_sizes(data["poisson"]), MEANING["baseline"], "v",
               lambda n: np.sqrt(float(poisson_variance(float(n)))) / n),
        Series(f"delay, noise {quiet:g}", rf"delay, hardly any noise ($\sigma$ = {number(quiet)})", *held[quiet],
               "#D55E00", "X", at_once, True),
        Series(f"delay, noise {middle:g}", rf"delay, $\sigma$ = {number(middle)}", *held[middle], "#E69F00", "^"),
        Series(f"delay, noise {share:g} sqrt(N)", rf"delay, $\sigma$ = {number(share)}$\,\sqrt{{N}}$",
               *over_sizes(isi), "#CC79A7", "D"),
        Series("delay, best noise", r"delay, best $\sigma$", *tuned_sizes(data["sizes_tuned"]), "#009E73", "s",
               lambda n: tuned_coding_error(1.0, FIXED_DELAY, n)),
        Series("no delay", rf"no delay, $\sigma$ = {number(noise)}", *over_sizes(data["sizes"]),
               MEANING["simulation"], "o", exact),
    ]  # fmt: skip


def _slope(at: np.ndarray, quantity: Resampled) -> str:
    found = exponent(at, quantity, between=(8, 256))
    low, high = found.interval()
    return f"{found.value:.2f} ± {(high - low) / 2:.2f}".replace("-", "−")


def pictures(page: Page, still: tuple[float, float, np.ndarray, np.ndarray], runs: Delayed) -> Figure:
    """Raster and readout: no delay; delay with too little, the best, too much noise.

    still: (noise, dt, spikes [time, neuron], readout [time]) of the network without delay.
    """
    noise, dt, spikes, readout = still
    columns = [("no delay", 0.0, noise, dt, spikes, readout)]
    for i, what in enumerate(("too little noise", "best noise", "too much noise")):
        columns.append((what, runs.delay, runs.noise[i], runs.dt, runs.spikes[i], runs.readout[i]))
    names = [[f"raster{i}" for i in range(4)], [f"readout{i}" for i in range(4)]]
    canvas, axes = mosaic("double", names, 0.52, height_ratios=[1.25, 1.0], sharex=True)
    rows = []
    reach = 1.08 * max(float(np.abs(y[: round(SHOWN / step)] - y.mean()).max()) for _, _, _, step, _, y in columns)
    for i, (what, delay, sigma, step, fired, y) in enumerate(columns):
        upper, lower = axes[names[0][i]], axes[names[1][i]]
        size, last = fired.shape[1], round(SHOWN / step)
        times, who = spike_times(fired[:last], dt=step)
        raster(upper, times, who, size=size, height=2.4)
        time, moved = step * np.arange(last), y[:last] - y.mean()
        lower.plot(time, moved, color=MEANING["simulation"], linewidth=0.8)
        lower.axhline(0, color=MEANING["target"], linewidth=0.8, linestyle=DASHED)
        spread = float(y.std())
        lower.axhspan(-spread, spread, color=MEANING["simulation"], alpha=0.14, linewidth=0)
        upper.set_title((rf"$\delta$ = {number(delay)}" if delay else "no delay") + rf", $\sigma$ = {number(sigma)}")
        upper.set(xlabel="", xlim=(0, SHOWN))
        upper.tick_params(labelbottom=False)
        lower.set(xlabel="time (mean intervals)", ylim=(-1.4 * reach, reach))
        lower.annotate(
            f"{what}: s.d. {number(spread)}",
            (0.97, 0.03),
            xycoords="axes fraction",
            ha="right",
            va="bottom",
            fontsize=7,
        )
        if i:
            upper.set_ylabel("")
            lower.set_ylabel("")
            upper.tick_params(labelleft=False)
            lower.tick_params(labelleft=False)
        rows += rows_of("spikes", delay=delay, noise=sigma, time=times, neuron=who)
        rows += rows_of("deviation", delay=delay, noise=sigma, readout=spread)
        rows += rows_of("readout", delay=delay, noise=sigma, time=time, readout=moved)
    axes["readout0"].set_ylabel(r"$y$ − mean (units of $1/N$)")
    letter([axes[n] for n in names[0]])
    caption = f"""Spikes and readout of {columns[0][4].shape[1]} neurons, leak {number(runs.leak)} (counterpart of the
        abstract's claim; {OURS}), without delay and at delay {number(runs.delay)}. With too little noise the neurons
        fire together before the inhibition arrives, with the best noise they take turns again, with too much the
        readout follows the noise. Lower row: readout less its mean, on one scale; band: one standard deviation of the
        whole stretch. One network each, of the same seed; no error bars."""
    return page.save(canvas, "abstract_rasters", rows, caption)
