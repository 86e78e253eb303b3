"""Noise sources against their moments; tolerances are four standard errors of the estimates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.noise import OrnsteinUhlenbeck, WhiteNoise, normals

MANY = 4000


def _agrees(estimate, standard_error, expected):
    assert abs(estimate - expected) < 4 * standard_error, f"{estimate} +- {standard_error} is not {expected}"


def _has_variance(samples, expected):
    squares = np.square(np.asarray(samples, float))  # of a mean known to be zero
    _agrees(squares.mean(), squares.std() / np.sqrt(squares.size), expected)


def _paths(cell, time, dt, seed, state=None):
    return simulate(cell, dt=dt, key=jax.random.key(seed), steps=round(time / dt), state=state)


@pytest.mark.parametrize("dt", [0.05, 0.5, 5.0])
def test_integral_of_white_noise_has_variance_sigma_squared_t_whatever_the_step(dt):
    _, i = _paths(WhiteNoise(0.3, size=MANY), 5.0, dt, 0)
    integral = dt * np.asarray(i).sum(axis=0)
    _has_variance(integral, 0.3**2 * 5.0)
    _agrees(integral.mean(), integral.std() / np.sqrt(MANY), 0.0)


@pytest.mark.parametrize("dt", [0.1, 1.0, 3.0])
def test_ornstein_uhlenbeck_is_stationary_from_the_start_with_its_own_correlation_time(dt):
    tau, sigma, time = 2.0, 0.7, 3.0
    cell = OrnsteinUhlenbeck(tau, sigma, size=MANY)
    first = cell.init(jax.random.key(1))
    _, us = _paths(cell, time, dt, 0, state=first)
    u, last = np.asarray(first.u, float), np.asarray(us[-1], float)
    _has_variance(u, sigma**2)
    _has_variance(us[0], sigma**2)
    _has_variance(last, sigma**2)
    products = u * last
    _agrees(products.mean(), products.std() / np.sqrt(MANY), sigma**2 * np.exp(-time / tau))


def test_ornstein_uhlenbeck_after_n_steps_is_the_sum_of_its_kicks():
    with jax.enable_x64(True):
        cell = OrnsteinUhlenbeck(2.0, 0.7, size=2)
        start, key = cell.init(jax.random.key(3)), jax.random.key(4)
        _, us = simulate(cell, dt=0.3, key=key, steps=9, state=start)
        z = np.asarray(cell.draw(jax.random.fold_in(key, 1), jnp.arange(9, dtype=jnp.int32)))
        e, u = np.exp(-0.15), np.asarray(start.u)
        for n in range(9):
            u = e * u + 0.7 * np.sqrt(1 - e**2) * z[n]
            np.testing.assert_allclose(us[n], u, rtol=1e-12)


@pytest.mark.parametrize("source", [WhiteNoise(0.5, size=3), OrnsteinUhlenbeck(2.0, 0.5, size=3)], ids=type)
def test_a_source_adds_itself_to_its_input(source):
    xs = jnp.asarray(np.arange(12.0, dtype=np.float32).reshape(4, 3))
    key = jax.random.key(0)
    alone, together = (simulate(source, x, dt=0.1, key=key, steps=4)[1] for x in (None, xs))
    np.testing.assert_allclose(together, alone + xs, rtol=1e-6)


def test_the_noise_level_scales_the_same_draws():
    quiet, loud = (_paths(WhiteNoise(sigma, size=3), 1.0, 0.1, 0)[1] for sigma in (0.1, 0.2))
    np.testing.assert_allclose(2 * quiet, loud, rtol=1e-6)


def test_normals_are_standard_and_independent_between_steps_and_neurons():
    z = np.asarray(normals(jax.random.key(0), jnp.arange(100, dtype=jnp.int32), (200,)), float)
    _agrees(z.mean(), z.std() / np.sqrt(z.size), 0.0)
    _has_variance(z, 1.0)
    for products in (z[1:] * z[:-1], z[:, 1:] * z[:, :-1]):
        _agrees(products.mean(), products.std() / np.sqrt(products.size), 0.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: WhiteNoise(-1.0, size=2), "WhiteNoise.sigma = -1.*must be finite and not negative"),
        (lambda: WhiteNoise(np.ones(3), size=2), r"WhiteNoise.sigma.shape = \(3,\): must be \(\) or \(2,\)"),
        (lambda: OrnsteinUhlenbeck(0.0, size=2), "OrnsteinUhlenbeck.tau = 0.*for uncorrelated noise use WhiteNoise"),
        (lambda: OrnsteinUhlenbeck(1.0, np.nan, size=2), "OrnsteinUhlenbeck.sigma = nan"),
    ],
)
def test_a_source_that_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
