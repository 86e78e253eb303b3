"""Delay kernels against their formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays import DelayLine, Gaussian, Linear, Nearest, Triangular, in_steps
from jaxsnn.engine import simulate


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


def test_a_triangular_kernel_of_one_step_is_linear_interpolation_and_a_wider_one_a_hat():
    steps, lags = jnp.asarray([0.0, 0.25, 3.0, 4.9]), jnp.arange(7, dtype=jnp.int32)
    np.testing.assert_allclose(
        Triangular().weights(steps, lags, last=6), Linear().weights(steps, lags, last=6), atol=1e-6
    )
    wide = Triangular(2.0).weights(jnp.asarray(3.25), lags, last=6)
    hat = np.maximum(0, 1 - abs(np.arange(7) - 3.25) / 2)
    np.testing.assert_allclose(wide, hat / hat.sum(), rtol=1e-6)


def test_a_triangle_that_would_miss_a_delay_or_lose_its_feet_is_refused():
    with pytest.raises(ValueError, match=r"Triangular.width = 0.5.*must be at least 1 step, or some delays"):
        Triangular(0.5)
    with pytest.raises(ValueError, match=r"Triangular.reach = 1: must be at least the width = 2 steps; raise it"):
        Triangular(2.0, reach=1)


@pytest.mark.parametrize("form", ["stepwise", "whole"])
@pytest.mark.parametrize(
    "kernel", [Linear, lambda: Triangular(1.7, reach=2), lambda: Gaussian(0.8, reach=4)], ids=["lin", "tri", "gauss"]
)
def test_the_gradient_of_a_delay_that_is_not_whole_agrees_with_finite_differences(kernel, form):
    with jax.enable_x64(True):
        xs = np.asarray(jax.random.normal(jax.random.key(0), (12, 3)))
        worth = jnp.sin(1.0 + jnp.arange(36.0).reshape(12, 3))

        @jax.jit
        def loss(delay):
            line = DelayLine(delay, size=3, max_delay=6, kernel=kernel())
            ys = simulate(line, xs, dt=0.5, key=jax.random.key(0), block=1 if form == "stepwise" else 12)[1]
            return jnp.sum(jnp.square(ys) * worth)

        delay, h = jnp.asarray([1.13, 0.6, 2.4]), 1e-6
        gradient = jax.grad(loss)(delay)
        for n in range(3):
            difference = (loss(delay.at[n].add(h)) - loss(delay.at[n].add(-h))) / (2 * h)
            np.testing.assert_allclose(gradient[n], difference, atol=1e-6)


@pytest.mark.parametrize("kernel", [Gaussian(0.05), Gaussian(3.0), Triangular(2.5)])
@pytest.mark.parametrize("first", [0, 1])
def test_weights_over_all_lags_have_finite_gradients_that_agree_in_both_modes(kernel, first):
    delays, lags = jnp.asarray([0.2, 1.7, 9.5, 19.9]), jnp.arange(first, 21, dtype=jnp.int32)
    weights = lambda delays: kernel.weights(delays, lags, first=first, last=19)
    assert np.all(np.isfinite(weights(delays)))
    backward, onward = (jax.jit(mode(weights))(delays) for mode in (jax.jacrev, jax.jacfwd))
    assert np.all(np.isfinite(backward))
    np.testing.assert_allclose(backward, onward, rtol=1e-5, atol=1e-5)
