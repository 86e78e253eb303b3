"""Estimates: what a jackknife, a t interval and the accepted forms of a measured quantity must give."""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from jaxsnn.claims import Estimate, Resampled, exact, resampled
from jaxsnn.claims.estimate import estimates_of

SAMPLES = np.array([1.0, 2.0, 4.0, 9.0])


def test_the_error_of_a_mean_is_the_textbook_one():
    (estimate,), single = estimates_of(SAMPLES)
    assert single
    assert estimate.value == pytest.approx(4.0)
    assert estimate.se == pytest.approx(SAMPLES.std(ddof=1) / 2)
    assert estimate.dof == 3


def test_the_interval_is_that_of_the_t_table():
    low, high = Estimate(10.0, 2.0, 7).interval()
    assert (low, high) == pytest.approx((10 - 2 * 2.364624, 10 + 2 * 2.364624), rel=1e-6)


def test_the_jackknife_of_a_root_mean_variance_matches_the_delta_method(getkey):
    rng = np.random.default_rng(5)
    variances = 2.0 + 0.1 * rng.standard_normal(64)
    (estimate,) = resampled(variances, lambda v: np.sqrt(v.mean(-1))).estimates()
    assert estimate.value == pytest.approx(np.sqrt(variances.mean()))
    assert estimate.se == pytest.approx(variances.std(ddof=1) / 8 / (2 * estimate.value), rel=0.01)


def test_a_whole_table_is_resampled_with_the_same_seed_left_out_everywhere():
    rng = np.random.default_rng(2)
    common = rng.standard_normal(8)
    table = {"a": np.stack([common, common]) + 3.0, "b": np.stack([common, common])}
    difference = resampled(table, lambda t: t["a"].mean(-1) - t["b"].mean(-1))
    assert all(e.value == pytest.approx(3.0) and e.se < 1e-14 for e in difference.estimates())


def test_a_function_of_a_resampled_quantity_is_resampled_too():
    rng = np.random.default_rng(3)
    samples = rng.standard_normal((5, 8)).cumsum(axis=0)
    steps = resampled(samples).map(np.diff)
    direct = resampled(np.diff(samples, axis=0))
    np.testing.assert_allclose(steps.value, direct.value)
    np.testing.assert_allclose(steps.left_out, direct.left_out)


class OtherEstimate(NamedTuple):
    """What another jackknife may return."""

    value: object
    se: object
    low: object
    high: object
    n: object


@pytest.mark.parametrize(
    ("quantity", "count", "single"),
    [
        (SAMPLES, 1, True),
        (list(SAMPLES), 1, True),
        (jnp.asarray(SAMPLES, jnp.float32), 1, True),
        (np.stack([SAMPLES, SAMPLES, SAMPLES]), 3, False),
        (resampled(SAMPLES), 1, True),
        (Estimate(4.0, 1.78, 3), 1, True),
        ((4, 1.78, 3), 1, True),
        ([(4, 1.78, 3), Estimate(4.0, 1.78, 3)], 2, False),
        (OtherEstimate(4.0, 1.78, 0.0, 8.0, 4), 1, True),
        (OtherEstimate(np.full(2, 4.0), np.full(2, 1.78), None, None, 4), 2, False),
        (xr.DataArray(np.stack([SAMPLES, SAMPLES], axis=1), dims=("seed", "leak")), 2, False),
    ],
)
def test_every_accepted_form_gives_the_same_estimate(quantity, count, single):
    estimates, alone = estimates_of(quantity)
    assert len(estimates) == count
    assert alone is single
    for estimate in estimates:
        assert (estimate.value, estimate.se, estimate.dof) == pytest.approx((4.0, 1.78, 3), rel=2e-3)


def test_a_number_that_is_exact_has_an_interval_of_no_width():
    assert exact(0.25).interval() == (0.25, 0.25)


def test_one_seed_gives_no_error_and_so_no_interval():
    (estimate,), _ = estimates_of([3.0])
    assert estimate.value == 3.0
    assert math.isnan(estimate.se)
    assert math.isnan(estimate.interval()[0])


def test_a_seed_that_is_not_finite_spoils_the_estimate_rather_than_vanishing():
    assert math.isnan(estimates_of([1.0, math.nan, 2.0])[0][0].value)
    assert math.isnan(estimates_of([1.0, math.inf, 2.0])[0][0].se)


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ((1.0, 2.0), "value, se, dof"),
        (3.0, "seeds on its last axis"),
        (np.zeros((2, 0)), "seeds on its last axis"),
        (np.zeros((2, 2, 4)), "at most one axis"),
    ],
)
def test_a_quantity_of_the_wrong_form_is_refused_with_the_remedy(quantity, words):
    with pytest.raises(ValueError, match=words):
        estimates_of(quantity)


def test_tables_with_different_seeds_are_refused():
    with pytest.raises(ValueError, match=r"\[3, 4\] seeds"):
        resampled({"a": np.zeros(3), "b": np.zeros(4)}, lambda t: 0.0)


def test_resampled_holds_what_it_is_given():
    given = Resampled(np.asarray(1.0), np.array([1.0, 1.0, 1.0]))
    assert given.estimates()[0] == Estimate(1.0, 0.0, 2.0)
