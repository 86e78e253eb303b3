"""Synaptic failure against the moments of a coin, and its gradients against exact sums over coins."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.gradients import expected_loss, with_mode
from jaxsnn.synapses import Coin, Dense, FailingDense, Failure

KEY = jax.random.key(0)
STEPS = 4000
WEIGHT = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]])


def _run(cell, xs, key=KEY):
    return np.asarray(simulate(cell, xs, dt=1.0, key=key)[1], float)


def _agrees(samples, expected):
    """The mean of each column, within four standard errors."""
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    assert np.all(abs(samples.mean(axis=0) - expected) < 4 * error)


def _has_covariance(samples, expected):
    centred = samples - samples.mean(axis=0)
    products = centred[:, :, None] * centred[:, None]
    _agrees(products.reshape(len(products), -1), np.asarray(expected).ravel())


def test_transmitted_spikes_have_mean_and_variance_of_independent_coins():
    release = np.array([0.1, 0.5, 0.85])
    y = _run(Failure(release, size=3), jnp.ones((STEPS, 3)))
    assert set(np.unique(y)) == {0.0, 1.0}
    _agrees(y, release)
    _has_covariance(y, np.diag(release * (1 - release)))
    _agrees((y - release)[1:] * (y - release)[:-1], 0.0)  # nor do steps know of each other


@pytest.mark.parametrize("release", [0.3, np.array([0.2, 0.5, 0.9]), np.array([[0.2, 0.5, 0.9], [0.4, 0.1, 0.6]])])
def test_synapses_that_fail_alone_give_neurons_independent_currents(release):
    x = jnp.asarray([1.0, 1.0, 2.0])
    i = _run(FailingDense(WEIGHT, release), jnp.broadcast_to(x[None], (STEPS, 3)))
    _agrees(i, (WEIGHT * release) @ x)
    _has_covariance(i, np.diag((WEIGHT**2 * (release * (1 - release))) @ (x * x)))


def test_an_axon_that_fails_is_silent_for_all_its_targets():
    y = _run(Failure(0.4, size=3), jnp.ones((STEPS, 3))) @ WEIGHT.T
    _has_covariance(y, 0.4 * 0.6 * WEIGHT @ WEIGHT.T)  # shared coins: currents of neurons are correlated


def test_at_release_one_nothing_fails_and_at_zero_everything_does():
    xs = jax.random.normal(KEY, (STEPS, 3))
    np.testing.assert_array_equal(_run(Failure(1.0, size=3), xs), xs)
    np.testing.assert_array_equal(_run(Failure(0.0, size=3), xs), 0)
    np.testing.assert_allclose(_run(FailingDense(WEIGHT, 1.0), xs), _run(Dense(WEIGHT), xs), rtol=1e-5, atol=1e-6)


def test_all_releases_toss_the_same_coins():
    xs = jnp.ones((200, 3))
    few, many = _run(Failure(0.3, size=3), xs), _run(Failure(0.6, size=3), xs)
    assert np.all(many >= few)
    assert many.sum() > few.sum()


def test_gradient_of_the_release_is_what_it_met_and_that_of_an_input_its_coin():
    xs = jax.random.normal(KEY, (9, 3))
    release = jnp.asarray([0.2, 0.5, 1.0])
    weight = jnp.cos(jnp.arange(27.0)).reshape(9, 3)
    total = lambda release, xs: jnp.sum(weight * simulate(Failure(release, size=3), xs, dt=1.0, key=KEY)[1])
    by_release, by_xs = jax.grad(total, (0, 1))(release, xs)
    np.testing.assert_allclose(by_release, jnp.sum(weight * xs, axis=0), rtol=1e-5)  # at release 1 too
    coins = _run(Failure(release, size=3), jnp.ones((9, 3)))
    np.testing.assert_allclose(by_xs, weight * coins, rtol=1e-6)


@pytest.mark.parametrize("mode", ["reverse", "score"])
@pytest.mark.slow
def test_mean_gradient_over_all_coins_is_that_of_the_mean_for_a_linear_loss_and_when_scored_for_any(mode):
    xs = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    square = lambda final, ys: jnp.sum(ys * ys)
    linear = lambda final, ys: jnp.sum(ys)
    with jax.enable_x64(True):
        weight, release = jnp.asarray(WEIGHT[:1]), jnp.asarray([[0.3, 0.8, 0.6]])
        cell = with_mode(FailingDense(weight, release), mode)

        def gradient(loss):
            of = lambda cell: expected_loss(loss, cell, jnp.asarray(xs), dt=1.0, key=KEY)
            return eqx.filter_grad(of)(cell)

        p, w = np.asarray(release[0]), WEIGHT[0]
        np.testing.assert_allclose(gradient(linear).release[0], w * xs.sum(axis=0), rtol=1e-12)
        # E[i^2] = (sum w p x)^2 + sum w^2 p (1 - p) x^2
        means = xs @ (w * p)
        exact = sum(2 * m * w * x + w**2 * (1 - 2 * p) * x**2 for m, x in zip(means, xs, strict=True))
        found = np.asarray(gradient(square).release[0])
        assert np.allclose(found, exact, rtol=1e-12) == (mode == "score")
        by_weight = sum(2 * m * p * x + 2 * w * p * (1 - p) * x**2 for m, x in zip(means, xs, strict=True))
        np.testing.assert_allclose(gradient(square).weight[0], by_weight, rtol=1e-12)


def test_a_coin_that_met_no_spike_adds_nothing_to_the_score():
    cell = Failure(jnp.asarray([0.3, 0.6]), size=2, coin=Coin(mode="score"))
    xs = jnp.asarray([[1.0, 0.0], [1.0, 0.0]])
    score = lambda cell: jnp.sum(simulate(cell, xs, dt=1.0, key=KEY)[0].value)
    gradient = eqx.filter_grad(score)(cell).release
    coins = _run(Failure(cell.release, size=2), jnp.ones((2, 2)))[:, 0]
    np.testing.assert_allclose(gradient[0], np.sum(coins / 0.3 - (1 - coins) / 0.7), rtol=1e-5)
    assert gradient[1] == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Failure(1.2, size=3), r"Failure.release = 1.2: must lie in \[0, 1\]; pass the probability that"),
        (lambda: Failure(np.nan, size=3), "Failure.release = nan"),
        (lambda: Failure(np.full(2, 0.5), size=3), r"Failure.release.shape = \(2,\)"),
        (lambda: FailingDense(WEIGHT, -0.1), "FailingDense.release = -0.1"),
        (lambda: FailingDense(WEIGHT, np.full(2, 0.5)), r"FailingDense.release.shape = \(2,\): must be one of"),
        (lambda: FailingDense(np.ones(3), 0.5), "FailingDense.weight.shape"),
        (lambda: FailingDense(WEIGHT, 0.5, coin=Coin(mode="best")), "Coin.mode"),
    ],
)
def test_a_failure_that_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
