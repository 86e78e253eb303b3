"""Poisson spikes against the process; tolerances are four standard errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.networks import Chain, Constant
from jaxsnn.noise import PoissonEncoder, PoissonSource


def _encoded(rates, dt, key):
    return np.asarray(simulate(PoissonEncoder(size=rates.shape[1]), rates, dt=dt, key=key)[1], float)


def _agrees(samples, expected):
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    assert np.all(abs(samples.mean(axis=0) - expected) < 4 * error)


def test_counts_have_mean_and_variance_of_a_poisson_process(getkey):
    _, spikes = simulate(PoissonSource(2.0, size=400), dt=0.01, key=getkey(), steps=500)
    counts = np.asarray(spikes).sum(axis=0)  # 5 time units: mean 10, variance 10 (1 - rate dt)
    assert abs(counts.mean() - 10) < 4 * np.sqrt(9.8 / 400)
    assert abs(counts.var(ddof=1) - 9.8) < 4 * 9.8 * np.sqrt(2 / 399)
    neighbours = np.corrcoef(np.asarray(spikes).sum(axis=1)[:-1], np.asarray(spikes).sum(axis=1)[1:])[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(499)


def test_spikes_follow_a_rate_that_varies_and_are_independent_given_it(getkey):
    many, steps, dt = 3000, 60, 0.05
    rate = 1.5 + 1.2 * np.sin(2 * np.pi * np.arange(steps) / steps)
    s = _encoded(jnp.broadcast_to(jnp.asarray(rate, jnp.float32)[:, None], (steps, many)), dt, getkey())
    p = 1 - np.exp(-rate * dt)
    assert np.all(abs(s.mean(axis=1) - p) < 4.5 * np.sqrt(p * (1 - p) / many))  # sixty looks at once
    counts, variance = s.sum(axis=0), np.sum(p * (1 - p))
    _agrees(counts, p.sum())
    assert abs(counts.var(ddof=1) - variance) < 4 * variance * np.sqrt(2 / many)
    assert 0.9 < variance / p.sum() < 1  # close to Fano 1, as far as one spike a step allows
    left = s - p[:, None]
    _agrees((left[1:] * left[:-1]).ravel(), 0.0)
    _agrees((left[:, 1:] * left[:, :-1]).ravel(), 0.0)


@pytest.mark.parametrize("dt", [0.05, 0.5, 2.0])
def test_silence_has_the_law_of_the_process_whatever_the_step(dt, getkey):
    many, time = 8000, 4.0
    rate = np.repeat([0.1, 0.7], round(time / dt / 2))  # a rate that changes after two time units
    s = _encoded(jnp.broadcast_to(jnp.asarray(rate, jnp.float32)[:, None], (len(rate), many)), dt, getkey())
    for until in (time / 2, time):
        silent = (s[: round(until / dt)].sum(axis=0) == 0).astype(float)
        _agrees(silent, np.exp(-0.1 * min(until, 2.0) - 0.7 * max(until - 2.0, 0.0)))


def test_no_rate_is_out_of_bounds_and_a_negative_one_is_silence(getkey):
    rates = jnp.broadcast_to(jnp.asarray([[-5.0, 0.0, 1e9]]), (500, 3))
    np.testing.assert_array_equal(_encoded(rates, 0.5, getkey()), np.broadcast_to([0, 0, 1], (500, 3)))


def test_gradient_of_a_rate_is_that_of_the_expected_spike(getkey):
    dt, key = 0.2, getkey()
    rates = jnp.asarray([[0.5, 0.0, 3.0], [2.0, -1.0, 0.1]])
    weight = jnp.asarray([[1.0, -2.0, 0.5], [3.0, 1.0, -1.0]])
    total = lambda rates: jnp.sum(weight * simulate(PoissonEncoder(size=3), rates, dt=dt, key=key)[1])
    slope = np.where(np.asarray(rates) < 0, 0, dt * np.exp(-dt * np.asarray(rates)))  # at zero: towards spikes
    np.testing.assert_allclose(jax.grad(total)(rates), weight * slope, rtol=1e-6)


def test_a_constant_rate_is_fitted_through_the_encoder_and_not_through_the_source(getkey):
    key = getkey()

    def count(rate, make):
        return jnp.sum(simulate(make(rate), dt=0.05, key=key, steps=20)[1])

    encoder = lambda rate: Chain(Constant(jnp.broadcast_to(rate, (3,))), PoissonEncoder(size=3))
    by_encoder = jax.grad(count)(jnp.asarray(1.5), encoder)
    np.testing.assert_allclose(by_encoder, 60 * 0.05 * np.exp(-0.05 * 1.5), rtol=1e-5)
    assert jax.grad(count)(jnp.asarray(1.5), lambda rate: PoissonSource(rate, size=3)) == 0


def test_a_rate_that_one_spike_a_step_cannot_carry_is_refused():
    with pytest.raises(ValueError, match=r"PoissonSource.rate = 50.*must lie in.*shorter steps"):
        simulate(PoissonSource(50.0, size=2), dt=0.01, key=jax.random.key(0), steps=5)


def test_an_encoder_without_neurons_is_refused():
    with pytest.raises(ValueError, match="PoissonEncoder.size = 0"):
        PoissonEncoder(size=0)
