"""The neuron with an adaptive threshold against its equations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.gradients import ArcTan
from jaxsnn.neurons import LIF, AdaptiveLIF, AdaptiveLIFState

KEY = jax.random.key(0)


def _settled(i, tau, threshold, tau_adapt, strength):
    """The interval T of the module's docstring, by bisection."""
    low, high = 0.0, 1e4
    for _ in range(200):
        middle = 0.5 * (low + high)
        q = np.exp(-middle / tau_adapt)
        early = middle == 0 or i * -np.expm1(-middle / tau) < threshold + strength * q / (1 - q)
        low, high = (middle, high) if early else (low, middle)
    return low


@pytest.mark.parametrize("dt", [0.5, 0.05])
def test_interval_under_constant_current_settles_where_threshold_and_membrane_meet(dt):
    parameters = {"tau": 10.0, "threshold": 1.0, "tau_adapt": 60.0, "strength": 0.2}
    current = np.array([0.9, 1.5, 3.0])
    xs = jnp.broadcast_to(jnp.asarray(current, jnp.float32), (round(1200 / dt), 3))
    _, s = simulate(AdaptiveLIF(**parameters, size=3), xs, dt=dt, key=KEY)
    at = [np.flatnonzero(train) * dt for train in np.asarray(s).T]
    assert len(at[0]) == 0
    for spikes, i in zip(at[1:], current[1:], strict=True):
        first = 10.0 * np.log(i / (i - 1))
        assert spikes[1] - spikes[0] > first  # it adapts
        late = spikes[spikes > 600]
        mean = (late[-1] - late[0]) / (len(late) - 1)
        assert abs(mean - _settled(i, **parameters)) < dt
        assert mean > 1.5 * first


def test_membrane_and_adaptation_follow_their_exponentials_whatever_the_step():
    start = AdaptiveLIFState(v=jnp.asarray([0.2]), a=jnp.asarray([3.0]))
    for dt in (0.1, 1.0, 20.0):
        xs = jnp.full((round(20 / dt), 1), 0.9)
        final, s = simulate(AdaptiveLIF(10.0, 1.0, 50.0, 0.5, size=1), xs, dt=dt, key=KEY, state=start)
        np.testing.assert_allclose(final.v, 0.9 - 0.7 * np.exp(-2.0), rtol=3e-6)
        np.testing.assert_allclose(final.a, 3 * np.exp(-0.4), rtol=3e-6)
        assert np.sum(s) == 0


def test_a_spike_takes_the_raised_threshold_off_and_raises_it_further():
    start = AdaptiveLIFState(v=jnp.zeros(1), a=jnp.asarray([2.0]))
    final, s = simulate(AdaptiveLIF(1e6, 1.0, 1e9, 0.25, size=1), jnp.full((1, 1), 1.8e6), dt=1.0, key=KEY, state=start)
    assert s[0, 0] == 1
    np.testing.assert_allclose(final.v, 1.8 - 1.5, rtol=1e-5)
    np.testing.assert_allclose(final.a, 3.0, rtol=1e-6)


def test_without_strength_it_is_the_plain_neuron():
    xs = 1.5 + jax.random.normal(KEY, (80, 3))
    plain = simulate(LIF(8.0, 1.0, size=3), xs, dt=0.5, key=KEY)[1]
    ours = simulate(AdaptiveLIF(8.0, 1.0, 30.0, 0.0, size=3), xs, dt=0.5, key=KEY)[1]
    np.testing.assert_array_equal(ours, plain)
    assert 5 < np.sum(plain) < 100


@pytest.mark.parametrize("detach", [False, True])
def test_gradient_counts_the_adaptation_always_and_the_reset_unless_detached(detach):
    xs = 3.0 + jax.random.normal(jax.random.key(1), (20, 1))

    def count(strength):
        cell = AdaptiveLIF(5.0, 0.8, 4.0, strength, ArcTan(0.5), size=1, detach_reset=detach)
        return jnp.sum(simulate(cell, xs, dt=0.5, key=KEY)[1])

    e, k, b = np.exp(-0.1), np.exp(-0.125), 0.3
    v = a = d_v = d_a = total = 0.0
    for x in np.asarray(xs, float)[:, 0]:
        v, d_v, a, d_a = e * v + (1 - e) * x, e * d_v, k * a, k * d_a
        theta, d_theta = 0.8 + b * a, a + b * d_a
        s, g = float(v >= theta), 1 / (1 + ((v - theta) / 0.5) ** 2)
        d_s = g * (d_v - d_theta)
        total += d_s
        v, d_v = v - theta * s, d_v - d_theta * s - (0 if detach else theta * d_s)
        a, d_a = a + s, d_a + d_s
    np.testing.assert_allclose(jax.grad(count)(b), total, rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 0}, "AdaptiveLIF.size = 0: must be an integer of at least 1"),
        ({"tau_adapt": 0.0}, "AdaptiveLIF.tau_adapt = 0.*must be finite and positive"),
        ({"strength": np.nan}, "AdaptiveLIF.strength = nan: must be finite"),
        ({"strength": np.ones(2)}, r"AdaptiveLIF.strength.shape = .2,?.: must be \(\) or \(3,\)"),
    ],
)
def test_a_neuron_that_makes_no_sense_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        AdaptiveLIF(**({"size": 3} | options))
