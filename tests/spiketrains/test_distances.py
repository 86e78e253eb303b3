"""Distances of trains against their definitions, pair by pair."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.fit import van_rossum
from jaxsnn.spiketrains import isi_distance, van_rossum_across, van_rossum_within


@pytest.fixture
def trains():
    return (np.random.default_rng(5).random((2, 4, 3, 60)) < 0.15).astype(float)


def by_pairs(pairs):
    """Mean of the training loss over pairs of one cell's trains, which are neurons to it."""
    f, g = (jnp.asarray(np.array(trains).T) for trains in zip(*pairs, strict=True))
    return float(van_rossum(f, g, 5.0, 2.0))


def test_the_mean_over_all_pairs_is_that_of_the_distances(trains):
    a, b = trains
    for cell in range(3):
        pairs = itertools.product(a[:, cell], b[:, cell])
        np.testing.assert_allclose(van_rossum_across(a, b, 5.0, 2.0)[cell], by_pairs(pairs), rtol=1e-5)
        pairs = itertools.combinations(a[:, cell], 2)
        np.testing.assert_allclose(van_rossum_within(a, 5.0, 2.0)[cell], by_pairs(pairs), rtol=1e-5)


def test_one_extra_spike_is_half_a_unit_away():
    a, b = np.zeros((2, 1, 1, 9000))
    a[..., 100] = 1
    # the sum over bins exceeds the integral by half a bin
    np.testing.assert_allclose(van_rossum_across(a, b, 10.0, 0.01), 0.5 + 0.01 / 20, rtol=1e-4)


def test_two_trains_of_a_cell_are_as_far_apart_within_as_across():
    rng = np.random.default_rng(6)
    a, b = (rng.random((2, 200, 1, 100)) < 0.2).astype(float)
    np.testing.assert_allclose(van_rossum_within(a, 3.0, 1.0), van_rossum_across(a, b, 3.0, 1.0), rtol=0.05)


def interval_by_hand(train, at):
    """The interval around bin `at`; the recording begins and ends as with a spike."""
    edges = np.unique(np.concatenate([[0], np.flatnonzero(train), [train.size]]))
    after = np.searchsorted(edges, at, side="right")
    return edges[after] - edges[after - 1]


def test_the_isi_distance_is_that_of_intervals_looked_up_one_by_one(trains):
    a, b = trains
    found = isi_distance(a, b)
    for cell in range(3):
        each = []
        for trial, at in itertools.product(range(4), range(60)):
            x, y = interval_by_hand(a[trial, cell], at), interval_by_hand(b[trial, cell], at)
            each.append(abs(x - y) / max(x, y))
        np.testing.assert_allclose(found[cell], np.mean(each))


def test_clocks_of_three_and_four_bins_differ_by_a_quarter():
    a, b = np.zeros((2, 1, 1, 120))
    a[..., ::3], b[..., ::4] = 1, 1
    np.testing.assert_allclose(isi_distance(a, b), 0.25)
    assert isi_distance(a, a) == 0


def test_trials_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="b.shape = .*must have 2 trials"):
        isi_distance(np.zeros((2, 1, 5)), np.zeros((3, 1, 5)))
    with pytest.raises(ValueError, match="tau = 0"):
        van_rossum_within(np.zeros((2, 1, 5)), 0.0, 1.0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_van_rossums_distance_is_half_of_elephants_square():
    """Elephant leaves out the half; the sum over bins is larger than the integral by a known factor."""
    dissimilarity = pytest.importorskip("elephant.spike_train_dissimilarity")
    neo = pytest.importorskip("neo")
    quantities = pytest.importorskip("quantities")
    dt, tau, steps = 0.02, 5.0, 6000
    spikes = (np.random.default_rng(0).random((3, 1, steps)) < 0.002).astype(float)
    spikes[..., 4500:] = 0  # the integral to infinity
    trains = [neo.SpikeTrain(np.flatnonzero(one[0]) * dt, units="ms", t_stop=steps * dt) for one in spikes]
    found = dissimilarity.van_rossum_distance(trains, time_constant=tau * quantities.ms) ** 2 / 2
    sum_over_integral = 2 * dt / tau / (1 - np.exp(-2 * dt / tau))
    for i, j in itertools.combinations(range(3), 2):
        ours = van_rossum_across(spikes[i : i + 1], spikes[j : j + 1], tau, dt)
        np.testing.assert_allclose(ours, sum_over_integral * found[i, j], rtol=1e-4)
