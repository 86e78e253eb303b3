"""The correlation of responses, with the noise taken out."""

import numpy as np
import pytest

from jaxsnn.spiketrains import has_signal, signal_correlation, signal_power, smoothed

BINS, CELLS = 4000, 3


def rates(rng):
    """Probabilities of a spike that move over time, another course for each cell."""
    wave = rng.standard_normal((CELLS, BINS))
    return 0.15 + 0.1 * np.tanh(wave)


def trials(rng, chance, count):
    return (rng.random((count, *chance.shape)) < chance).astype(float)


def test_the_signal_power_is_the_variance_of_the_rate_whatever_the_number_of_trials():
    rng = np.random.default_rng(1)
    chance = rates(rng)
    for count in (2, 20):
        found = np.array([signal_power(trials(rng, chance, count)) for _ in range(40)])
        error = found.std(axis=0) / np.sqrt(len(found))
        assert np.all(np.abs(found.mean(axis=0) - chance.var(axis=-1)) < 4 * error)


def test_two_recordings_of_one_cell_correlate_to_one_and_less_would_be_found_without_the_correction():
    rng = np.random.default_rng(2)
    chance = rates(rng)
    found = np.array([signal_correlation(trials(rng, chance, 4), trials(rng, chance, 6)) for _ in range(40)])
    error = found.std(axis=0) / np.sqrt(len(found))
    assert np.all(np.abs(found.mean(axis=0) - 1) < 4 * error)
    a, b = trials(rng, chance, 4).mean(axis=0), trials(rng, chance, 6).mean(axis=0)
    assert all(np.corrcoef(a[c], b[c])[0, 1] < 0.8 for c in range(CELLS))


def test_a_model_that_knows_half_of_the_signal_correlates_by_the_root_of_half():
    rng = np.random.default_rng(3)
    known, unknown = rng.standard_normal((2, 1, 40_000))
    noise = lambda count: 3 * rng.standard_normal((count, 1, 40_000))
    found = signal_correlation(known[None] + noise(5), (known + unknown)[None] + noise(5))
    np.testing.assert_allclose(found, np.sqrt(0.5), atol=0.05)


def test_a_deterministic_model_has_the_correlation_of_its_one_response():
    rng = np.random.default_rng(4)
    one = (rng.random((1, CELLS, 200)) < 0.3).astype(float)
    twice = np.repeat(one, 2, axis=0)
    np.testing.assert_allclose(signal_power(twice), one[0].var(axis=-1))
    np.testing.assert_allclose(signal_correlation(twice, twice), 1.0)


def test_a_cell_without_a_signal_has_no_correlation():
    silent = np.zeros((2, 1, 50))
    assert np.isnan(signal_correlation(silent, silent)).all()


def test_what_little_a_nearly_silent_cell_does_is_no_signal():
    rng = np.random.default_rng(13)
    good, rare = trials(rng, rates(rng), 20), (rng.random((20, CELLS, BINS)) < 0.01).astype(float)
    assert np.isnan(signal_correlation(rare, good)).all()
    assert not has_signal(rare).any()
    assert has_signal(good).all()


def test_smoothing_keeps_the_number_of_spikes_away_from_the_ends():
    train = np.zeros((1, 1, 101))
    train[..., 50] = 1
    found = smoothed(train, 3.0)[0, 0]
    assert found.sum() == pytest.approx(1)
    away = np.arange(101) - 50
    assert np.sqrt(found @ away**2) == pytest.approx(3.0, rel=1e-3)


def test_a_wrong_layout_is_refused_with_the_right_one():
    with pytest.raises(ValueError, match=r"spikes.shape = .*must be \[trial, cell, time\]"):
        signal_power(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="at least 2 trials"):
        signal_power(np.zeros((1, 3, 4)))
    with pytest.raises(ValueError, match="b.shape = .*cells and bins"):
        signal_correlation(np.zeros((2, 3, 4)), np.zeros((2, 3, 5)))
    with pytest.raises(ValueError, match="width = 0"):
        smoothed(np.zeros((1, 1, 4)), 0)
