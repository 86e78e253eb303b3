"""Noise, thresholds and weights together, against the best noise alone."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.noise_descent.analysis import against_alone
from jaxsnn.claims import Figure, resampled
from jaxsnn.plotting import MEANING, SERIES, letter, log_axis
from jaxsnn.reproduction.page import Page, bars, key, legend_above, mosaic, number, rows_of, seeds_of

from .page import NOISE

SHOWN = {
    "joint": "joint",
    "no_thresholds": "joint, thresholds alike",
    "no_weights": "joint, weights alike",
    "alone_less": r"noise alone, $\sigma\,e^{-0.1}$",
    "alone_more": r"noise alone, $\sigma\,e^{0.1}$",
}


def joint(page: Page, data: Mapping[str, xr.Dataset], neurons: int) -> Figure:
    table = data["joint"].squeeze(["leak", "delay", "noise"])
    (start,) = (d for d in table["noise_joint"].dims if d != "seed")
    canvas, axes = mosaic("double", [["noise", "spreads", "error"]], 0.4, width_ratios=[1, 1, 1.25])
    rows: list[dict] = []
    for i in range(table.sizes[start]):
        one = table.isel({start: i})
        path = one["path"].transpose("seed", ...).values
        x, colour = np.arange(1, path.shape[1] + 1), SERIES[i]
        for seed in path:
            axes["noise"].plot(x, seed[:, 1], color=colour, linewidth=0.4, alpha=0.5)
            axes["noise"].plot(x, seed[:, 0], color=MEANING["baseline"], linewidth=0.4, alpha=0.5)
        mean = path.mean(axis=0)
        axes["noise"].plot(x, mean[:, 0], color=MEANING["baseline"])
        axes["noise"].plot(x, mean[:, 1], color=colour)
        for column, dash in ((2, "-"), (3, (0, (4, 2)))):
            axes["spreads"].plot(x, path[:, :, column].T, color=colour, linewidth=0.4, alpha=0.4, linestyle=dash)
            axes["spreads"].plot(x, mean[:, column], color=colour, linestyle=dash)
        columns = dict(zip(("alone", "noise", "thresholds", "weights"), mean.T, strict=True))
        rows += rows_of("path", start=i, window=x, **columns)
        for row, name in enumerate(SHOWN):
            ratio = against_alone(one, name).values.astype(float)
            active = float(one[f"active_{name}"].mean())
            raw = float(against_alone(one, name, equal=False).mean())
            value, half = bars(resampled(ratio))
            y = -row - 0.12 * (2 * i - (table.sizes[start] - 1))
            axes["error"].plot(ratio, np.full(len(ratio), y), "|", color=colour, markersize=3, alpha=0.5)
            axes["error"].errorbar(float(value), y, xerr=float(half), color=colour, marker="o", markeredgecolor="white",
                                   markeredgewidth=0.4, elinewidth=0.9, zorder=3)  # fmt: skip
            rows += rows_of("error over that of noise alone", start=i, network=name, ratio=ratio, mean=float(value),
                            half_interval=float(half), at_its_own_rate=raw, active=active)  # fmt: skip
    log_axis(axes["noise"], "y")
    axes["noise"].set(xlabel="window", ylabel=NOISE)
    axes["spreads"].axhline(0, color=MEANING["ink"], linewidth=0.6, zorder=1)
    axes["spreads"].set(xlabel="window", ylabel="spread of thresholds ($w^2$), of weights ($w$)")
    log_axis(axes["error"], "x")
    _tell_active(axes["error"], table, start)
    axes["error"].axvline(1, color=MEANING["ink"], linewidth=0.7, zorder=1)
    axes["error"].set_yticks([-row for row in range(len(SHOWN))], list(SHOWN.values()))
    axes["error"].set(xlabel="error at equal spikes, relative", ylim=(-len(SHOWN) + 0.5, 0.5))
    begins = [
        key(f"from spreads {number(float(a))} and {number(float(b))}", colour=SERIES[i], dash="-")
        for i, (a, b) in enumerate(
            zip(np.atleast_1d(table["thresholds"]), np.atleast_1d(table["weights"]), strict=True)
        )
    ]
    handles = [*begins, key("noise alone", colour=MEANING["baseline"], dash="-"),
               key("thresholds", dash="-"), key("weights", dash=(0, (4, 2)))]  # fmt: skip
    legend_above(canvas, handles)
    letter(list(axes.values()))
    caption = f"""Joint descent on the noise and on the spreads of thresholds and decoding weights (means held), N =
        {neurons}, leak 1, delay 0.4; thin lines: single seeds. c: on noise that no descent has seen, the error times
        the rate of spikes, over that of the noise found alone, paired within every seed (ticks); the first row is
        the joint point, the next two leave one spread out of it, the last two move the noise alone to either side.
        Right: neurons that share the spikes, (sum of rates)^2 / sum of squares. Error bars: 95 % intervals over
        {seeds_of(data, "joint")} seeds."""
    return page.save(canvas, "joint", rows, caption)


def _tell_active(ax, table, start):
    """At the right end of every row, how many neurons share the spikes."""
    for row, name in enumerate(SHOWN):
        found = [float(one) for one in table[f"active_{name}"].mean("seed").values]
        ax.annotate(", ".join(f"{n:.0f}" for n in found), (1.02, -row), xycoords=("axes fraction", "data"), va="center")
    ax.annotate("active", (1.02, -0.6 + 1.05), xycoords=("axes fraction", "data"), va="bottom", fontstyle="italic")
