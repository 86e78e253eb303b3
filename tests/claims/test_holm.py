"""Holm's correction against a family worked out by hand, and the chance of false verdicts by simulation."""

import math

import numpy as np
import pytest

from jaxsnn.claims import Estimate, all_of, judge, together, within
from jaxsnn.claims.claim import measured


def point(distance, dof=math.inf, label=""):
    """A point `distance` standard errors below its upper bound of zero."""
    return measured(Estimate(-distance, 1.0, dof), (-math.inf, 0.0), label)


def verdicts(*distances):
    return [outcome.verdict for outcome in judge([point(d) for d in distances])]


# Normal tails: 2 P(z > d) is .0500 at 1.960, .0250 at 2.2414, .0167 at 2.3940, .0125 at 2.4977.
@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        ((1.97,), ["holds"]),
        ((1.95,), ["undecided"]),
        ((-1.97,), ["fails"]),
        ((2.40, 2.25, 1.97), ["holds", "holds", "holds"]),  # .05/3, then .05/2, then .05
        ((1.97, 2.40, 2.25), ["holds", "holds", "holds"]),  # in any order
        ((2.38, 2.30, 2.30), ["undecided"] * 3),  # the first misses .05/3: nothing is decided
        ((2.40, 2.23, 2.20), ["holds", "undecided", "undecided"]),  # the second misses .05/2: the rest stays open
        ((2.40, -2.25, 1.97), ["holds", "fails", "holds"]),
        ((9.0, 9.0, 9.0, -2.0), ["holds", "holds", "holds", "fails"]),  # the last is read at the full 5 %
        ((2.5, 2.5, 2.5, -2.0), ["holds", "holds", "holds", "fails"]),
        ((2.0, 2.0, 2.0, -2.48), ["undecided"] * 4),  # .05/4 is needed first
    ],
)
def test_points_are_read_from_strong_to_weak_at_growing_shares(distances, expected):
    assert verdicts(*distances) == expected


def test_the_interval_shown_is_the_one_that_was_read():
    first, second = judge([point(2.5), point(1.0)])
    assert first.high == pytest.approx(-2.5 + 2.241403, abs=1e-5)  # 97.5 %
    assert second.high == pytest.approx(-1.0 + 1.959964, abs=1e-5)  # 95 %, still over the bound
    assert second.verdict == "undecided"


def test_a_few_seeds_widen_the_interval():
    assert judge([point(2.2, dof=7)])[0].verdict == "undecided"
    assert judge([point(2.4, dof=7)])[0].verdict == "holds"


def test_a_family_fails_if_any_fails_and_shows_the_worst_point():
    family = all_of({"a": point(9.0), "b": point(-9.0), "c": point(-5.0), "d": point(0.1)})
    assert family.verdict == "fails"
    assert (family.label, family.ours) == ("b", 9.0)
    assert [p.verdict for p in family.points] == ["holds", "fails", "fails", "undecided"]


def test_a_family_is_undecided_if_one_point_is():
    family = all_of({"a": point(9.0), "b": point(0.5)})
    assert family.verdict == "undecided"
    assert family.label == "b"


def test_families_in_a_family_share_one_correction():
    pairs = all_of({"x": all_of([point(2.25), point(2.25)]), "y": all_of([point(2.25), point(2.25)])})
    assert all_of([point(2.25), point(2.25)]).verdict == "holds"  # .05/2 is enough for two
    assert len(pairs.points) == 4
    assert pairs.verdict == "undecided"  # not for four


def test_claims_judged_together_keep_their_own_points_and_notes():
    alone = [point(2.25), all_of({"p": point(2.25), "q": point(2.25)}, note="a note")]
    a, b = together(alone)
    assert a.verdict == b.verdict == "undecided"  # .05/3 is missed
    assert [p.label for p in b.points] == ["p", "q"]
    assert b.note == "a note"


def test_an_empty_family_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        all_of([])


def rate_of(event, trials, draw):
    hits = np.mean([event(draw()) for _ in range(trials)])
    return hits, np.sqrt(0.05 * 0.95 / trials)


def test_a_point_without_tolerance_is_falsely_failed_one_time_in_twenty():
    rng = np.random.default_rng(11)
    rate, se = rate_of(
        lambda samples: within(samples, 1.0, absolute=0).verdict == "fails", 1500, lambda: 1 + rng.standard_normal(8)
    )
    assert abs(rate - 0.05) < 4 * se


def test_a_family_on_the_edge_of_its_tolerance_is_falsely_failed_as_rarely_as_one_point():
    rng = np.random.default_rng(12)
    draw = lambda: 1 + rng.standard_normal((10, 8))
    family, se = rate_of(lambda samples: within(samples, 1.0, absolute=0).verdict == "fails", 400, draw)
    single = lambda samples: any(within(row, 1.0, absolute=0).verdict == "fails" for row in samples)
    uncorrected, _ = rate_of(single, 60, draw)
    assert abs(family - (1 - (1 - 0.005) ** 10)) < 4 * se  # ten independent points at .05/10
    assert uncorrected > 0.2  # what the correction is for: 1 - .95^10 = .40


def test_a_family_with_a_point_outside_is_rarely_said_to_hold():
    rng = np.random.default_rng(13)
    centre = np.array([1.0, 1.0, 1.0, 1.1])  # the last on the edge of a tolerance of 0.1, the others well inside
    draw = lambda: centre[:, None] + 0.03 * rng.standard_normal((4, 8))
    rate, se = rate_of(lambda samples: within(samples, 1.0, absolute=0.1).verdict == "holds", 500, draw)
    assert rate < 0.025 + 4 * se
    assert rate > 0  # and the others do decide, so that the last is read at the full level
