"""Delay kernels against their formulas."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays import Gaussian, Linear, Nearest, in_steps


def test_nearest_rounds_halves_up():
    lags, weights = Nearest().taps(jnp.asarray([0.49, 0.5, 1.5, 2.51]))
    np.testing.assert_array_equal(lags[0], [0, 1, 2, 3])
    np.testing.assert_array_equal(weights, 1)


def test_linear_weighs_the_two_neighbours_by_closeness():
    lags, weights = Linear().taps(jnp.asarray([0.25, 3.0]))
    np.testing.assert_array_equal(lags, [[0, 3], [1, 4]])
    np.testing.assert_allclose(weights, [[0.75, 1], [0.25, 0]])


@pytest.mark.parametrize("delay", [0.0, 3.3, 12.0, 24.0])
@pytest.mark.parametrize("width", [0.5, 2.0, 12.27])
def test_gaussian_is_the_kernel_of_dilated_convolutions_with_learnable_spacings(delay, width):
    taps = 25  # T_d; their position is counted from the other end, T_d - 1 - delay
    g = np.exp(-((np.arange(taps) - (taps - 1 - delay)) ** 2) / (2 * width**2))
    weights = Gaussian(width).weights(jnp.asarray(delay), jnp.arange(taps, dtype=jnp.int32), last=taps - 1)
    np.testing.assert_allclose(weights, (g / g.sum())[::-1], rtol=2e-5, atol=1e-9)


def test_a_gaussian_of_any_width_stays_a_number():
    lags = jnp.arange(8, dtype=jnp.int32)
    for width in (1e-3, 1e3):  # the first underflows at every tap when the delay is between two
        weights = Gaussian(width).weights(jnp.asarray([2.5, 3.0]), lags, last=7)
        np.testing.assert_allclose(jnp.sum(weights, axis=0), 1, rtol=1e-6)


def test_a_window_that_would_cut_the_gaussian_is_refused():
    Gaussian(0.6, reach=3)
    with pytest.raises(ValueError, match=r"Gaussian.reach = 3: must be at least 5 widths = 5 steps; raise it"):
        Gaussian(1.0, reach=3)
    with pytest.raises(ValueError, match=r"Gaussian.width = 0.* must be finite and positive"):
        Gaussian(0.0)
    with pytest.raises(ValueError, match=r"all lags need a longest one"):
        Gaussian(1.0).taps(jnp.asarray(2.0))


def test_steps_within_rounding_of_a_whole_number_are_whole():
    steps = in_steps(jnp.asarray([0.3, 0.7, 0.31]), jnp.asarray(0.05))
    np.testing.assert_array_equal(steps[:2], [6, 14])
    assert 6.19 < steps[2] < 6.21
