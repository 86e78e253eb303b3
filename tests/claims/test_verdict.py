"""The verdict rules: intervals inside, outside and across the tolerance; axes, minima, power laws."""

import math

import numpy as np
import pytest

from jaxsnn.claims import (
    Outcome,
    above,
    all_of,
    below,
    decreases,
    exact,
    increases,
    interior_minimum,
    power_law,
    resampled,
    undecided,
    within,
)

NOISE = np.geomspace(0.05, 40.0, 24)
SEEDS = 8


def seeds_of(curve, scatter=0.01, seed=0, shared=0.0):
    """Per-seed values [point, seed] around a curve: relative scatter of each point, and one common to a seed."""
    rng = np.random.default_rng(seed)
    curve = np.asarray(curve, float)
    own, common = rng.standard_normal((len(curve), SEEDS)), rng.standard_normal(SEEDS)
    return curve[:, None] * (1 + scatter * own + shared * common)


U_SHAPE = np.sqrt(1 / 12 + NOISE**2 / 2 + 0.5 / NOISE)


# A standard error of 0.01 and 7 degrees of freedom: the interval reaches 0.0236 to either side.
@pytest.mark.parametrize(
    ("value", "rule", "expected"),
    [
        (1.000, lambda e: within(e, 1, relative=0.03), "holds"),
        (1.006, lambda e: within(e, 1, relative=0.03), "holds"),
        (1.007, lambda e: within(e, 1, relative=0.03), "undecided"),
        (1.030, lambda e: within(e, 1, relative=0.03), "undecided"),
        (1.053, lambda e: within(e, 1, relative=0.03), "undecided"),
        (1.054, lambda e: within(e, 1, relative=0.03), "fails"),
        (0.946, lambda e: within(e, 1, relative=0.03), "fails"),
        (1.000, lambda e: within(e, 1, absolute=0.02), "undecided"),  # the interval is wider than the tolerance
        (-1.0, lambda e: within(e, -1, relative=0.03), "holds"),  # a negative number has a tolerance around it too
        (-1.054, lambda e: within(e, -1, relative=0.03), "fails"),
        (0.024, lambda e: above(e, 0), "holds"),
        (0.023, lambda e: above(e, 0), "undecided"),
        (-0.023, lambda e: above(e, 0), "undecided"),
        (-0.024, lambda e: above(e, 0), "fails"),
        (0.976, lambda e: below(e, 1), "holds"),
        (0.977, lambda e: below(e, 1), "undecided"),
        (1.024, lambda e: below(e, 1), "fails"),
    ],
)
def test_the_verdict_follows_from_where_the_interval_lies(value, rule, expected):
    outcome = rule((value, 0.01, 7))
    assert outcome.verdict == expected
    assert (outcome.ours, outcome.se) == (value, 0.01)
    assert (outcome.low, outcome.high) == pytest.approx((value - 0.023646, value + 0.023646), abs=1e-6)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "rule",
    [
        lambda e: within(e, 1.0, relative=0.03),
        lambda e: above(e, -5.0),
        lambda e: below(e, 5.0),
        lambda e: all_of([above(e, -5.0)]),
    ],
)
def test_what_is_not_a_finite_number_never_holds(value, rule):
    for quantity in ((value, 0.0, 7), (value, 0.1, 7), [value] * 8, [value, 1.0, 1.0]):
        assert rule(quantity).verdict == "undecided"
    assert within((1.0, math.nan, 7), 1.0, relative=0.5).verdict == "undecided"


def test_a_hand_made_outcome_that_is_not_a_number_cannot_hold():
    assert Outcome(math.nan, 0.0, 0.0, 0.0, "holds").verdict == "undecided"
    with pytest.raises(ValueError, match="holds, fails, undecided"):
        Outcome(1.0, 0.0, 1.0, 1.0, "maybe")


def test_one_seed_decides_nothing_and_says_so():
    outcome = within([1.0], 1.0, relative=0.5)
    assert outcome.verdict == "undecided"
    assert "one seed" in outcome.note


