"""Correlation of binned counts against numpy."""

import numpy as np
import pytest

from jaxsnn.readouts import Correlation

from .replay import WINDOWS, close, metered, shown


def binned(spikes, first, last, bin_steps):
    bins = (min(last, len(spikes)) - first) // bin_steps
    return spikes[first : first + bins * bin_steps].astype(float).reshape(bins, bin_steps, -1).sum(1)


@pytest.mark.parametrize(("bin_steps", "block"), [(1, 20), (10, 1), (10, 7), (37, 20), (37, 180)])
def test_correlation_is_that_of_the_binned_record(block, bin_steps):
    record = shown()
    for first, last in [*WINDOWS, (21, 10_000)]:
        meter = Correlation("output.spikes", bin_steps, neurons=5, first=first, last=last)
        state = metered(meter, record, block=block)
        counts = binned(record.spikes, first, last, bin_steps)
        assert state.bins == len(counts)
        close(state.covariance, np.cov(counts.T, ddof=0), rtol=1e-4)
        with np.errstate(invalid="ignore"):
            expected = np.corrcoef(counts.T)
        close(state.correlation, expected, rtol=1e-3, atol=1e-5)
        assert np.all(np.isnan(state.correlation[0]))  # a silent neuron
        off = expected[~np.eye(5, dtype=bool)]
        close(state.mean_correlation, np.nanmean(off), rtol=1e-3, atol=1e-5)
        close(state.chi_squared, counts.mean(1).var() / counts.var(0).mean(), rtol=1e-4)


def test_independent_trains_are_uncorrelated_and_shared_spikes_correlate_by_their_share():
    rng = np.random.default_rng(3)
    common, own = rng.random((50_000, 1)) < 0.01, rng.random((50_000, 4)) < 0.01
    apart = metered(Correlation("output", 10, neurons=4), own.astype(np.float32), block=1000)
    shared = metered(Correlation("output", 10, neurons=4), (common | own).astype(np.float32), block=1000)
    error = 1 / np.sqrt(5000 * 6)  # of the mean of 6 coefficients over 5000 bins
    assert abs(float(apart.mean_correlation)) < 4 * error
    # variance per step p + q - ..., covariance p(1 - p)(1 - q)^2 with p = q = 0.01
    union = 1 - 0.99**2
    expected = 0.01 * 0.99 * 0.99**2 / (union * (1 - union))
    assert float(shared.mean_correlation) == pytest.approx(expected, abs=4 * 3 * error)  # pairs share their spikes
    assert float(apart.chi_squared) == pytest.approx(1 / 4, abs=0.02)


def test_large_counts_lose_no_digits():
    rng = np.random.default_rng(8)
    counts = 10_000 + rng.integers(-3, 4, (300, 1)) + rng.integers(-3, 4, (300, 3))
    state = metered(Correlation("output", 1, neurons=3), counts.astype(np.float32), block=30)
    close(state.covariance, np.cov(counts.T, ddof=0), rtol=1e-4)


def test_no_whole_bin_gives_nan():
    state = metered(Correlation("output.spikes", 37, neurons=5, first=150), shown(), block=180)
    assert state.bins == 0
    assert np.all(np.isnan(state.covariance))
    assert np.isnan(state.mean_correlation)
