"""Spike rasters: a tick for each spike, with runs of one neuron firing again and again in colour."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int, Num, Shaped
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator

from .house import MEANING, Real, style

MANY = 20_000  # spikes: beyond, the ticks are stored as a picture inside the PDF


def raster(
    ax: Axes,
    times: Num[Any, " spike"] | Sequence,
    neurons: Num[Any, " spike"] | Sequence,
    *,
    size: int,
    runs: int = 0,
    height: Real | None = None,
    unit: str = "",
    label: str | None = None,
) -> None:
    """Ticks at `times` `[spike]` in the rows `neurons` `[spike]` (0 to size - 1).

    runs:   consecutive spikes (of the whole population) by one neuron are drawn in colour, joined by a bar, when they
            are at least this many; 0 for none
    height: of a tick, in rows; default 0.8, more where there are many rows
    unit:   of time, for the axis label
    """
    when, who = np.asarray(times, float), np.asarray(neurons, int)
    if when.shape != who.shape or when.ndim != 1:
        raise ValueError(f"times {when.shape} and neurons {who.shape}: must be [spike] both; see spike_times")
    if np.any((who < 0) | (who >= size)):
        raise ValueError(f"neurons lie in [{who.min()}, {who.max()}]: must be in [0, {size - 1}]; pass size=...")
    height = max(0.8, size / 20) if height is None else height
    order = np.lexsort((who, when))
    when, who = when[order], who[order]
    lengths = run_lengths(who)
    marked = lengths >= runs if runs else np.zeros(len(when), bool)
    with style():
        if runs:
            starts = np.flatnonzero(np.diff(who, prepend=-1) != 0)
            starts = starts[marked[starts]]
            ends = starts + lengths[starts] - 1
            bars = [[(when[a], who[a]), (when[b], who[b])] for a, b in zip(starts, ends, strict=True)]
            ax.add_collection(LineCollection(bars, colors=MEANING["optimum"], alpha=0.3, linewidths=1.4, zorder=1))
        for which, colour, layer in ((~marked, MEANING["ink"], 2), (marked, MEANING["optimum"], 3)):
            ticks = [[(t, n - height / 2), (t, n + height / 2)] for t, n in zip(when[which], who[which], strict=True)]
            name = None if colour == MEANING["ink"] else f"{runs} or more in a row"
            collection = LineCollection(
                ticks, colors=colour, linewidths=0.9, zorder=layer, label=name if label is None else label
            )
            collection.set_rasterized(len(when) > MANY)
            collection.set_capstyle("butt")
            ax.add_collection(collection)
        ax.set_ylim(-0.35 - height / 2, size - 0.65 + height / 2)
        if len(when):
            pad = 0.01 * (when[-1] - when[0]) or 0.5
            ax.set_xlim(when[0] - pad, when[-1] + pad)
        ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        ax.set_xlabel(f"time ({unit})" if unit else "time")
        ax.set_ylabel("neuron")


def run_lengths(neurons: Num[Any, " spike"] | Sequence) -> Int[np.ndarray, " spike"]:
    """For each spike of a sequence in time, how many consecutive spikes its run of the same neuron has."""
    who = np.asarray(neurons, int)
    run = np.cumsum(np.diff(who, prepend=-1) != 0) - 1
    return np.bincount(run)[run] if len(who) else np.zeros(0, int)


def spike_times(
    spikes: Shaped[Any, "time neuron"], *, dt: Real, start: Real = 0.0
) -> tuple[Num[np.ndarray, " spike"], Int[np.ndarray, " spike"]]:
    """Times and neurons of a dense record `[time, neuron]`, in order of time; a count of k gives k spikes."""
    counts = np.rint(np.asarray(spikes, float)).astype(int)
    steps, neurons = np.nonzero(counts)
    repeats = counts[steps, neurons]
    return start + dt * np.repeat(steps, repeats), np.repeat(neurons, repeats)