def test_an_exact_number_is_decided_even_on_the_edge_of_its_tolerance():
    assert within(exact(1.5), 1.0, absolute=0.5).verdict == "holds"
    assert within(exact(1.5000001), 1.0, absolute=0.5).verdict == "fails"


def test_a_family_may_have_a_bound_for_each_point():
    line = np.array([1.0, 2.0, 3.0])
    samples = seeds_of(line * 0.9, scatter=0.003)
    assert below(samples, line, labels=["a", "b", "c"]).verdict == "holds"
    high = below(samples, np.array([1.0, 1.5, 3.0]), labels=["a", "b", "c"])
    assert (high.verdict, high.label) == ("fails", "b")


def test_differences_are_taken_within_a_seed():
    curve = np.linspace(1.0, 1.1, 6)
    samples = seeds_of(curve, scatter=0.001, shared=0.2)  # the seeds differ by far more than the curve rises
    assert increases(np.arange(6), samples).verdict == "holds"
    shuffled = np.stack([np.roll(row, i) for i, row in enumerate(samples)])
    assert increases(np.arange(6), shuffled).verdict == "undecided"


@pytest.mark.parametrize(
    ("curve", "rising", "falling"),
    [
        ([1.0, 2.0, 3.0], "holds", "fails"),
        ([3.0, 2.0, 1.0], "fails", "holds"),
        ([1.0, 2.0, 1.0], "fails", "fails"),
        ([1.0, 2.0, 2.0], "undecided", "fails"),
    ],
)
def test_a_curve_increases_only_if_every_step_does(curve, rising, falling):
    samples = seeds_of(curve, seed=1)
    assert increases([0.1, 1, 10], samples).verdict == rising
    assert decreases([0.1, 1, 10], samples).verdict == falling
    assert increases([0.1, 1, 10], resampled(samples)).verdict == rising


def test_a_flat_step_needs_a_tolerance_fixed_beforehand():
    samples = seeds_of([1.0, 1.0, 2.0], scatter=0.001, seed=1)
    assert increases([0, 1, 2], samples).verdict == "undecided"
    assert increases([0, 1, 2], samples, tolerance=0.01).verdict == "holds"
    assert decreases([0, 1, 2], samples, tolerance=0.01).verdict == "fails"


def test_a_u_shape_has_an_interior_minimum():
    outcome = interior_minimum(NOISE, seeds_of(U_SHAPE, scatter=0.001))
    assert outcome.verdict == "holds"
    assert f"minimum at {NOISE[U_SHAPE.argmin()]:.4g}" in outcome.note
    assert outcome.ours == pytest.approx(min(U_SHAPE[0], U_SHAPE[-1]) / U_SHAPE.min() - 1, rel=0.05)


@pytest.mark.parametrize(
    ("lowest", "expected"), [(0, None), (1, None), (2, None), (3, "holds"), (20, "holds"), (21, None)]
)
def test_a_minimum_within_two_points_of_an_end_is_undecided(lowest, expected):
    curve = 1.0 + 0.1 * np.abs(np.arange(24) - lowest)
    outcome = interior_minimum(NOISE, seeds_of(curve, scatter=0.005))
    assert outcome.verdict == (expected or "undecided")
    assert expected or "of an end" in outcome.note


def test_a_minimum_shallower_than_claimed_fails():
    samples = seeds_of(1 + 0.1 * np.linspace(-1, 1, 11) ** 2, scatter=0.001)
    assert interior_minimum(np.arange(11), samples, depth=0.05).verdict == "holds"
    assert interior_minimum(np.arange(11), samples, depth=0.2).verdict == "fails"


def test_luck_makes_a_minimum_no_deeper():
    """The lowest of many noisy points is low by luck; ends that are 20 % above all of them must be found at 20 %."""
    curve = np.where(np.isin(np.arange(100), [0, 1, 2, 97, 98, 99]), 1.2, 1.0)
    scatter = np.where(curve > 1, 0.001, 0.1)[:, None]
    outcomes = [interior_minimum(np.arange(100), seeds_of(curve, scatter, s), depth=0.2) for s in range(200)]
    rises = np.array([outcome.ours for outcome in outcomes])
    assert abs(rises.mean() - 0.2) < 4 * rises.std(ddof=1) / np.sqrt(200)
    assert np.mean([outcome.verdict == "undecided" for outcome in outcomes]) > 0.8


