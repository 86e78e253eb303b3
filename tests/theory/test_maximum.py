"""The maximum of N normals and the constant C: exact two-neuron forms, Monte-Carlo, and the defining integral."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.theory import accumulation, maximum_covariance, maximum_mean, maximum_variance, persistence

CORRELATIONS = np.array([0.0, 0.1, 0.5, 0.9, 0.99, 0.9999, 1.0])


@pytest.fixture(scope="module")
def pairs():
    """Maxima of 64 normals at correlation 0.7, and whether their indices agree, in 40 batches."""
    rng, rho = np.random.default_rng(3), 0.7
    batches = []
    for _ in range(40):
        a = rng.standard_normal((2000, 64))
        b = rho * a + np.sqrt(1 - rho**2) * rng.standard_normal(a.shape)
        top, other, same = a.max(1), b.max(1), a.argmax(1) == b.argmax(1)
        batches.append((top.mean(), np.cov(top, other)[0, 1], same.mean()))
    batches = np.array(batches)
    return batches.mean(0), batches.std(0, ddof=1) / np.sqrt(len(batches))


def test_mean_and_variance_of_the_maximum_have_their_exact_values():
    assert maximum_mean(1) == 0.0
    assert maximum_variance(1) == 1.0
    assert maximum_mean(2) == pytest.approx(1 / np.sqrt(np.pi), abs=1e-12)
    assert maximum_variance(2) == pytest.approx(1 - 1 / np.pi, abs=1e-12)
    assert maximum_mean(3) == pytest.approx(1.5 / np.sqrt(np.pi), abs=1e-12)
    assert maximum_mean(64) == pytest.approx(2.344, abs=5e-4)


def test_persistence_and_covariance_of_two_neurons_have_their_exact_forms():
    rho = CORRELATIONS
    with jax.enable_x64():
        same, covariance = persistence(rho, 2), maximum_covariance(rho, 2)
    np.testing.assert_allclose(same, 1 - np.arccos(rho) / np.pi, atol=1e-10)
    halves = rho / 2 + (np.sqrt(1 - rho**2) + rho * np.arcsin(rho) - 1) / np.pi
    np.testing.assert_allclose(covariance, halves, atol=1e-10)


def test_maximum_of_64_agrees_with_sampling(pairs):
    mean, error = pairs
    theory = maximum_mean(64), float(maximum_covariance(0.7, 64)), float(persistence(0.7, 64))
    assert np.all(np.abs(mean - theory) < 4 * error)
    assert np.all(error < 0.05 * np.abs(theory))  # tight enough to tell


@pytest.mark.parametrize("neurons", [2, 1000])
def test_covariance_runs_from_zero_to_the_variance_with_slope_one(neurons):
    with jax.enable_x64():
        ends = maximum_covariance(np.array([0.0, 1.0]), neurons)
        slopes = jax.jit(jax.vmap(jax.grad(lambda rho: maximum_covariance(rho, neurons))))(jnp.array([0.0, 0.6, 1.0]))
        same = persistence(np.array([0.0, 0.6, 1.0]), neurons)
    np.testing.assert_allclose(ends, [0.0, maximum_variance(neurons)], atol=1e-7)
    np.testing.assert_allclose(slopes, same, atol=1e-5)  # Plackett's identity
    np.testing.assert_allclose(slopes[::2], [1 / neurons, 1.0], atol=1e-5)


@pytest.mark.parametrize("leak", [0.03, 0.3, 1.0, 3.0, 30.0])
def test_accumulation_equals_the_integral_over_the_autocovariance(leak):
    w, weight = np.polynomial.legendre.leggauss(400)
    w, weight = 3.5 * (w + 1), 3.5 * weight  # t = w^2, as c_N has a root singularity in its second derivative
    with jax.enable_x64():
        covariance = np.asarray(maximum_covariance(np.exp(-leak * w**2), 64))
        ours = float(accumulation(leak, 64))
    integral = np.sum(weight * 2 * w * np.exp(-(w**2)) * covariance)
    assert ours == pytest.approx((maximum_variance(64) + (leak**2 - 1) * integral) / leak, rel=1e-5)


def test_accumulation_of_a_simulated_packet():
    """The readout of u_i alone, y = (1 - (1 - lam) e^{-t} *) max_i u_i, on a grid of time."""
    rng, leak, neurons, dt, steps, runs = np.random.default_rng(5), 3.0, 8, 0.01, 6000, 120
    decay, kick = np.exp(-leak * dt), np.sqrt(-np.expm1(-2 * leak * dt))
    u, low, out = rng.standard_normal((runs, neurons)), np.zeros(runs), []
    for _ in range(steps):
        u = decay * u + kick * rng.standard_normal(u.shape)
        low += dt * (u.max(1) - low)
        out.append(u.max(1) - (1 - leak) * low)
    variances = np.var(np.array(out[1000:]), axis=0) / leak  # sigma^2/2 = leak for unit packets
    error = variances.std(ddof=1) / np.sqrt(runs)
    # The mean is estimated in each run: a loss of about (two-sided correlation time)/(length), under 1 %.
    assert abs(variances.mean() - float(accumulation(leak, neurons))) < 3 * error + 0.01 * variances.mean()
    assert error < 0.02 * variances.mean()


def test_accumulation_has_its_limits():
    for neurons in (2, 64, 512):
        one = np.asarray(accumulation(np.array([0.0, 1.0]), neurons))
        np.testing.assert_allclose(one, [1.0, maximum_variance(neurons)], rtol=1e-5)
    np.testing.assert_array_equal(accumulation(np.array([0.0, 0.3, 5.0]), 1), 1.0)
    overtaken = (1 - float(accumulation(1e-4, 64))) / (maximum_mean(64) * np.sqrt(1e-4 / 2))
    assert overtaken == pytest.approx(1, abs=0.02)


def test_accumulation_falls_with_leak_and_with_neurons():
    values = np.array([np.asarray(accumulation(np.geomspace(1e-3, 1e3, 50), n)) for n in (2, 16, 64, 512)])
    assert np.all(np.diff(values, axis=0) < 0)
    assert np.all(np.diff(values, axis=1) < 0)
    assert np.all((values > 0) & (values < 1))


def test_accumulation_of_64_neurons_has_its_table():
    values = accumulation(np.array([0.01, 0.1, 1.0, 10.0]), 64)
    np.testing.assert_allclose(values, [0.8390, 0.5561, 0.2035, 0.0897], atol=6e-5)


def test_slope_of_the_accumulation_equals_the_difference_quotient():
    with jax.enable_x64():
        for leak in (0.01, 1.0, 20.0):
            h = 1e-4 * leak
            quotient = (accumulation(leak + h, 64) - accumulation(leak - h, 64)) / (2 * h)
            assert float(jax.grad(accumulation)(leak, 64)) == pytest.approx(float(quotient), rel=1e-5)
