"""The balanced network against its equations, written again in NumPy."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays import FloatHistory, PackedHistory
from jaxsnn.engine import simulate, streams
from jaxsnn.gradients import FastSigmoid
from jaxsnn.networks import Balanced, Delayed, Sequential, homogeneous
from jaxsnn.readouts import ErrorReadout

DT, STEPS, DELAY = 0.05, 400, 0.35


def weights(signals, neurons):
    angle = np.linspace(0, 2 * np.pi, neurons, endpoint=False)
    length = np.linspace(0.9, 1.1, neurons)
    return length[None] if signals == 1 else length * np.stack([np.cos(angle), np.sin(angle)])


def network(signals, neurons, history, delay=DELAY):
    inhibition = Delayed(delay, history(neurons, 10, signals)) if delay else Sequential(passes=6)
    rate = 1 / neurons
    return Balanced(weights(signals, neurons), 0.3, 0.2, ErrorReadout(rate, signal=signals), inhibition)


def drive(signals):
    t = DT * np.arange(STEPS)
    return 1.0 + 0.3 * np.stack([np.sin(0.7 * t + k) for k in range(signals)], axis=-1)


def by_hand(net, v, noise, drive, delay_steps):
    """Spikes, membranes and readout errors, from the equations of the module's docstring; delay_steps 0: sequential."""
    gamma = np.asarray(net.decoder, float)
    leak, sigma, rate = float(net.leak), float(net.noise), float(net.readout.rate)
    e, gain = np.exp(-leak * DT), (1 - np.exp(-leak * DT)) / leak
    scale = sigma * np.sqrt((1 - np.exp(-2 * leak * DT)) / (2 * leak))
    reset = (gamma**2).sum(axis=0)
    v, error = np.array(v, float), np.zeros(gamma.shape[0])
    shown = []
    for n in range(len(drive)):
        before, s = v.copy(), np.zeros(v.shape)
        if delay_steps:
            s = (v >= reset / 2).astype(float)
            v = v - reset * s
        else:
            for _ in range(net.inhibition.passes):  # opposite neurons with noise of their own might go on for ever
                top = np.argmax(v - reset / 2)
                if v[top] >= reset[top] / 2:
                    v = v - gamma.T @ gamma[:, top]
                    s[top] += 1
        error = error - gamma @ s
        shown.append((s, before, error.copy()))
        v = e * v + gain * gamma.T @ drive[n] + scale * noise[n]
        if delay_steps and n + 1 - delay_steps >= 0:
            old = shown[n + 1 - delay_steps][0]
            v = v - (gamma.T @ (gamma @ old) - reset * old)
        error = np.exp(-rate * DT) * error + (1 - np.exp(-rate * DT)) / rate * drive[n]
    return [np.stack(column) for column in zip(*shown, strict=True)]


ONE_SIGNAL = pytest.param(1, marks=pytest.mark.slow)


@pytest.mark.parametrize("signals", [ONE_SIGNAL, 2])
@pytest.mark.parametrize("delay", [0.0, DELAY], ids=["sequential", "delayed"])
def test_it_follows_its_equations_spike_for_spike(signals, delay, getkey):
    with jax.enable_x64(True):
        net, key = network(signals, 12, FloatHistory, delay), getkey()
        initial, stream = streams(key)
        noise = net.draw(stream, jnp.arange(STEPS, dtype=jnp.int32))
        spikes, v, error = by_hand(net, net.init(initial).v, noise, drive(signals), round(delay / DT))
        _, shown = simulate(net, jnp.asarray(drive(signals)), dt=DT, key=key, block=50)
        assert spikes.sum() > 15
        np.testing.assert_array_equal(shown.spikes, spikes)
        np.testing.assert_allclose(shown.v, v, atol=1e-9)
        np.testing.assert_allclose(shown.error, error, atol=1e-9)
        np.testing.assert_allclose(shown.decoded, spikes @ np.asarray(net.decoder).T, atol=1e-12)
        np.testing.assert_array_equal(shown.count, spikes.sum(axis=1))
        arrived = np.zeros(STEPS)
        lag = max(round(delay / DT) - 1, 0)
        arrived[lag:] = spikes.sum(axis=1)[: STEPS - lag]
        np.testing.assert_array_equal(shown.arrived, arrived)


@pytest.mark.parametrize("neurons", [5, pytest.param(40, marks=pytest.mark.slow)])
def test_bits_and_floats_remember_the_same_past(neurons, getkey):
    key, xs = getkey(), jnp.asarray(drive(1), jnp.float32)
    runs = [simulate(network(1, neurons, h), xs, dt=DT, key=key, block=50)[1] for h in (FloatHistory, PackedHistory)]
    np.testing.assert_array_equal(runs[0].spikes[:200], runs[1].spikes[:200])
    np.testing.assert_allclose(runs[0].error[:200], runs[1].error[:200], atol=1e-4)


class Never(FastSigmoid):
    def fire(self, u, noise):
        return jnp.zeros_like(u)


@pytest.mark.parametrize("history", [FloatHistory, PackedHistory])
def test_a_rule_of_ones_own_decides_who_fires(history, getkey):
    usual = network(1, 5, history)
    silent = eqx.tree_at(lambda net: net.inhibition.spike, usual, Never(0.5))
    run = lambda net: simulate(net, jnp.asarray(drive(1), jnp.float32), dt=DT, key=getkey())[1].count.sum()
    assert run(usual) > 10
    assert run(silent) == 0


