"""The quadratic integrate-and-fire neuron against the solution of its equation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.gradients import ArcTan
from jaxsnn.neurons import QuadraticIF, QuadraticIFState

KEY = jax.random.key(0)
WIDE = {"peak": 50.0, "reset": -20.0}


def _run(cell, current, steps, dt, **options):
    xs = jnp.broadcast_to(jnp.asarray(current, jnp.zeros(()).dtype), (steps, cell.size))
    return simulate(cell, xs, dt=dt, key=KEY, record=lambda state, s: (state.v, s), **options)[1]


def _interval(i, tau, peak, reset):
    return tau / np.sqrt(i) * (np.arctan(peak / np.sqrt(i)) - np.arctan(reset / np.sqrt(i)))


@pytest.mark.parametrize("dt", [0.3, 3.0, 7.7])
def test_intervals_under_constant_current_are_those_of_the_equation_whatever_the_step(dt):
    current = np.array([0.3, 1.0, 4.0, 9.0])
    with jax.enable_x64(True):
        _, s = _run(QuadraticIF(10.0, **WIDE, size=4), current, round(1500 / dt), dt)
    for train, interval in zip(np.asarray(s).T, _interval(current, 10.0, **WIDE), strict=True):
        assert interval > dt
        steps = np.flatnonzero(train)
        exact = np.ceil(interval * np.arange(1, len(steps) + 1) / dt - 1e-9) - 1  # every spike in its own step
        np.testing.assert_array_equal(steps, exact)
        assert len(steps) == int(round(1500 / dt) * dt / interval)


def test_a_neuron_without_current_blows_up_after_the_inverse_of_its_potential():
    start = QuadraticIFState(v=jnp.asarray([0.5, 0.1, 0.0, -0.5]))
    v, s = _run(QuadraticIF(10.0, 1e4, -10.0, size=4), 0.0, 11, 10.0, state=start)
    assert list(np.argmax(np.asarray(s), axis=0)[:2]) == [1, 9]  # after 1/v - 1/peak, in units of tau
    np.testing.assert_array_equal(s[:, 2:], 0)
    np.testing.assert_allclose(v[-1, 2:], [0.0, -1 / (2 + 11)], rtol=1e-5)


def test_below_rheobase_it_rests_and_fires_only_when_pushed_over_the_hump():
    start = QuadraticIFState(v=jnp.asarray([-9.0, 0.0, 1.99, 2.01]))
    v, s = _run(QuadraticIF(10.0, 20.0, -20.0, size=4), -4.0, 400, 1.0, state=start)
    np.testing.assert_array_equal(np.sum(s, axis=0), [0, 0, 0, 1])
    np.testing.assert_allclose(v[-1], -2.0, rtol=1e-5)
    # from 2.01: dv/dx = v^2 - 4 takes (1/4) ln[(v - 2)(p + 2) / ((v + 2)(p - 2))] to the peak
    wait = 10 * 0.25 * np.log(4.01 / 0.01 * 18 / 22)
    assert np.argmax(s[:, 3]) == int(wait)


def test_one_long_step_equals_many_short_ones_through_zero_current():
    with jax.enable_x64(True):
        current = np.array([-3.0, -1e-3, -1e-9, 0.0, 1e-9, 1e-3, 0.02, 0.7])
        start = QuadraticIFState(v=jnp.asarray([1.2, -0.4, 0.6, 0.3, -2.0, 0.5, 0.1, -1.0]))
        cell = QuadraticIF(5.0, size=8)
        coarse = _run(cell, current, 1, 4.0, state=start)[0]
        fine = _run(cell, current, 400, 0.01, state=start)[0]
        assert np.max(np.abs(coarse)) < 10
        np.testing.assert_allclose(coarse[-1], fine[-1], rtol=1e-10)


@pytest.mark.slow
def test_gradient_of_the_flow_is_that_of_difference_quotients_on_both_sides_of_zero_current():
    with jax.enable_x64(True):
        start = QuadraticIFState(v=jnp.asarray([0.4]))

        def after(i, tau):
            return _run(QuadraticIF(tau, spike=ArcTan(1e-6), size=1), i, 3, 1.0, state=start)[0][-1, 0]

        @jax.jit
        @jax.vmap
        def slopes(i):
            h = 1e-5
            quotients = (after(i + h, 5.0) - after(i - h, 5.0), after(i, 5.0 + h) - after(i, 5.0 - h))
            return jnp.stack(jax.grad(after, (0, 1))(i, 5.0)), jnp.stack(quotients) / (2 * h)

        exact, quotients = slopes(jnp.asarray([-2.0, -1e-2, 0.0, 1e-2, 2.0]))
        np.testing.assert_allclose(exact, quotients, rtol=1e-6, atol=1e-9)


def test_after_a_spike_the_membrane_moves_on_from_its_reset_for_the_rest_of_the_step():
    with jax.enable_x64(True):
        start = QuadraticIFState(v=jnp.asarray([1.0]))
        v, s = _run(QuadraticIF(10.0, 10.0, -1.0, size=1), 1.0, 1, 9.0, state=start)
        climb = np.arctan(10.0) - np.pi / 4
        np.testing.assert_array_equal(s, [[1]])
        np.testing.assert_allclose(v[0, 0], np.tan(-np.pi / 4 + 0.9 - climb), rtol=1e-12)


def test_what_the_spike_rule_sees_goes_smoothly_through_the_peak():
    """The declared derivative of a spike is g(u) du; with a very wide bump g = 1, and the gradient is du itself."""
    with jax.enable_x64(True):
        dt, tau = 1.0, 10.0

        def seen(v):
            cell = QuadraticIF(tau, 10.0, -10.0, ArcTan(1e6), size=1)
            start = QuadraticIFState(v=jnp.reshape(v, (1,)))
            return _run(cell, 1.0, 1, dt, state=start)[1][0, 0]

        edge = np.tan(np.arctan(10.0) - dt / tau)  # reaches the peak at the end of the step
        (silent, fired), (below, above) = jax.jit(jax.vmap(jax.value_and_grad(seen)))(edge + np.array([-1e-7, 1e-7]))
        assert (silent, fired) == (0, 1)
        np.testing.assert_allclose(below, (100 + 1) / (edge**2 + 1), rtol=1e-5)
        np.testing.assert_allclose(above, below, rtol=1e-5)


@pytest.mark.parametrize("current", [1e6, -1e6])
def test_currents_of_any_size_leave_the_membrane_finite(current):
    v, s = _run(QuadraticIF(10.0, size=1), current, 50, 1.0)
    assert np.all(np.isfinite(v))
    assert np.sum(s) == (50 if current > 0 else 0)  # one spike a step at most


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tau": np.inf}, "QuadraticIF.tau = inf.*must be finite and positive"),
        ({"peak": 0.0}, "QuadraticIF.peak = 0.*must be finite and positive"),
        ({"reset": 10.0}, "QuadraticIF.reset = 10.*must be below peak = 10"),
        ({"reset": np.ones(2)}, r"QuadraticIF.reset.shape = .2,?.: must be \(\) or \(3,\)"),
    ],
)
def test_a_neuron_that_makes_no_sense_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        QuadraticIF(**({"size": 3} | options))
