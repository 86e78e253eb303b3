"""With delay: spurious spikes against sampled packets, sawtooth moments, bounds and their expansions."""

import jax
import numpy as np
import pytest

from jaxsnn.theory import (
    accumulation,
    anticorrelation,
    bound_variance,
    estimate_variance,
    first_order_bound,
    maximum_mean,
    maximum_variance,
    noise_only,
    packet_advance,
    packet_edge,
    packet_variance,
    packet_width,
    quasistatic_variance,
    sawtooth_variance,
    small_leak_variance,
    spurious_in_time,
    spurious_per_event,
    spurious_spikes,
    stability_ratio,
    stable_noise,
    synchrony_only,
)

# noise, leak, delay of 64 neurons: advances delta/s of 0.14, 0.57 and 1.6
PLACES = [(1.0, 1.0, 0.1), (1.0, 1.0, 0.4), (0.5, 0.5, 0.8)]


def _sampled_packets(noise, leak, delay, neurons=64, samples=60_000, seed=4):
    """Maximum of a stationary packet and number of others within reach of it, potentials in units of a spike."""
    width = noise / np.sqrt(2 * leak)
    v = width * np.random.default_rng(seed).standard_normal((samples, neurons))
    top = v.max(1)
    return top, (v > top[:, None] - delay).sum(1) - 1


def _agrees(samples, value, batches=40):
    means = np.array([part.mean() for part in np.array_split(samples, batches)])
    return abs(means.mean() - value) < 4 * means.std(ddof=1) / np.sqrt(batches)


def test_one_neuron_in_n_lies_beyond_the_edge_of_the_packet():
    beyond = (np.random.default_rng(0).standard_normal(400_000) > packet_edge(64)).astype(float)
    assert _agrees(beyond, 1 / 64)
    assert packet_edge(2) == pytest.approx(0.0, abs=1e-12)


def test_advance_is_the_delay_in_packet_widths():
    assert float(packet_advance(2.0, 0.5, 0.3)) == pytest.approx(0.3 / float(packet_width(2.0, 0.5)), rel=1e-6)
    assert float(packet_advance(0.0, 0.5, 0.0)) == 0.0


@pytest.mark.parametrize("place", PLACES)
def test_spurious_spikes_in_time_are_the_neurons_within_reach_of_the_top(place):
    _, others = _sampled_packets(*place)
    assert _agrees(others, float(spurious_in_time(*place, 64)))


@pytest.mark.parametrize("place", PLACES)
def test_spurious_spikes_at_the_edge_are_the_tail_that_crosses(place):
    noise, leak, delay = place
    width = noise / np.sqrt(2 * leak)
    x = np.random.default_rng(1).standard_normal(2_000_000)
    crossed = 64.0 * ((x > packet_edge(64) - delay / width) & (x <= packet_edge(64)))
    assert _agrees(crossed, float(spurious_spikes(*place, 64)))


def test_every_spurious_count_starts_at_zero_rises_with_delay_and_ends_at_n_minus_one():
    delay = np.concatenate([[0.0], np.geomspace(1e-3, 6.4, 30)])
    for count in (spurious_spikes, spurious_in_time, spurious_per_event):
        values = np.asarray(count(1.0, 1.0, delay, 64))
        assert values[0] == 0
        assert np.all(np.diff(values) > 0)
        assert float(count(1e-3, 1.0, 1.0, 64)) == pytest.approx(
            63 if count is not spurious_per_event else 62, rel=0.01
        )
        assert float(count(1.0, 1.0, 1.0, 1)) == 0


def test_small_delays_give_the_leading_orders():
    noise, leak, delay = 2.0, 0.5, 1e-4
    advance = delay / float(packet_width(noise, leak))
    edge = 64 * np.exp(-(packet_edge(64) ** 2) / 2) / np.sqrt(2 * np.pi)
    assert float(spurious_spikes(noise, leak, delay, 64)) == pytest.approx(edge * advance, rel=1e-3)
    assert float(spurious_in_time(noise, leak, delay, 64)) == pytest.approx(maximum_mean(64) * advance, rel=1e-3)
    assert float(spurious_per_event(noise, leak, delay, 64)) == pytest.approx(maximum_mean(64) * advance / 2, rel=1e-3)


def test_time_sees_long_events_more_often():
    """Events of 1 + k spikes that last 1 + k: the time average of k over a sampled run is lambda_t."""
    in_time = float(spurious_in_time(1.0, 1.0, 0.4, 64))
    per_event = float(spurious_per_event(1.0, 1.0, 0.4, 64))
    k = np.random.default_rng(8).poisson(per_event, size=(40, 20_000))
    averages = (k * (1 + k)).sum(1) / (1 + k).sum(1)
    assert abs(averages.mean() - in_time) < 4 * averages.std(ddof=1) / np.sqrt(40)
    assert in_time / 2 < per_event < in_time


@pytest.mark.parametrize("mean", [0.1, 1.0, 6.0])
def test_sawtooth_of_poisson_events_has_the_sampled_variance(mean):
    jumps = 1.0 + np.random.default_rng(9).poisson(mean, size=(40, 50_000))
    first, second = (jumps**2).sum(1) / (2 * jumps.sum(1)), (jumps**3).sum(1) / (3 * jumps.sum(1))
    variances = second - first**2
    assert abs(variances.mean() - float(sawtooth_variance(mean))) < 4 * variances.std(ddof=1) / np.sqrt(40)


