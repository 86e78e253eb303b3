"""Exponents and curvatures on log axes."""

import math

import numpy as np
import pytest

from jaxsnn.claims import curvature, exponent

DELAY = np.geomspace(0.05, 6.4, 8)


@pytest.mark.parametrize("units", [1.0, 1000.0])
def test_exponent_and_curvature_of_a_known_curve_are_found_in_any_unit(units):
    log_x = np.log(DELAY)
    curve = np.exp(0.7 + 0.4 * (log_x - log_x.mean()) + 0.15 * (log_x - log_x.mean()) ** 2 / 2)
    samples = np.repeat(curve[:, None], 4, axis=1)
    assert exponent(units * DELAY, samples).value == pytest.approx(0.4)
    assert curvature(units * DELAY, samples).value == pytest.approx(0.15)


def test_the_curvature_is_the_change_of_the_local_exponent():
    samples = np.repeat((DELAY ** (0.3 + 0.05 * np.log(DELAY)))[:, None], 3, axis=1)
    low = exponent(DELAY, samples, between=(DELAY[0], DELAY[1])).value
    high = exponent(DELAY, samples, between=(DELAY[-2], DELAY[-1])).value
    assert curvature(DELAY, samples).value == pytest.approx((high - low) / math.log(DELAY[-1] / DELAY[1]), rel=1e-6)


def test_the_error_of_an_exponent_counts_what_the_points_of_a_seed_share():
    rng = np.random.default_rng(4)
    level = np.exp(0.3 * rng.standard_normal(16))  # a factor common to a seed: leaves the exponent alone
    tilt = DELAY[:, None] ** (0.02 * rng.standard_normal(16))  # an exponent of its own for each seed
    assert exponent(DELAY, level * DELAY[:, None] ** 0.4).se < 1e-12
    assert exponent(DELAY, tilt * DELAY[:, None] ** 0.4).se == pytest.approx(0.02 / 4, rel=0.5)


def test_values_that_have_no_logarithm_give_no_number():
    assert math.isnan(exponent(DELAY, np.full((8, 4), -1.0)).value)


def test_too_few_points_in_the_range_give_no_number():
    samples = np.repeat(DELAY[:, None], 4, axis=1)
    assert math.isnan(curvature(DELAY, samples, between=(1, 6.4)).value)  # three points: always a parabola
    assert exponent(DELAY, samples, between=(1, 6.4)).value == pytest.approx(1.0)


def test_the_ends_of_the_range_count_whatever_their_last_digit():
    samples = np.repeat(DELAY[:, None], 4, axis=1)
    assert not math.isnan(curvature(DELAY, samples, between=(0.8000000001, 6.3999999999)).value)
