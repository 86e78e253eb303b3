"""Distances of spike trains, averaged over pairs of trials.

    van Rossum     D^2 = (1/tau) int (f - g)^2 dt,     trains filtered by exp(-t/tau)          (van Rossum 2001)
    ISI distance   (1/T) int |x - y| / max(x, y) dt,   x, y = the interspike interval at t     (Kreuz et al. 2007)

For van Rossum's the mean over all pairs needs no pair: E|f - g|^2 = E|f|^2 + E|g|^2 - 2 <E f, E g>. Two trains of a
noisy cell have a distance too, so a model is judged beside `van_rossum_within` of the recording; a model with less
noise than the cell can be nearer to its trains than they are to each other.

Intervals are whole bins; the recording begins and ends as with a spike, so a silent train has one interval.
"""

from typing import Any

import numpy as np
from jaxtyping import Float

from ..core import check_positive, require
from .layout import alike, trials_of


def _filtered(trains: np.ndarray, tau: float, dt: float) -> np.ndarray:
    """The trace of every train; the spike itself counts in full, as in `fit.filtered`."""
    decay, trace, traces = np.exp(-dt / tau), np.zeros(trains.shape[:2]), np.empty_like(trains)
    for n in range(trains.shape[2]):
        trace = decay * trace + trains[..., n]
        traces[..., n] = trace
    return traces


def _check(tau: Any, dt: Any) -> None:
    check_positive("tau", tau)
    check_positive("dt", dt)


def _squares(traces: np.ndarray) -> np.ndarray:
    return (traces**2).sum(axis=-1).mean(axis=0)


def van_rossum_across(a: Any, b: Any, tau: float, dt: float) -> Float[np.ndarray, " cell"]:
    """Mean over all pairs of a trial of `a` with a trial of `b`; tau and dt in one time unit."""
    a, b = trials_of("a", a), trials_of("b", b)
    alike(a, b)
    _check(tau, dt)
    f, g = _filtered(a, tau, dt), _filtered(b, tau, dt)
    common = (f.mean(axis=0) * g.mean(axis=0)).sum(axis=-1)
    return (_squares(f) + _squares(g) - 2 * common) * dt / tau


def van_rossum_within(spikes: Any, tau: float, dt: float) -> Float[np.ndarray, " cell"]:
    """Mean over all pairs of different trials."""
    trains = trials_of("spikes", spikes, least=2)
    _check(tau, dt)
    f = _filtered(trains, tau, dt)
    repeats = trains.shape[0]
    return 2 * (_squares(f) - (f.mean(axis=0) ** 2).sum(axis=-1)) * repeats / (repeats - 1) * dt / tau


def _interval_at(trains: np.ndarray) -> np.ndarray:
    """Length in bins of the interval that each bin lies in; a spike begins the next one."""
    steps = trains.shape[-1]
    place = np.arange(steps)
    fired = trains > 0
    begun = np.maximum.accumulate(np.where(fired, place, 0), axis=-1)
    later = np.where(fired, place, steps)[..., ::-1]
    following = np.minimum.accumulate(later, axis=-1)[..., ::-1]  # at or after this bin
    ends = np.concatenate([following[..., 1:], np.full((*trains.shape[:-1], 1), steps)], axis=-1)
    return (ends - begun).astype(float)


def isi_distance(a: Any, b: Any) -> Float[np.ndarray, " cell"]:
    """Mean over trials of the distance of trial n of `a` and trial n of `b`: 0 for the same intervals, below 1."""
    a, b = trials_of("a", a), trials_of("b", b)
    alike(a, b)
    require(a.shape[0] == b.shape[0], "b.shape", b.shape, f"must have {a.shape[0]} trials as a has", "cut one of them")
    x, y = _interval_at(a), _interval_at(b)
    return (np.abs(x - y) / np.maximum(x, y)).mean(axis=(0, 2))
