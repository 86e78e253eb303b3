"""The leaky integrate-and-fire neuron against its equation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.gradients import ArcTan
from jaxsnn.neurons import LIF, LIFState

KEY = jax.random.key(0)


def _constant(current, steps):
    return jnp.broadcast_to(jnp.asarray(current, jnp.float32), (steps, len(current)))


@pytest.mark.parametrize("dt", [0.5, 0.05])
def test_rate_under_constant_current_is_that_of_the_equation(dt):
    tau, time = 10.0, 500.0
    current = np.array([0.5, 0.999, 1.05, 1.3, 2.0, 5.0])
    _, s = simulate(LIF(tau, 1.0, size=6), _constant(current, round(time / dt)), dt=dt, key=KEY)
    at = [np.flatnonzero(train) for train in np.asarray(s).T]
    assert len(at[0]) == len(at[1]) == 0  # the membrane relaxes to the current and never reaches threshold
    for spikes, i in zip(at[2:], current[2:], strict=True):
        interval = tau * np.log(i / (i - 1))
        mean = (spikes[-1] - spikes[0]) * dt / (len(spikes) - 1)
        assert abs(mean - interval) < dt
        assert abs(spikes[0] * dt - interval) < 1.5 * dt  # from v = 0, as after every reset


def test_membrane_follows_the_exponential_exactly_whatever_the_step():
    for dt in (0.1, 1.0, 20.0):
        final, _ = simulate(LIF(10.0, 1.0, size=1), _constant([0.8], round(20 / dt)), dt=dt, key=KEY)
        np.testing.assert_allclose(final.v, 0.8 * (1 - np.exp(-2.0)), rtol=2e-6)


def test_what_lies_above_threshold_stays_after_the_reset():
    final, s = simulate(LIF(1e6, 1.0, size=1), _constant([1.7e6], 1), dt=1.0, key=KEY)
    assert s[0, 0] == 1
    np.testing.assert_allclose(final.v, 0.7, rtol=1e-5)


def test_a_spike_is_flagged_in_the_step_that_reaches_threshold():
    start = LIFState(v=jnp.asarray([0.999, 0.9]))
    _, s = simulate(LIF(10.0, 1.0, size=2), _constant([2.0, 2.0], 1), dt=0.1, key=KEY, state=start)
    np.testing.assert_array_equal(s, [[1, 0]])


def test_gradient_of_a_threshold_counts_the_reset_unless_detached():
    xs = 3.0 + jax.random.normal(jax.random.key(1), (20, 1))

    def count(threshold, detach):
        cell = LIF(5.0, threshold, ArcTan(0.5), size=1, detach_reset=detach)
        return jnp.sum(simulate(cell, xs, dt=0.5, key=KEY)[1])

    for detach in (False, True):
        # by hand: dv' = e dv, ds = g(v - threshold) (dv - dthreshold), and the reset takes s dthreshold + threshold ds
        e, v, d_v, total = np.exp(-0.1), 0.0, 0.0, 0.0
        for x in np.asarray(xs)[:, 0]:
            v, d_v = e * v + (1 - e) * x, e * d_v
            s, g = float(v >= 1), 1 / (1 + ((v - 1) / 0.5) ** 2)
            d_s = g * (d_v - 1)
            total += d_s
            v, d_v = v - s, d_v - s - (0 if detach else d_s)
        np.testing.assert_allclose(jax.grad(count)(1.0, detach), total, rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 0}, "LIF.size = 0: must be an integer of at least 1"),
        ({"tau": 0.0}, "LIF.tau = 0.*must be finite and positive"),
        ({"tau": np.ones(2)}, r"LIF.tau.shape = \(2,\): must be \(\) or \(3,\)"),
        ({"threshold": np.nan}, "LIF.threshold = nan: must be finite"),
    ],
)
def test_a_neuron_that_makes_no_sense_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        LIF(**({"size": 3} | options))
