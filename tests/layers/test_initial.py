"""How weights begin."""

import numpy as np
import pytest

from jaxsnn.layers import kaiming_uniform, threshold_scaled


def test_kaiming_weights_are_uniform_with_two_over_the_number_of_inputs_for_their_variance(getkey):
    weight = np.asarray(kaiming_uniform(getkey(), (40, 20, 5, 5)))
    assert np.abs(weight).max() <= np.sqrt(6 / 500)
    assert weight.var() == pytest.approx(2 / 500, rel=4 * np.sqrt(0.8 / weight.size))  # kurtosis 1.8


@pytest.mark.parametrize(("beta", "rate"), [(0.5, 0.1), (0.9, 0.3)])
def test_threshold_scaled_weights_bring_a_free_membrane_to_the_size_of_the_threshold(beta, rate, getkey):
    pre, post, runs = 60, 50, 40
    weights = threshold_scaled(getkey(), (runs * post, pre), beta=beta, rate=rate, threshold=2.0)
    weights, spikes = np.asarray(weights).reshape(runs, post, pre), np.random.default_rng(0).random((60, runs, pre, 1))
    v = np.zeros((runs, post, 1))
    for s in spikes < rate:
        v = beta * v + weights @ s
    squares = np.square(v).mean(axis=(1, 2))  # of a run: its neurons share their inputs
    assert abs(squares.mean() - 4.0) < 4 * squares.std(ddof=1) / np.sqrt(runs)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"beta": 1.0, "rate": 0.1}, "beta = 1.0"), ({"beta": 0.5, "rate": 0.0}, "rate = 0.0")],
)
def test_what_has_no_stationary_state_is_refused(options, message, getkey):
    with pytest.raises(ValueError, match=message):
        threshold_scaled(getkey(), (3, 4), **options)
    with pytest.raises(ValueError, match="must be \\(post, pre\\)"):
        kaiming_uniform(getkey(), (3,))
