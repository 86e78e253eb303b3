"""Optimal noise: brackets, power laws, implicit gradients, local exponents, size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.theory import (
    accumulation,
    bound_power_law,
    bound_slope,
    bound_variance,
    coding_error,
    estimate_power_law,
    estimate_slope,
    estimate_variance,
    local_exponent,
    minimise_over_noise,
    optimal_noise,
    packet_variance,
    quasistatic_variance,
    tuned_coding_error,
)

DELAYS = np.concatenate([[0.0], 0.05 * 2.0 ** np.arange(8)])


@pytest.fixture(scope="module")
def optima():
    """Optima of bound and estimate, [leak, delay], for leaks 0.1 and 1; the first delay is zero."""
    leak = np.array([[0.1], [1.0]])
    return {f: optimal_noise(f, leak, DELAYS[None, :], 64) for f in (bound_variance, estimate_variance)}


def test_minimum_of_a_known_curve_is_found_to_rounding_error():
    best = jax.jit(lambda a: minimise_over_noise(lambda s: a / s + s**2))(jnp.float32(3.0))
    assert float(best.noise) == pytest.approx(1.5 ** (1 / 3), rel=2e-6)
    assert float(best.variance) == pytest.approx(3 * 1.5 ** (2 / 3), rel=1e-6)
    assert bool(best.interior)


def test_gradients_of_the_optimum_are_those_of_its_closed_form():
    with jax.enable_x64():
        least = lambda a: minimise_over_noise(lambda s: a / s + s**2)[:2]
        noise, variance = jax.jit(jax.jacrev(least))(3.0)
    assert float(noise) == pytest.approx(1.5 ** (1 / 3) / 9, rel=1e-8)
    assert float(variance) == pytest.approx(1 / 1.5 ** (1 / 3), rel=1e-8)  # envelope: d(a/s)/da at fixed s


def test_optimum_agrees_with_a_dense_grid(optima):
    noise = np.geomspace(0.05, 40, 4001)
    for variance, best in optima.items():
        for row, leak in enumerate((0.1, 1.0)):
            for column in (1, 5, 8):
                curve = np.asarray(variance(noise, leak, DELAYS[column], 64))
                assert float(best.variance[row, column]) == pytest.approx(curve.min(), rel=1e-5)
                assert float(best.noise[row, column]) == pytest.approx(noise[curve.argmin()], rel=0.01)


def test_optimal_noise_and_least_error_grow_with_delay_and_with_leak(optima):
    for best in optima.values():
        assert bool(best.interior[:, 1:].all())
        for field in (best.noise, best.variance):
            assert np.all(np.diff(np.asarray(field), axis=1) > 0)
            assert np.all(np.diff(np.asarray(field)[:, 1:], axis=0) > 0)


def test_zero_delay_has_no_interior_optimum(optima):
    for best in optima.values():
        assert not bool(best.interior[:, 0].any())
        np.testing.assert_allclose(best.noise[:, 0], 1e-3, rtol=1e-5)
        np.testing.assert_allclose(best.variance[:, 0], 1 / 12, rtol=1e-4)


@pytest.mark.parametrize(
    ("variance", "law"), [(bound_variance, bound_power_law), (estimate_variance, estimate_power_law)]
)
def test_power_laws_hold_in_the_limit_of_small_delay(variance, law):
    delay = np.array([1e-3, 1e-5])
    with jax.enable_x64():
        best, leading = optimal_noise(variance, 0.5, delay, 64), law(0.5, delay, 64)
        noise = np.abs(np.asarray(best.noise / leading.noise) - 1)
        excess = np.abs(np.asarray((best.variance - 1 / 12) / (leading.variance - 1 / 12)) - 1)
    for off in (noise, excess):
        assert off[1] < 0.01
        assert off[0] > 3 * off[1]  # the rest shrinks with the delay


def test_leading_slopes_follow_the_square_root_of_the_leak():
    leak = np.array([0.1, 1.0])
    for slope in (bound_slope, estimate_slope):
        values = np.asarray(slope(leak, 64))
        assert values[1] / values[0] == pytest.approx(np.sqrt(10), rel=1e-5)
    assert float(estimate_slope(1.0, 64)) == pytest.approx(2.3437 / np.sqrt(2), rel=1e-4)


@pytest.mark.slow
def test_optimal_noise_has_exponent_one_third_that_rises_with_delay():
    star = lambda delay: minimise_over_noise(lambda s: bound_variance(s, 0.5, delay, 64)).noise
    with jax.enable_x64():
        exponents = np.asarray(local_exponent(star, np.array([1e-5, 0.05, 0.2, 0.8])))
        near = np.asarray(optimal_noise(bound_variance, 0.5, 0.2 * np.exp([-1e-3, 1e-3]), 64).noise)
    assert exponents[0] == pytest.approx(1 / 3, abs=0.005)
    assert np.all(np.diff(exponents) > 0)
    assert exponents[2] == pytest.approx(np.log(near[1] / near[0]) / 2e-3, rel=1e-4)


def test_exponent_of_a_power_is_the_power():
    np.testing.assert_allclose(local_exponent(lambda x: 3 * x**1.7, np.array([[0.1, 2.0]])), 1.7, rtol=1e-5)


def test_error_falls_as_one_over_n_at_fixed_noise_and_as_its_root_in_interval_units():
    sizes = np.array([2**6, 2**9])
    slope = lambda held, leak: (
        np.diff(np.log([float(coding_error(2.0, leak, 0.0, int(n), held=held)) for n in sizes]))
        / np.diff(np.log(sizes))
    )
    assert slope("readout", 0.0)[0] == pytest.approx(-1.0, abs=1e-5)
    assert slope("isi", 0.0)[0] == pytest.approx(-0.5, abs=0.005)
    assert slope("readout", 1.0)[0] < -1.05  # more neurons, less of the noise is left: C falls with N


def test_error_at_a_fixed_delay_is_that_of_the_delay_in_intervals():
    direct = np.sqrt(float(estimate_variance(1.5, 0.3, 0.5 * 0.01 * 64, 64))) / 64
    assert float(coding_error(1.5, 0.3, 0.01, 64, signal=0.5)) == pytest.approx(direct, rel=1e-5)
    assert float(coding_error(1.5, 1.0, 0.0, 64)) == pytest.approx(
        np.sqrt(float(packet_variance(1.5, 1.0, 64))) / 64, rel=1e-6
    )


@pytest.mark.slow
def test_tuned_noise_scales_between_classical_and_balanced():
    """The excess falls as N^{-2/3} at small delay, but for logarithms in kappa and C."""
    sizes, delay = (64, 512), np.array([1e-8, 2e-3])
    with jax.enable_x64():
        errors = np.array([np.asarray(tuned_coding_error(1.0, delay, n)) for n in sizes])
        weak = [float(estimate_slope(1.0, n) ** 2 * accumulation(1.0, n)) ** (1 / 6) for n in sizes]
    per_log = lambda values: np.log(values[1] / values[0]) / np.log(sizes[1] / sizes[0])
    excess = np.sqrt(errors[:, 0] ** 2 - 1 / (12 * np.square(sizes)))
    assert per_log(excess) - per_log(weak) == pytest.approx(-2 / 3, abs=0.005)
    assert per_log(excess) == pytest.approx(-2 / 3, abs=0.05)
    assert -1 < per_log(errors[:, 1]) < -0.5
    fixed = np.asarray(coding_error(np.geomspace(0.1, 20, 80), 1.0, delay[1], 512))
    assert errors[1, 1] == pytest.approx(fixed.min(), rel=2e-3)
    assert errors[1, 1] <= fixed.min() * (1 + 1e-5)


def test_bad_requests_are_refused_with_their_remedy():
    with pytest.raises(ValueError, match="held = 'volts'"):
        coding_error(1.0, 1.0, 0.0, 64, held="volts")
    with pytest.raises(ValueError, match="0 < lower < upper"):
        minimise_over_noise(lambda s: s, lower=1.0, upper=0.5)
    with pytest.raises(ValueError, match="delay = -1"):
        optimal_noise(quasistatic_variance, 1.0, -1.0, 64)
