"""How well a model's mean response follows the recorded one, with the noise of both taken out.

    Y_n = response to repeat n,   y = mean over N repeats
    signal power   SP(Y) = (N Var_t(y) - mean_n Var_t(Y_n)) / (N - 1)          (Sahani & Linden 2003)
    correlation    Cov_t(x, y) / sqrt(SP(X) SP(Y))                             (Hsu, Borst & Theunissen 2004)

SP is an unbiased estimate of the variance over time of the response that infinitely many repeats would show. So the
correlation does not depend on how many repeats there are: 1 for two recordings of the same cell, up to the error of the
estimate, which may carry it above 1. Deterministic models have SP = Var, with as few as two copies.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ..core import check_between, check_positive, require
from .layout import alike, trials_of


def smoothed(spikes: Any, width: float) -> Float[np.ndarray, "trial cell time"]:
    """Every train convolved with a Gaussian of unit area. width: its standard deviation in bins; beyond the ends there
    are no spikes."""
    trains = trials_of("spikes", spikes)
    check_positive("width", width, "pass the spikes themselves for no smoothing")
    reach = int(np.ceil(5 * width))
    lags = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (lags / width) ** 2)
    padded = np.pad(trains, ((0, 0), (0, 0), (reach, reach)))
    each = (k * padded[..., i : i + trains.shape[2]] for i, k in enumerate(kernel / kernel.sum()))
    return sum(each, start=np.zeros_like(trains))


def signal_power(spikes: Any) -> Float[np.ndarray, " cell"]:
    """Variance over time of the response that is common to all trials; an estimate, which may be negative."""
    trains = trials_of("spikes", spikes, least=2)
    repeats = trains.shape[0]
    total = repeats * trains.mean(axis=0).var(axis=-1) - trains.var(axis=-1).mean(axis=0)
    return total / (repeats - 1)


def signal_correlation(a: Any, b: Any, least: float = 0.01) -> Float[np.ndarray, " cell"]:
    """Correlation of the responses of two sets of trials, without their noise.

    NaN where one of them has no signal to speak of: less than the share `least` of the variance of a single trial,
    where the estimate of its power would be mostly error.
    """
    a, b = trials_of("a", a, least=2), trials_of("b", b, least=2)
    alike(a, b)
    require(a.shape[2] > 1, "a.shape", a.shape, "must have more than one bin", "record for longer")
    check_between("least", least, 0, 1, "pass a share of the variance")
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    away = lambda mean: mean - mean.mean(axis=-1, keepdims=True)
    covariance = (away(mean_a) * away(mean_b)).mean(axis=-1)
    power = signal_power(a), signal_power(b)
    there = has_signal(a, least) & has_signal(b, least)
    size = np.sqrt(np.where(there, power[0] * power[1], 1.0))
    return np.where(there, covariance / size, np.nan)


def has_signal(spikes: Any, least: float = 0.01) -> Bool[np.ndarray, " cell"]:
    """Whether the signal power is more than the share `least` of the variance of a single trial."""
    return signal_power(spikes) > least * trials_of("spikes", spikes).var(axis=-1).mean(axis=0)
