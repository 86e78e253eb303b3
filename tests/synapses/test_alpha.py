"""Currents that rise and decay, against their integrals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.synapses import Alpha, DoubleExponential, Exponential
from tests.laws.quick import quick_jit

KEY = jax.random.key(0)


def _run(cell, xs, dt, **options):
    return simulate(cell, jnp.asarray(xs), dt=dt, key=KEY, **options)[1]


def _impulse(steps, size=1):
    return np.eye(1, steps)[0][:, None] * np.ones(size)


def _charge(t, rise, decay):
    """Integral of the current of area 1 from 0 to t."""
    if rise == decay:
        return 1 - (1 + t / rise) * np.exp(-t / rise)
    return 1 - (decay * np.exp(-t / decay) - rise * np.exp(-t / rise)) / (decay - rise)


@pytest.mark.parametrize("dt", [0.1, 1.0, 10.0])
@pytest.mark.parametrize(("rise", "decay"), [(0.5, 3.0), (3.0, 0.5), (2.0, 2.0), (2.0, 2.0002)])
def test_current_of_a_spike_is_the_mean_of_the_kernel_over_each_step(rise, decay, dt):
    with jax.enable_x64(True):
        edges = dt * np.arange(21)
        expected = np.diff(_charge(edges, rise, decay)) / dt
        tolerance = 1e-10 if rise != decay and abs(rise - decay) < 1 else 1e-13  # the closed form loses digits there
        for block in (1, 20):
            ours = _run(DoubleExponential(rise, decay, size=1), _impulse(20), dt, block=block)[:, 0]
            np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=tolerance * expected.max())


@pytest.mark.parametrize(
    "dt", [0.05, pytest.param(1.0, marks=pytest.mark.slow), pytest.param(20.0, marks=pytest.mark.slow)]
)
def test_charge_of_a_spike_is_one_whatever_the_step_in_float32(dt):
    rise, decay = np.array([0.5, 3.0, 3.0, 0.01]), np.array([4.0, 3.0, 3.001, 4.0])
    xs = _impulse(round(200 / dt), 4).astype(np.float32)
    charge = dt * np.asarray(_run(DoubleExponential(rise, decay, size=4), xs, dt), float).sum(axis=0)
    np.testing.assert_allclose(charge, 1, rtol=1e-5)
    charge = dt * np.asarray(_run(Alpha(3.0, size=4), xs, dt), float).sum(axis=0)
    np.testing.assert_allclose(charge, 1, rtol=1e-5)


def test_largest_current_is_one_at_its_time_when_the_peak_is_normalised():
    dt, rise, decay = 1e-3, np.array([1.0, 2.0, 0.2, 1.0]), np.array([3.0, 2.0, 0.3, 1.15])
    with jax.enable_x64(True):
        cell = DoubleExponential(rise, decay, size=4, normalize="peak")
        i = np.asarray(_run(cell, _impulse(8000, 4), dt, record=lambda state, y: state.i))
    ratio = decay / rise
    peak = np.where(rise == decay, rise, np.log(ratio) * decay / np.where(rise == decay, 1, ratio - 1))
    np.testing.assert_allclose(i.max(axis=0), 1, rtol=1e-6)
    np.testing.assert_allclose(dt * (i.argmax(axis=0) + 1), peak, atol=1.01 * dt)


def _total(cell):
    xs = jnp.asarray(_impulse(12)) + 0.3
    return jnp.sum(jnp.sin(1.0 + jnp.arange(12.0)) * _run(cell, xs, 0.5)[:, 0])


@pytest.mark.parametrize("normalize", ["area", pytest.param("peak", marks=pytest.mark.slow)])
def test_alpha_is_the_limit_of_two_time_constants_that_meet_in_value_and_gradient(normalize):
    double = lambda rise, decay: _total(DoubleExponential(rise, decay, size=1, normalize=normalize))
    alpha = quick_jit(jax.value_and_grad(lambda tau: _total(Alpha(tau, size=1, normalize=normalize))))
    graded = quick_jit(jax.value_and_grad(double, (0, 1)))
    with jax.enable_x64(True):
        value, (by_rise, by_decay) = graded(2.0, 2.0)
        np.testing.assert_allclose(alpha(2.0), (value, by_rise + by_decay), rtol=1e-9)
        h = 1e-3  # on either side other branches are taken
        for sign in (1, -1):
            near, (slope, _) = graded(2.0 + sign * h, 2.0)
            np.testing.assert_allclose(near, value + sign * h * (slope + by_rise) / 2, rtol=1e-8)
        np.testing.assert_allclose(graded(2.0, 2.5)[0], graded(2.5, 2.0)[0], rtol=1e-12)


def test_gradients_equal_finite_differences_at_every_distance_of_the_time_constants():
    total = lambda rise: _total(DoubleExponential(rise, 2.0, size=1, normalize="peak"))
    graded = quick_jit(jax.vmap(jax.value_and_grad(total)))
    with jax.enable_x64(True):
        rise, h = 2.0 - jnp.asarray([0.0, 1e-6, 1e-3, 0.05, 0.3, 0.5, 1.5]), 1e-5
        slope = (graded(rise + h)[0] - graded(rise - h)[0]) / (2 * h)
        np.testing.assert_allclose(graded(rise)[1], slope, rtol=1e-6)


def test_a_vanishing_rise_is_the_exponential_current():
    xs = np.asarray(jax.random.bernoulli(KEY, 0.2, (50, 2)), np.float32)
    ours = _run(DoubleExponential(1e-6, 3.0, size=2), xs, 0.5)
    np.testing.assert_allclose(ours, _run(Exponential(3.0, size=2), xs, 0.5) / 3.0, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: DoubleExponential(0.0, 5.0, size=1), "DoubleExponential.tau_rise = 0.*use Exponential"),
        (lambda: DoubleExponential(1.0, np.nan, size=1), "DoubleExponential.tau_decay = nan"),
        (lambda: DoubleExponential(np.ones(2), size=3), r"DoubleExponential.tau_rise.shape = \(2,\)"),
        (lambda: DoubleExponential(size=3, normalize="max"), "DoubleExponential.normalize = 'max'.*'area', 'peak'"),
        (lambda: Alpha(-1.0, size=3), "Alpha.tau = -1"),
        (lambda: Alpha(size=0), "Alpha.size = 0"),
    ],
)
def test_a_current_that_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("fastest", [1.0, 0.1, 1 / 87.6, 1 / 90, 1e-3])
def test_value_and_gradient_stay_the_same_when_the_time_constants_are_exchanged_however_far_apart(fastest):
    def second(one, other):
        """The current in the step after that of a spike."""
        cell = DoubleExponential(one, other, size=1)
        return simulate(cell, jnp.array([[1.0], [0.0]]), dt=1.0, key=jax.random.key(0))[1][1, 0]

    slow, fast = jnp.float32(5.0), jnp.float32(fastest)
    found, exchanged = (jax.value_and_grad(second, argnums=(0, 1))(*taus) for taus in ((slow, fast), (fast, slow)))
    np.testing.assert_allclose(found[0], exchanged[0], rtol=1e-5)
    np.testing.assert_allclose(found[1], exchanged[1][::-1], rtol=1e-3, atol=1e-6)
