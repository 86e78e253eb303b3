"""The refractory, hard-reset integrate-and-fire neuron against its equation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.gradients import ArcTan, Hazard, NoiseDriven, enumerate_paths
from jaxsnn.neurons import LIF, ConductanceLIF, RefractoryLIF, RefractoryLIFState

KEY = jax.random.key(0)


def _constant(current, steps):
    return jnp.broadcast_to(jnp.asarray(current, jnp.float32), (steps, len(current)))


def _paths(cell, xs, dt=0.5, **options):
    return simulate(cell, xs, dt=dt, key=KEY, record=lambda state, s: (state.v, s), **options)[1]


@pytest.mark.parametrize("dt", [0.5, 0.05])
def test_interval_under_constant_current_is_the_refractory_period_and_the_climb(dt):
    tau, reset, refractory, time = 10.0, 0.3, 3.7, 400.0  # refractory is no whole number of steps at dt = 0.5
    current = np.array([0.99, 1.1, 1.5, 4.0])
    _, s = simulate(
        RefractoryLIF(tau, 1.0, reset, refractory, size=4), _constant(current, round(time / dt)), dt=dt, key=KEY
    )
    at = [np.flatnonzero(train) * dt for train in np.asarray(s).T]
    assert len(at[0]) == 0
    for spikes, i in zip(at[1:], current[1:], strict=True):
        interval = refractory + tau * np.log((i - reset) / (i - 1))
        mean = (spikes[-1] - spikes[0]) / (len(spikes) - 1)
        assert interval - 1e-3 <= mean < interval + dt  # a threshold looked at once a step is seen late, never early
        first = tau * np.log(i / (i - 1))
        assert first - 1e-3 <= spikes[0] + dt < first + dt + 1e-3  # the spike stands at the end of its step


def test_a_spike_silences_until_the_refractory_period_is_over_whatever_the_current():
    for steps_silent in (0, 1, 4):
        cell = RefractoryLIF(1.0, 1.0, 0.0, 0.5 * steps_silent, size=1)
        _, s = _paths(cell, _constant([1e4], 30))
        np.testing.assert_array_equal(np.flatnonzero(s[:, 0]), np.arange(0, 30, steps_silent + 1))


def test_the_membrane_is_held_at_its_reset_and_then_moves_for_what_is_left_of_the_step():
    cell = RefractoryLIF(10.0, 1.0, -0.5, 1.2, size=1)
    start = RefractoryLIFState(v=jnp.asarray([0.99]), wait=jnp.zeros(1))
    v, s = _paths(cell, _constant([3.0], 5), state=start)
    np.testing.assert_array_equal(s[:, 0], [1, 0, 0, 0, 0])  # at 0.5, so refractory until 1.7
    np.testing.assert_array_equal(v[:3, 0], [-0.5, -0.5, -0.5])
    free = np.array([0.3, 0.8])
    np.testing.assert_allclose(v[3:, 0], 3.0 - 3.5 * np.exp(-free / 10.0), rtol=1e-6)


def test_gradient_of_the_membrane_for_the_refractory_period_is_that_of_the_time_it_takes_away():
    start = RefractoryLIFState(v=jnp.asarray([0.99]), wait=jnp.zeros(1))
    xs = _constant([3.0], 6)

    def last(refractory):
        cell = RefractoryLIF(10.0, 1.0, -0.5, refractory, ArcTan(1e-6), size=1)  # no surrogate gradient to speak of
        return _paths(cell, xs, state=start)[0][-1, 0]

    # v = i + (reset - i) exp(-(T - refractory) / tau)
    slope = -(3.0 + 0.5) * np.exp(-(2.5 - 1.2) / 10.0) / 10.0
    np.testing.assert_allclose(jax.grad(last)(1.2), slope, rtol=1e-5)


def test_without_refractory_period_the_first_spike_is_that_of_the_plain_neuron():
    xs = 1.5 + jax.random.normal(KEY, (60, 3))
    plain = simulate(LIF(8.0, 1.0, size=3), xs, dt=0.5, key=KEY)[1]
    ours = _paths(RefractoryLIF(8.0, 1.0, 0.0, 0.0, size=3), xs)[1]
    np.testing.assert_array_equal(np.argmax(plain, axis=0), np.argmax(ours, axis=0))
    assert np.all(np.argmax(plain, axis=0) > 0)


def test_detaching_the_reset_takes_its_gradient_away():
    xs = 3.0 + jax.random.normal(jax.random.key(1), (20, 1))

    def count(threshold, detach):
        cell = RefractoryLIF(5.0, threshold, 0.2, 0.3, ArcTan(0.5), size=1, detach_reset=detach)
        return jnp.sum(simulate(cell, xs, dt=0.5, key=KEY)[1])

    for detach in (False, True):
        v = wait = d_v = d_wait = total = 0.0  # by hand
        for x in np.asarray(xs, float)[:, 0]:
            free, d_free = 0.5 - wait, -d_wait
            decay = np.exp(-free / 5)
            d_v = decay * d_v + (x - v) * decay / 5 * d_free
            v = decay * v + (1 - decay) * x
            s, g = float(v >= 1), 1 / (1 + ((v - 1) / 0.5) ** 2)
            d_s = g * (d_v - 1)
            total += d_s
            through = 0.0 if detach else d_s
            d_v = d_v + s * -d_v + through * (0.2 - v)
            v = v + s * (0.2 - v)
            wait, d_wait = s * 0.3, through * 0.3
        np.testing.assert_allclose(jax.grad(count)(1.0, detach), total, rtol=1e-4)


@pytest.mark.parametrize(
    "rule", [lambda: NoiseDriven("gaussian", 0.4), lambda: Hazard(1.5, 0.2)], ids=["per step", "per time"]
)
def test_a_neuron_that_fires_by_chance_is_silent_for_certain_while_it_is_refractory(rule):
    with jax.enable_x64(True):
        cell = RefractoryLIF(3.0, 0.5, 0.0, 1.0, rule(), size=1)
        paths = enumerate_paths(cell, jnp.full((6, 1), 1.2), dt=0.5, key=KEY)
        probability = np.exp(np.asarray(paths.log_prob))
        np.testing.assert_allclose(probability.sum(), 1, rtol=1e-12)
        s = np.asarray(paths.ys)[..., 0]  # refractory for two steps
        allowed = np.array([np.diff(np.flatnonzero(train)).min(initial=9) > 2 for train in s])
        assert np.all(probability[~allowed] == 0)
        assert np.all(probability[allowed] > 0)
        assert allowed.sum() == 13  # of 64: 1, 2, 3, 4, 6, 9, 13 patterns in 0, 1, 2 ... steps


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 0}, "RefractoryLIF.size = 0: must be an integer of at least 1"),
        ({"tau": -1.0}, "RefractoryLIF.tau = -1.*must be finite and positive"),
        ({"refractory": -2.0}, "RefractoryLIF.refractory = -2.*not negative; pass 0 for a neuron without one"),
        ({"refractory": np.inf}, "RefractoryLIF.refractory = inf"),
        ({"reset": 1.0}, "RefractoryLIF.reset = 1.*must be below threshold = 1.*; .*a neuron that is reset above"),
        ({"threshold": np.ones(2)}, r"RefractoryLIF.threshold.shape = .2,?.: must be \(\) or \(3,\)"),
    ],
)
def test_a_neuron_that_makes_no_sense_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        RefractoryLIF(**({"size": 3} | options))


@pytest.mark.parametrize(("dt", "steps"), [(0.1, 20), (0.1, 10), (0.2, 20), (0.7, 3), (0.05, 100), (0.01, 200)])
@pytest.mark.parametrize("make", [RefractoryLIF, ConductanceLIF])
def test_a_neuron_that_always_fires_by_chance_is_silent_for_every_step_of_its_dead_time(make, dt, steps):
    """A spike at the end of a step, then `steps` silent ones, though the wait is counted down in rounded numbers."""
    cell = make(refractory=dt * steps, spike=Hazard(1e6), size=20)
    shape = (3 * steps + 30, 2, 20) if make is ConductanceLIF else (3 * steps + 30, 20)
    spikes = simulate(cell, jnp.full(shape, 30.0), dt=dt, key=KEY)[1]
    assert min(np.diff(np.flatnonzero(train)).min() for train in spikes.T) == steps + 1
