"""Errors of estimates whose independent samples are the seeds: what sweeps and claims compute alike.

    delete-one jackknife   se^2 = (S - 1)/S sum_s (f_s - mean f)^2          f_s without seed s
    Student's t            value +- quantile(1/2 + confidence/2, S - 1) se

Everything is float64; numpy only, and scipy (which jax brings) when a quantile or a tail is asked for.
"""

from collections.abc import Iterator

import numpy as np


def leave_one_out(seeds: int) -> Iterator[np.ndarray]:
    """For each seed in turn, the mask [seed] of all the others."""
    for left_out in range(seeds):
        yield np.arange(seeds) != left_out


def jackknife_error(left_out: np.ndarray) -> np.ndarray:
    """Standard error of a quantity from its values [..., seed] with one seed left out; not a number for one seed."""
    seeds = left_out.shape[-1]
    if seeds < 2:
        return np.full(left_out.shape[:-1], np.nan)
    with np.errstate(invalid="ignore"):  # infinities: the error is not a number, as it should be
        spread = left_out - left_out.mean(axis=-1, keepdims=True)
        return np.asarray(np.sqrt((seeds - 1) / seeds * np.sum(spread**2, axis=-1)))


def student_quantile(probability: float, dof: float) -> float:
    """The t value below which `probability` lies; not a number for no degrees of freedom."""
    from scipy.special import stdtrit  # importing it takes a while

    return float(stdtrit(dof, probability)) if dof > 0 else float("nan")


def student_tails(distance: float, dof: float) -> float:
    """The probability that |t| exceeds |distance|; 1 where nothing is known (no degrees of freedom, not a number)."""
    from scipy.special import stdtr

    if not dof > 0 or np.isnan(distance):
        return 1.0
    return float(2.0 * stdtr(dof, -abs(distance)))
