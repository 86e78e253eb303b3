"""Variability from trial to trial: of counts in windows that follow one another, about the mean of each window.

    Fano factor         sum over windows of Var_trials(n) / sum over windows of Mean_trials(n)
    noise correlation   Pearson's coefficient of the deviations of two cells, pooled over windows and trials

Variances are the unbiased ones. A deterministic model has Fano factor 0, a Poisson process 1, independent Bernoulli
bins of probability p have 1 - p. What the stimulus makes two cells do together is no noise correlation.
"""

from typing import Any

import numpy as np
from jaxtyping import Float

from ..core import check_size, require
from .layout import trials_of


def counts_in_windows(spikes: Any, window: int) -> Float[np.ndarray, "trial cell window"]:
    """window: length in bins; bins that do not fill one at the end are left out."""
    trains = trials_of("spikes", spikes)
    check_size("window", window)
    bins = trains.shape[2]
    require(window <= bins, "window", window, f"must be at most the {bins} bins there are", "pass a shorter one")
    whole = bins // window
    return trains[..., : whole * window].reshape(*trains.shape[:2], whole, window).sum(axis=-1)


def _counted(spikes: Any, window: int) -> np.ndarray:
    trials_of("spikes", spikes, least=2)
    return counts_in_windows(spikes, window)


def trial_fano(spikes: Any, window: int) -> Float[np.ndarray, " cell"]:
    """Fano factor of every cell; NaN for a silent one."""
    counts = _counted(spikes, window)
    variance, mean = counts.var(axis=0, ddof=1).sum(axis=-1), counts.mean(axis=(0)).sum(axis=-1)
    return np.where(mean > 0, variance / np.where(mean > 0, mean, 1.0), np.nan)


def variance_by_mean(spikes: Any, window: int, edges: Any) -> Float[np.ndarray, "group 2"]:
    """Mean count and Fano factor of the windows, of all cells, whose mean count lies between one edge and the next.

    edges: rising, one more than groups. A group without windows is NaN.
    """
    counts = _counted(spikes, window)
    edges = np.asarray(edges, float)
    rising = edges.ndim == 1 and edges.size > 1 and bool(np.all(np.diff(edges) > 0))
    require(rising, "edges", edges, "must be rising numbers, two or more", "pass the ends of the groups")
    mean, variance = counts.mean(axis=0).ravel(), counts.var(axis=0, ddof=1).ravel()
    rows = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = (mean >= low) & (mean < high) & (mean > 0)
        found = inside.any()
        rows.append((mean[inside].mean(), variance[inside].sum() / mean[inside].sum()) if found else (np.nan, np.nan))
    return np.array(rows)


def noise_correlation(spikes: Any, window: int) -> Float[np.ndarray, "cell cell"]:
    """Correlation of the deviations of every pair; NaN for a cell that does not deviate."""
    counts = _counted(spikes, window)
    away = counts - counts.mean(axis=0)
    flat = away.transpose(1, 0, 2).reshape(away.shape[1], -1)
    covariance = flat @ flat.T
    size = np.sqrt(np.diagonal(covariance))
    there = size > 1e-12 * np.sqrt((counts**2).sum(axis=(0, 2)))  # beyond what rounding leaves of equal counts
    scale = np.where(there, size, 1.0)
    return np.where(there[:, None] & there[None], covariance / (scale[:, None] * scale[None]), np.nan)
