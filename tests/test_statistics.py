"""The jackknife and Student's t, where the answer is known."""

import math

import numpy as np
import pytest

from jaxsnn.statistics import jackknife_error, leave_one_out, student_quantile, student_tails


def test_each_seed_is_left_out_once():
    assert np.array_equal(np.stack(list(leave_one_out(4))), ~np.eye(4, dtype=bool))


def test_the_jackknife_of_a_mean_is_its_textbook_error():
    samples = np.random.default_rng(1).normal(size=(2, 3, 8))
    left_out = np.stack([samples[..., others].mean(axis=-1) for others in leave_one_out(8)], axis=-1)
    np.testing.assert_allclose(jackknife_error(left_out), samples.std(axis=-1, ddof=1) / np.sqrt(8))


def test_one_seed_or_one_infinity_gives_no_error():
    assert np.isnan(jackknife_error(np.zeros((3, 1)))).all()
    assert np.isnan(jackknife_error(np.array([[1.0, np.inf, 2.0], [1.0, 2.0, 3.0]]))).tolist() == [True, False]


def test_quantiles_are_those_of_the_t_table():
    assert student_quantile(0.975, 7) == pytest.approx(2.364624, rel=1e-6)
    assert student_quantile(0.975, math.inf) == pytest.approx(1.959964, rel=1e-6)
    assert math.isnan(student_quantile(0.975, 0))


def test_tails_and_quantile_are_inverse():
    for dof in (1, 3, 7, 31, math.inf):
        assert student_tails(student_quantile(0.995, dof), dof) == pytest.approx(0.01)


def test_nothing_known_is_no_evidence():
    assert student_tails(5.0, 0) == 1.0
    assert student_tails(math.nan, 7) == 1.0
