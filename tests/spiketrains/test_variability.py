"""Variability from trial to trial, on processes whose variability is known."""

import numpy as np
import pytest

from jaxsnn.spiketrains import (
    bits_per_spike,
    counts_in_windows,
    noise_correlation,
    smoothed,
    trial_fano,
    variance_by_mean,
)

WINDOW = 10


def bernoulli(rng, chance, trials=400):
    return (rng.random((trials, *chance.shape)) < chance).astype(float)


def test_bernoulli_bins_have_a_fano_factor_of_one_less_their_probability_whatever_the_stimulus_does():
    rng = np.random.default_rng(7)
    chance = np.stack([np.full(200, 0.3), np.where(np.arange(200) // 10 % 2, 0.5, 0.1)])
    expected = 1 - (chance**2).sum(axis=1) / chance.sum(axis=1)
    found = np.array([trial_fano(bernoulli(rng, chance), WINDOW) for _ in range(20)])
    assert np.all(np.abs(found.mean(axis=0) - expected) < 4 * found.std(axis=0) / np.sqrt(20))


def test_a_model_without_chance_has_fano_factor_zero_and_a_silent_cell_none():
    same = np.repeat((np.random.default_rng(8).random((1, 2, 60)) < 0.3).astype(float), 3, axis=0)
    same[:, 1] = 0
    found = trial_fano(same, WINDOW)
    assert found[0] == 0
    assert np.isnan(found[1])


def test_cells_that_do_not_deviate_have_no_correlation_whatever_rounding_leaves_of_them():
    one = np.random.default_rng(0).poisson(0.3, (1, 3, 60)).astype(float)
    same = np.repeat(smoothed(one, 1.3), 3, axis=0)
    assert np.isnan(noise_correlation(same, 7)).all()
    with pytest.raises(ValueError, match="spikes = .*nan.*: must be finite"):
        noise_correlation(np.where(same > 0.5, np.nan, same), 7)


def test_the_fano_factor_is_grouped_by_mean_count():
    rng = np.random.default_rng(9)
    chance = np.where(np.arange(400) // 10 % 2, 0.6, 0.05)[None]
    (low, high, none) = variance_by_mean(bernoulli(rng, chance), WINDOW, [0, 2, 8, 20])
    np.testing.assert_allclose(low, [0.5, 0.95], rtol=0.05)
    np.testing.assert_allclose(high, [6.0, 0.4], rtol=0.05)
    assert np.isnan(none).all()


def test_only_noise_that_is_shared_correlates():
    """Both cells follow one stimulus; a coin that both see in every window is added to half of the pairs."""
    rng = np.random.default_rng(10)
    chance = np.tile(np.where(np.arange(300) // 10 % 2, 0.5, 0.1), (3, 1))
    spikes = bernoulli(rng, chance)
    alone = noise_correlation(spikes, WINDOW)
    samples = 400 * 30
    assert np.all(np.abs(alone[~np.eye(3, dtype=bool)]) < 4 / np.sqrt(samples))
    coin = np.repeat(rng.random((400, 1, 30)) < 0.5, WINDOW, axis=2)
    spikes[:, :2] *= coin
    shared = noise_correlation(spikes, WINDOW)
    assert shared[0, 1] > 0.3
    assert abs(shared[0, 2]) < 4 / np.sqrt(samples)


def test_the_correlation_of_counts_that_share_a_known_part_is_that_part():
    rng = np.random.default_rng(11)
    common, own = rng.poisson(1.0, (500, 1, 40)), rng.poisson(3.0, (500, 2, 40))
    found = noise_correlation(common + own, 1)[0, 1]
    assert abs(found - 0.25) < 4 / np.sqrt(500 * 40)


def test_windows_that_are_not_full_are_left_out():
    assert counts_in_windows(np.ones((1, 1, 25)), 10).tolist() == [[[10, 10]]]
    with pytest.raises(ValueError, match="window = 30: must be at most the 25 bins"):
        counts_in_windows(np.ones((1, 1, 25)), 30)


def test_bits_per_spike_are_those_of_the_two_entropies():
    """A model that knows the probability of every bin gains the mutual information of stimulus and spikes."""
    rng = np.random.default_rng(12)
    chance = np.tile([0.1, 0.5], 100)[None]
    spikes = bernoulli(rng, chance)
    known = (spikes * np.log(chance) + (1 - spikes) * np.log1p(-chance)).sum(axis=(0, 2))
    entropy = lambda p: -p * np.log2(p) - (1 - p) * np.log2(1 - p)
    expected = (entropy(0.3) - (entropy(0.1) + entropy(0.5)) / 2) / 0.3
    np.testing.assert_allclose(bits_per_spike(known, spikes), expected, rtol=0.05)


def test_the_mean_rate_is_worth_nothing_and_a_wrong_one_less():
    spikes = np.zeros((2, 1, 50))
    spikes[..., :10] = 1
    mean = np.array([20 * np.log(0.2) + 80 * np.log(0.8)])
    assert bits_per_spike(mean, spikes)[0] == pytest.approx(0, abs=1e-12)
    assert bits_per_spike(mean, spikes, chance=[0.5])[0] > 0
    with pytest.raises(ValueError, match="must be 0 or 1"):
        bits_per_spike(mean, 2 * spikes)