def test_a_grid_of_a_smoke_run_is_undecided_rather_than_an_error():
    samples = np.ones((3, SEEDS)) * np.array([2.0, 1.0, 2.0])[:, None]
    assert interior_minimum([1, 2, 3], samples).verdict == "undecided"
    assert interior_minimum(NOISE, U_SHAPE[:, None]).verdict == "undecided"
    assert increases([1], samples[:1]).verdict == "undecided"
    assert power_law([1, 2, 3], samples, curvature=0.1).verdict == "undecided"


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        (3.0 * NOISE**0.33, "holds"),
        (np.sqrt(1 + NOISE**2), "fails"),  # bends from exponent 0 to 1
        (NOISE ** (0.33 + 0.05 * np.log(NOISE) / 2), "undecided"),  # a curvature of exactly the tolerance
    ],
)
def test_a_power_law_is_straight_on_log_axes(curve, expected):
    assert power_law(NOISE, seeds_of(curve, 0.02, seed=2), curvature=0.05).verdict == expected


def test_a_power_law_may_hold_over_a_range_and_fail_over_more():
    samples = seeds_of(np.sqrt(1 + NOISE**2), 0.002)
    assert power_law(NOISE, samples, curvature=0.05, between=(8, 40), exponent=(0.95, 1.0)).verdict == "holds"
    assert power_law(NOISE, samples, curvature=0.05, between=(8, 40), exponent=(0.3, 0.4)).verdict == "fails"
    assert power_law(NOISE, samples, curvature=0.05).verdict == "fails"


def test_a_power_law_shows_its_exponent_when_that_is_claimed():
    outcome = power_law(NOISE, seeds_of(NOISE**0.33), curvature=0.05, exponent=(0.3, 0.36))
    assert outcome.verdict == "holds"
    assert outcome.ours == pytest.approx(0.33, abs=0.005)


def test_a_jackknifed_optimum_can_be_a_power_law():
    curves = np.stack([seeds_of(n**0.4 * U_SHAPE, seed=i) for i, n in enumerate((1.0, 2.0, 4.0, 8.0))])
    least = resampled(curves, lambda c: c.mean(-1).min(-1))
    assert power_law([1, 2, 4, 8], least, curvature=0.1, exponent=(0.35, 0.45)).verdict == "holds"


def test_a_fixed_verdict_inside_a_family_stays():
    family = all_of({"a": above((1.0, 0.1, 7), 0), "b": undecided("the grid ends there")})
    assert family.verdict == "undecided"
    assert family.label == "b"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: within([1.0, 2.0], 1.0), "exactly one tolerance"),
        (lambda: within([1.0, 2.0], 1.0, relative=0.1, absolute=0.1), "exactly one tolerance"),
        (lambda: within([1.0, 2.0], 0.0, relative=0.1), "absolute"),
        (lambda: within([1.0, 2.0], 1.0, absolute=-0.1), "not negative"),
        (lambda: below(np.ones((3, 8)), np.ones(8)), "seeds on the last axis"),
        (lambda: below(np.ones((3, 8)), 1.0, labels=["a"]), "1 labels for 3 points"),
        (lambda: increases([1, 1, 2], np.ones((3, 8))), "strictly increasing"),
        (lambda: increases([1, 2], np.ones((3, 8))), "point, seed"),
        (lambda: interior_minimum(NOISE, resampled(seeds_of(U_SHAPE))), "per-seed"),
        (lambda: interior_minimum(NOISE, -seeds_of(U_SHAPE)), "positive"),
        (lambda: power_law(NOISE - 1, seeds_of(U_SHAPE), curvature=0.1), "positive"),
        (lambda: power_law(NOISE, seeds_of(U_SHAPE), curvature=0.1, between=(5, 1)), "swap"),
        (lambda: power_law(NOISE, seeds_of(U_SHAPE), curvature=0), "positive"),
    ],
)
def test_a_rule_that_is_misused_says_what_to_do(call, words):
    with pytest.raises(ValueError, match=words):
        call()