@pytest.mark.slow
def test_equal_weights_in_closed_form_fire_as_one_after_the_other(getkey):
    with jax.enable_x64(True):
        key, xs = getkey(), jnp.ones((STEPS, 1))
        one = homogeneous(8, leak=1.0, noise=3.0)
        other = Balanced(one.decoder, one.leak, one.noise, one.readout, Sequential(passes=6))
        (_, a), (_, b) = (simulate(net, xs, dt=0.5, key=key) for net in (one, other))
        assert float(jnp.max(a.count)) > 1  # several spikes in a step, or nothing is tested
        np.testing.assert_array_equal(a.count, b.count)
        np.testing.assert_allclose(a.v, b.v, atol=1e-9)


@pytest.mark.parametrize("gamma", [[[1.0, 0.5, -0.8]], [[1.0, 1.0], [1.0, 1.0]]])
def test_the_closed_form_for_equal_weights_is_not_taken_for_others(gamma):
    gamma = np.asarray(gamma)
    with pytest.raises(ValueError, match=r"decoder.*Sequential\(equal=True\).*take Sequential\(\)"):
        Balanced(gamma, 0.1, 0.0, ErrorReadout(0.1, signal=len(gamma)), Sequential(equal=True))


def test_neurons_above_threshold_after_the_last_pass_are_counted_and_fire_in_the_next_step():
    """Two passes a step for four neurons, three of which want to fire."""
    with jax.enable_x64(True):
        gamma = np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.1, 0.9]])
        net = Balanced(gamma, 0.0, 0.0, ErrorReadout(0.1, signal=2), Sequential(passes=2), jitter=0.0)
        start = net.init(jax.random.key(0))._replace(v=jnp.asarray([2.6, -2.6, 0.9, 0.8]))
        _, shown = simulate(net, jnp.zeros((4, 2)), dt=DT, key=jax.random.key(0), state=start)
        # passes: neuron 0 (2.1 above), 0 again (1.1); left 0 (0.1 above), 2 (0.295) and 3 (0.395). Then 3, whose spike
        # takes 0.99 from 2, and 0.
        np.testing.assert_array_equal(shown.spikes, [[2, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]])
        np.testing.assert_array_equal(shown.left, [3, 0, 0, 0])


def test_without_noise_and_delay_the_membrane_is_the_projected_coding_error(getkey):
    """With the leak of the readout, v_i - Gamma_i . e decays on its own, whatever the spikes do."""
    with jax.enable_x64(True):
        gamma, rate = weights(2, 12), 0.1
        net = Balanced(gamma, rate, 0.0, ErrorReadout(rate, signal=2), Sequential(passes=6))
        _, shown = simulate(net, jnp.asarray(drive(2)), dt=DT, key=getkey(), block=STEPS)
        gap = np.asarray(shown.v - (shown.error + shown.decoded) @ gamma)
        expected = gap[0] * np.exp(-rate * DT * np.arange(STEPS))[:, None]
        np.testing.assert_allclose(gap, expected, atol=1e-9)
        assert np.abs(shown.error[100:]).max() < 1.2  # and the error stays within about one spike


def test_an_isolated_spike_inhibits_the_others_exactly_one_delay_later():
    with jax.enable_x64(True):
        net = homogeneous(3, leak=0.0, noise=0.0, delay=DELAY, gradients=True, jitter=0.0)
        state = net.init(jax.random.key(0))._replace(v=jnp.asarray([0.6, -5.0, -7.0]))
        _, shown = simulate(net, jnp.zeros((12, 1)), dt=DT, key=jax.random.key(0), state=state)
        np.testing.assert_array_equal(np.asarray(shown.spikes).sum(axis=1), [1] + [0] * 11)
        np.testing.assert_allclose(shown.v[1:, 0], -0.4, atol=1e-12)  # its own reset, at once and for good
        np.testing.assert_allclose(shown.v[:, 1], [-5.0] * 7 + [-6.0] * 5, atol=1e-12)  # 0.35 is 7 steps of 0.05


LEAK, NOISE = (pytest.param(name, marks=pytest.mark.slow) for name in ("leak", "noise"))


@pytest.mark.parametrize("name", [LEAK, NOISE, "delay"])
def test_gradients_flow_through_floats_and_bits_refuse_them(name, getkey):
    key, given = getkey(), {"leak": 0.5, "noise": 0.5, "delay": 0.37}

    def loss(value, gradients):
        net = homogeneous(4, **{**given, name: value}, max_delay=10, gradients=gradients)
        _, shown = simulate(net, jnp.ones((100, 1)), dt=0.05, key=key)
        return jnp.mean(shown.error**2)

    value = jnp.float32(given[name])
    gradient = jax.grad(loss)(value, True)
    assert np.isfinite(gradient)
    assert gradient != 0
    with pytest.raises(TypeError, match="gradients=True"):
        jax.grad(loss)(jnp.float32(0.35) if name == "delay" else value, False)


@pytest.mark.parametrize(
    ("delay", "message"),
    [
        (0.6, r"is 12 steps.*between 1 and max_delay = 10.*raise max_delay"),
        (0.01, r"is 0.2 steps.*between 1 and max_delay = 10"),
        (0.37, r"is 7.4 steps.*needs a whole number.*FloatHistory"),
    ],
)
def test_a_delay_that_the_ring_cannot_read_is_refused_before_the_run(delay, message):
    net = network(1, 4, PackedHistory, delay)
    with pytest.raises(ValueError, match=message):
        simulate(net, jnp.ones((5, 1)), dt=DT, key=jax.random.key(0))
