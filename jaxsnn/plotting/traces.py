"""Traces: a readout and its target over time, with the band that the readout should stay in."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Num
from matplotlib.axes import Axes

from .house import MEANING, SERIES, Real, style

Signal = Num[Any, " time"] | Num[Any, "time signal"] | Sequence


def traces(
    ax: Axes,
    time: Num[Any, " time"] | Sequence,
    readout: Signal,
    target: Signal | Real | None = None,
    *,
    band: Real | tuple[Any, Any] | None = None,
    labels: Sequence[str] = (),
    unit: str = "",
    ylabel: str = "readout",
) -> None:
    """Readouts `[time]` or `[time, signal]`, each in a colour of its own, over their targets (one number for constant).

    band:   half its width around the target (one standard deviation, say so in the caption), or its (low, high)
    labels: one for each signal
    unit:   of time
    """
    when, read = np.asarray(time, float), np.asarray(readout, float)
    read = read[:, None] if read.ndim == 1 else read
    signals = read.shape[1]
    if len(when) != len(read):
        raise ValueError(f"readout has {len(read)} steps, time {len(when)}: must be equal; put time on the first axis")
    if labels and len(labels) != signals:
        raise ValueError(f"{len(labels)} labels for {signals} signals: must be as many; name every signal")
    aims = None if target is None else _like(target, read)
    low, high = _ends(band, aims, read)
    with style():
        for i in range(signals):
            colour = MEANING["simulation"] if signals == 1 else SERIES[i % len(SERIES)]
            if low is not None and high is not None:
                ax.fill_between(when, low[:, i], high[:, i], color=colour, alpha=0.16, linewidth=0, zorder=1)
                for end in (low, high):  # edges above the trace, which may be dense
                    ax.plot(when, end[:, i], color=colour, linewidth=0.5, alpha=0.7, zorder=2.5)
            name = labels[i] if labels else "readout" if signals == 1 else f"readout {i + 1}"
            ax.plot(when, read[:, i], color=colour, linewidth=0.8, label=name, zorder=2)
            if aims is not None:
                shown = "target" if i == 0 else None
                ax.plot(when, aims[:, i], color=MEANING["target"], linewidth=1.0, dashes=(4, 2), label=shown, zorder=3)
        handles = ax.get_legend_handles_labels()[0]
        handles.sort(key=lambda handle: handle.get_label() == "target")
        ax.set_xlim(when[0], when[-1])
        ax.set_xlabel(f"time ({unit})" if unit else "time")
        ax.set_ylabel(ylabel)
        if signals > 1 or aims is not None:
            place = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.2}
            ax.legend(handles=handles, ncols=len(handles), **place)


def _like(value: Any, readout: np.ndarray) -> np.ndarray:
    value = np.asarray(value, float)
    value = value[:, None] if value.ndim == 1 and len(value) == len(readout) else value
    try:
        return np.broadcast_to(value, readout.shape)
    except ValueError:
        raise ValueError(
            f"shape {value.shape} beside a readout of shape {readout.shape}: must be [time], [time, signal] or a "
            "number; put time on the first axis"
        ) from None


def _ends(band: Any, aims: np.ndarray | None, readout: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    if band is None:
        return None, None
    if isinstance(band, tuple):
        return _like(band[0], readout), _like(band[1], readout)
    if aims is None:
        raise ValueError(f"band = {band} is half a width around a target: has no centre; pass target or (low, high)")
    return aims - float(band), aims + float(band)