def test_sawtooth_expands_from_a_twelfth_and_ends_quadratic():
    with jax.enable_x64():
        assert float(sawtooth_variance(0.0)) == pytest.approx(1 / 12, abs=1e-15)
        rest = float(sawtooth_variance(1e-3)) - 1 / 12 - 1e-3 + 0.5e-6
        assert abs(rest) < 3e-9
        assert float(sawtooth_variance(1e6)) / 1e12 == pytest.approx(1 / 12, rel=1e-4)


def test_bounds_meet_at_small_delay_and_the_full_one_has_its_two_parts():
    noise = np.geomspace(0.05, 40, 9)
    for bound in (bound_variance, first_order_bound):
        np.testing.assert_allclose(bound(noise, 1.0, 0.0, 64), small_leak_variance(noise), rtol=1e-6)
    parts = np.asarray(noise_only(noise)) + np.asarray(synchrony_only(noise, 1.0, 0.4, 64)) - 1 / 12
    np.testing.assert_allclose(bound_variance(noise, 1.0, 0.4, 64), parts, rtol=1e-5)
    spurious = float(spurious_spikes(2.0, 1.0, 0.02, 64))
    gap = float(first_order_bound(2.0, 1.0, 0.02, 64)) - float(bound_variance(2.0, 1.0, 0.02, 64))
    assert gap == pytest.approx(spurious**2 / 2, rel=0.1)


def test_estimates_are_exact_at_zero_delay_and_lie_under_the_bound():
    noise, delay = np.geomspace(0.05, 40, 12)[:, None], np.array([0.0, 0.1, 0.4])[None, :]
    bound, few = (
        np.asarray(bound_variance(noise, 0.3, delay, 64)),
        np.asarray(spurious_spikes(noise, 0.3, delay, 64)) < 1,
    )
    for estimate in (estimate_variance, quasistatic_variance):
        values = np.asarray(estimate(noise, 0.3, delay, 64))
        np.testing.assert_allclose(values[:, 0], packet_variance(noise[:, 0], 0.3, 64), rtol=1e-6)
        assert np.all(values[few] < bound[few])


def test_frozen_packets_of_unit_leak_have_the_sampled_variance():
    """At leak 1 the readout is the maximum plus a phase of the event, uniform on [0, 1 + k]."""
    for noise, leak, delay in ((1.0, 1.0, 0.1), (1.0, 1.0, 0.4), (8.0, 1.0, 0.4)):
        top, k = _sampled_packets(noise, leak, delay, samples=100_000)
        y = top + np.random.default_rng(6).random(len(top)) * (1 + k)
        batches = np.array([part.var(ddof=1) for part in np.array_split(y, 40)])
        theory = float(quasistatic_variance(noise, leak, delay, 64))
        assert abs(batches.mean() - theory) < 4 * batches.std(ddof=1) / np.sqrt(40)


def test_delay_lowers_the_variance_at_large_noise():
    with jax.enable_x64():
        for leak in (0.1, 1.0):
            slope = jax.grad(quasistatic_variance, 2)(400.0, leak, 1e-3, 64)
            kappa = maximum_mean(64) * np.sqrt(leak / 2)
            assert float(slope) == pytest.approx(kappa / 400 - float(anticorrelation(leak, 64)), rel=0.02)
    assert float(anticorrelation(1.0, 64)) == pytest.approx(1 - maximum_variance(64), rel=1e-5)
    assert float(anticorrelation(0.0, 64)) == pytest.approx(0.0, abs=1e-6)


def test_anticorrelation_is_that_of_the_hermite_orders():
    """B = lam sum (n - 1) a_n (n + lam)/(1 + n lam) and C = sum a_n (n + lam)/(1 + n lam), for any weights a_n."""
    n, leak = np.arange(1, 40), 0.37
    a = np.random.default_rng(0).random(39)
    a /= (n * a).sum()
    c = (a * (n + leak) / (1 + n * leak)).sum()
    direct = leak * ((n - 1) * a * (n + leak) / (1 + n * leak)).sum()
    assert 1 + leak * a.sum() - (1 + leak) * c == pytest.approx(direct)
    formula = 1 + leak * maximum_variance(64) - (1 + leak) * float(accumulation(leak, 64))
    assert float(anticorrelation(leak, 64)) == pytest.approx(formula, rel=1e-5)


def test_stability_asks_for_noise_in_proportion_to_the_delay():
    delay = np.array([0.5, 1.0, 5.0])
    noise = np.asarray(stable_noise(0.1, delay, 64))
    np.testing.assert_allclose(noise / delay, noise[1], rtol=1e-6)
    np.testing.assert_allclose(stability_ratio(noise, 0.1, delay, 64), 1.0, rtol=1e-6)
    width = float(packet_width(noise[2], 0.1))
    assert packet_edge(64) * 5.0 / width == pytest.approx(np.pi / 2, rel=1e-5)
