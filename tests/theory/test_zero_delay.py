"""Without delay: shot noise of renewal processes, and their limits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.theory import (
    bias,
    maximum_mean,
    packet_variance,
    packet_width,
    persistence,
    poisson_variance,
    regular_variance,
    renewal_variance,
    same_neuron_fraction,
    small_leak_variance,
    synchronous_variance,
)

RATES = np.array([0.05, 0.3, 0.49, 0.5, 0.51, 1.0, 8.0, 64.0, 1000.0])


def _readout_variance(intervals):
    """Time average of the variance of y for spikes at the given intervals [interval, run], first quarter dropped."""
    y, first, second, time = np.zeros(intervals.shape[1]), 0.0, 0.0, 0.0
    for n, gap in enumerate(intervals):
        y = y + 1
        decayed = y * np.exp(-gap)
        if n >= len(intervals) // 4:
            first, second, time = first + y - decayed, second + (y**2 - decayed**2) / 2, time + gap
        y = decayed
    return second / time - (first / time) ** 2


def _subtracted(rate, half):
    """The textbook form (R/2) coth(half) - R^2, in long double."""
    rate, half = np.longdouble(rate), np.longdouble(half)
    return rate / (2 * np.tanh(half)) - rate**2


def test_regular_spikes_have_the_textbook_variance_at_every_rate():
    with jax.enable_x64():
        np.testing.assert_allclose(regular_variance(RATES), _subtracted(RATES, 1 / (2 * RATES)), rtol=1e-9)
    single = regular_variance(RATES)
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, _subtracted(RATES, 1 / (2 * RATES)).astype(float), rtol=2e-6)


def test_regular_spikes_at_high_rate_leave_a_twelfth():
    assert float(regular_variance(1e6)) == pytest.approx(1 / 12, rel=1e-6)
    assert float(regular_variance(0.01)) == pytest.approx(0.01 / 2 - 0.01**2, rel=1e-5)  # lone spikes: Poisson-like


def test_regular_variance_agrees_with_a_decaying_readout():
    intervals = np.full((400, 1), 1 / 3.0)
    assert float(regular_variance(3.0)) == pytest.approx(float(_readout_variance(intervals)[0]), rel=1e-4)


@pytest.mark.parametrize(("rate", "noise"), [(4.0, 1.0), (1.0, 2.0)])
def test_renewal_variance_agrees_with_sampled_inverse_gaussian_intervals(rate, noise):
    rng = np.random.default_rng(11)
    intervals = rng.wald(1 / rate, 1 / noise**2, size=(4000, 200))
    assert intervals.var() == pytest.approx(noise**2 / rate**3, rel=0.03)
    runs = _readout_variance(intervals)
    error = runs.std(ddof=1) / np.sqrt(len(runs))
    assert abs(runs.mean() - float(renewal_variance(noise, rate))) < 4 * error
    assert error < 0.01 * runs.mean()


def test_renewal_variance_equals_the_subtracted_form():
    noise, rate = np.meshgrid([0.01, 0.5, 4.0, 40.0], [0.3, 2.0, 64.0])
    half = (np.sqrt(np.longdouble(rate) ** 2 + 2 * noise**2) - rate) / (2 * np.longdouble(noise) ** 2)
    exact = _subtracted(rate, half).astype(float)
    with jax.enable_x64():
        np.testing.assert_allclose(renewal_variance(noise, rate), exact, rtol=1e-6)  # the subtracted form is the worse
    np.testing.assert_allclose(renewal_variance(noise, rate), exact, rtol=3e-6)


def test_renewal_variance_joins_its_two_limits():
    noise = np.array([0.0, 0.5, 2.0, 4.0])
    np.testing.assert_allclose(renewal_variance(noise, 1e4), small_leak_variance(noise), rtol=1e-5)
    np.testing.assert_allclose(renewal_variance(0.0, RATES), regular_variance(RATES), rtol=1e-6)


def test_one_neuron_and_no_leak_meet_the_small_leak_line():
    noise = np.linspace(0, 4, 5)
    np.testing.assert_allclose(packet_variance(noise, 0.7, 1), small_leak_variance(noise), rtol=1e-6)
    np.testing.assert_allclose(packet_variance(noise, 0.0, 64), small_leak_variance(noise), rtol=1e-6)


def test_variance_grows_with_noise_falls_with_leak_and_stays_under_the_small_leak_line():
    noise, leak = np.linspace(0.1, 4, 8)[:, None], np.geomspace(0.01, 10, 7)[None, :]
    variance = np.asarray(packet_variance(noise, leak, 64))
    assert variance.shape == (8, 7)
    assert np.all(np.diff(variance, axis=0) > 0)
    assert np.all(np.diff(variance, axis=1) < 0)
    assert np.all(variance < np.asarray(small_leak_variance(noise)))


def test_bias_is_leak_times_the_distance_of_the_packet_below_threshold():
    noise, leak = np.array([0.5, 1.0, 4.0]), np.array([0.1, 1.0, 10.0])
    np.testing.assert_allclose(
        bias(noise, leak, 64), leak * np.asarray(packet_width(noise, leak)) * maximum_mean(64), rtol=1e-6
    )
    assert float(bias(2.0, 1.0, 1)) == 0.0


def test_same_neuron_fires_on_when_the_leak_is_small():
    leak = np.array([0.0, 0.1, 1.0, 10.0])
    fraction = np.asarray(same_neuron_fraction(leak, 32.0, 32))
    assert fraction[0] == pytest.approx(1)
    assert np.all(np.diff(fraction) < 0)
    assert fraction[2] == pytest.approx(float(persistence(np.exp(-1 / 32), 32)), rel=1e-5)


def test_poisson_spikes_have_half_their_rate_as_variance():
    rng, rate = np.random.default_rng(2), 5.0
    runs = _readout_variance(rng.exponential(1 / rate, size=(4000, 100)))
    error = runs.std(ddof=1) / np.sqrt(len(runs))
    assert abs(runs.mean() - float(poisson_variance(rate))) < 4 * error


def test_synchronous_spikes_spoil_the_readout_in_proportion_to_the_network():
    for neurons in (2, 64):
        assert np.sqrt(float(synchronous_variance(float(neurons), neurons))) / neurons == pytest.approx(
            0.2863, abs=5e-5
        )
