"""What a delayed synapse costs against the longest delay: time and memory of a gradient."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from jaxsnn.claims import Figure
from jaxsnn.plotting import MARKERS, SERIES, figure, letter, log_axis
from jaxsnn.reproduction.page import Page, bars, key, mean, rows_of

WORDS = {
    "convolution": "kernel, sum over lags",
    "frequency": "kernel, by frequency",
    "gather": "two taps, gathered",
    "ring": "two taps, step by step",
}


def of_delay(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    canvas, axes = figure("double", columns=2, aspect=0.62)
    found, table = data["cost"], []
    delay = found["max_delay"].values
    entries = []
    for n, (form, label) in enumerate(WORDS.items()):
        one = found.sel(form=form)
        seconds, half = bars(mean(one["seconds"].transpose("max_delay", "seed")))
        memory = one["bytes"].transpose("max_delay", "seed").values[:, 0] / 2**20
        look = {"color": SERIES[n], "marker": MARKERS[n], "markersize": 4, "linewidth": 0.9}
        axes[0].errorbar(delay, 1e3 * seconds, 1e3 * np.nan_to_num(half), elinewidth=0.9, **look)
        axes[1].plot(delay, memory, **look)
        table += rows_of(form, max_delay=delay, seconds=seconds, half_interval=half, mebibytes=memory)
        entries.append(key(label, colour=SERIES[n], marker=MARKERS[n]))
    for ax in axes:
        log_axis(ax, "xy")
        ax.set_xlabel("longest delay (steps)")
    axes[0].set_ylabel("time of a gradient (ms)")
    axes[1].set_ylabel("memory (MiB)")
    canvas.legend(handles=entries, loc="outside upper center", ncols=4)
    letter(axes)
    caption = f"""The gradient of a delayed dense layer by weights and delays, for a batch: processor time, the least of
        several runs, mean of {found.sizes["seed"]} measurements (bars: 95 %), and memory of the compiled program for
        what lies between, both measured on the machine of this run. The first two forms compute the same numbers."""
    return page.save(canvas, "cost", table, caption)
