"""Poisson spikes."""

import jax
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.noise import PoissonSource


def test_counts_have_mean_and_variance_of_a_poisson_process(getkey):
    _, spikes = simulate(PoissonSource(2.0, size=400), dt=0.01, key=getkey(), steps=500)
    counts = np.asarray(spikes).sum(axis=0)  # 5 time units: mean 10, variance 10 (1 - rate dt)
    assert abs(counts.mean() - 10) < 4 * np.sqrt(9.8 / 400)
    assert abs(counts.var(ddof=1) - 9.8) < 4 * 9.8 * np.sqrt(2 / 399)
    neighbours = np.corrcoef(np.asarray(spikes).sum(axis=1)[:-1], np.asarray(spikes).sum(axis=1)[1:])[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(499)


def test_a_rate_that_one_spike_a_step_cannot_carry_is_refused():
    with pytest.raises(ValueError, match=r"PoissonSource.rate = 50.*must lie in.*shorter steps"):
        simulate(PoissonSource(50.0, size=2), dt=0.01, key=jax.random.key(0), steps=5)
