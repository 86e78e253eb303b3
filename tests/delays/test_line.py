"""Delay lines: when a spike arrives, what a delay's gradient is, and which delays are refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Tick
from jaxsnn.delays import DelayLine, Gaussian, Linear, Nearest
from jaxsnn.engine import simulate
from tests.laws.quick import quick_jit

KERNELS = {"nearest": Nearest, "linear": Linear, "narrow gaussian": lambda: Gaussian(0.05)}
SHAPES = {"one delay": (), "delay per input": (3,), "delay per synapse": (2, 3)}
MAX = 5


def _run(delay, xs, dt, block, kernel=None, max_delay=MAX):
    line = DelayLine(delay, size=xs.shape[1], max_delay=max_delay, kernel=Linear() if kernel is None else kernel)
    return simulate(line, xs, dt=dt, key=jax.random.key(0), block=block)[1]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_delayed_spike_arrives_exactly_d_steps_later(kernel, shape):
    at, time = 4, 12
    xs = jnp.zeros((time, 3)).at[at].set(1.0)
    steps = np.resize([0, 1, MAX, 3, 2, 4], shape)
    expected = np.arange(time).reshape((time,) + (1,) * steps.ndim) == at + steps
    expected = np.broadcast_to(expected[:, None] if not shape else expected, (time,) + (shape or (3,)))
    both = quick_jit(lambda delay: [_run(delay, xs, 0.1, block, kernel()) for block in (1, time)])
    for arrived in both(jnp.asarray(steps * 0.1, jnp.float32)):
        np.testing.assert_array_equal(arrived, expected)


@pytest.mark.parametrize("dt", [0.1, 0.05, 0.07, 1 / 3, 1e-3])
def test_a_whole_number_of_steps_is_recognised_in_float32(dt):
    steps = np.arange(100)
    xs = jnp.zeros((120, 100)).at[7].set(1.0)
    delay = jnp.asarray(steps * dt, jnp.float32)  # for instance 0.3 is 5.9999995 steps of 0.05
    arrived = _run(delay, xs, dt, 120, max_delay=100)
    np.testing.assert_array_equal(arrived, np.arange(120)[:, None] == 7 + steps)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_fractional_delay_shifts_a_ramp_by_exactly_that_much(shape):
    time, delay = 14, np.resize([0.0, 0.11, 0.28, 0.5, 0.35, 0.41], shape)
    ramp = jnp.broadcast_to(jnp.arange(time, dtype=jnp.float32)[:, None], (time, 3))
    shifted = np.asarray(_run(jnp.asarray(delay, jnp.float32), ramp, 0.1, time))[MAX:]  # before that it has not begun
    now = np.arange(MAX, time).reshape((-1,) + (1,) * (shifted.ndim - 1))
    np.testing.assert_allclose(shifted, np.broadcast_to(now - delay / 0.1, shifted.shape), rtol=1e-5)


@pytest.mark.parametrize("kernel", [Linear, lambda: Gaussian(0.7), lambda: Gaussian(0.7, reach=4)])
def test_gradient_of_a_delay_equals_finite_differences(kernel):
    with jax.enable_x64(True):
        xs = jax.random.normal(jax.random.key(0), (13, 3))
        delay = jnp.asarray([[0.13, 0.21, 0.37], [0.45, 0.28, 0.33]])

        def loss(delay):
            ys = _run(delay, xs, 0.1, 13, kernel())
            return jnp.sum(jnp.sin(1.0 + jnp.arange(ys.size, dtype=ys.dtype)) * ys.ravel())

        gradient, step = np.asarray(jax.grad(loss)(delay)), 1e-5
        for at in np.ndindex(2, 3):
            difference = (loss(delay.at[at].add(step)) - loss(delay.at[at].add(-step))) / (2 * step)
            np.testing.assert_allclose(gradient[at], difference, rtol=1e-4)  # a cut gaussian jumps by 1e-7


def test_gradient_of_a_whole_delay_is_the_slope_towards_longer_delays():
    xs = jnp.asarray([0.0, 1.0, 4.0, 9.0, 16.0, 25.0])[:, None]
    slope = jax.jacobian(lambda delay: _run(delay, xs, 0.5, 6)[:, 0])(jnp.asarray(1.0))
    np.testing.assert_allclose(slope[3:], (xs[:3, 0] - xs[1:4, 0]) / 0.5)  # (x[n - 3] - x[n - 2]) / dt


def test_a_step_is_read_before_it_is_written_in_a_loop():
    line = DelayLine(jnp.asarray([0.1, 0.25, 0.5]), size=3, max_delay=MAX)
    xs = jax.random.normal(jax.random.key(0), (9, 3))
    _, expected = simulate(line, xs, dt=0.1, key=jax.random.key(0))
    state, arrived = line.init(jax.random.key(0)), []
    for n, x in enumerate(xs):
        tick = Tick(jnp.asarray(n, jnp.int32), jnp.asarray(0.1), ())
        arrived.append(line.read(state, tick))
        state = line.write(state, x, tick)
    np.testing.assert_allclose(jnp.stack(arrived), expected, rtol=1e-6)


def test_a_gaussian_in_a_loop_spreads_over_the_lags_that_exist_there():
    line = DelayLine(0.1, size=1, max_delay=MAX, kernel=Gaussian(0.8))
    state = line.write(line.init(jax.random.key(0)), jnp.ones(1), Tick(jnp.asarray(0, jnp.int32), jnp.asarray(0.1), ()))
    arrived = [line.read(state, Tick(jnp.asarray(n, jnp.int32), jnp.asarray(0.1), ())) for n in range(1, MAX + 1)]
    weights = np.exp(-0.5 * ((np.arange(1, MAX + 1) - 1) / 0.8) ** 2)
    np.testing.assert_allclose(np.ravel(arrived), weights / weights.sum(), rtol=1e-5)


@pytest.mark.parametrize("delay", [-0.1, 0.51, np.nan, [0.1, 0.2, 0.6], [[0.1, 0.2, 0.3], [-0.2, 0.0, 0.0]]])
def test_a_delay_that_the_ring_cannot_hold_is_refused_before_the_run(delay):
    with pytest.raises(ValueError, match=r"(?s)DelayLine.delay = .*max_delay = 5 steps.*raise max_delay"):
        _run(delay, jnp.zeros((2, 3)), 0.1, 2)


@pytest.mark.parametrize("delay", [0.0, 0.5, 5 * 0.1])
def test_the_longest_and_shortest_delays_are_accepted(delay):
    DelayLine(delay, size=3, max_delay=MAX).check(0.1)


def test_delays_are_not_checked_under_a_trace():
    late = jax.jit(lambda delay: DelayLine(delay, size=1, max_delay=MAX).check(0.1) or delay)
    assert late(9.0) == 9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"delay": np.zeros(4)}, r"DelayLine.delay.shape = \(4,\): must be \(\), \(3,\)"),
        ({"delay": np.zeros((2, 3, 1))}, "DelayLine.delay.shape"),
        ({"max_delay": -1}, "DelayLine.max_delay = -1: must not be negative"),
        ({"size": 0}, "DelayLine.size = 0"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        DelayLine(**({"delay": 0.1, "size": 3, "max_delay": MAX} | options))


def test_a_delay_grid_is_one_program():
    traces = []

    @eqx.filter_jit
    def run(delay):
        traces.append(delay)
        return _run(delay, jnp.ones((4, 2)), 0.1, 4)

    for delay in (0.1, 0.2, 0.33):
        run(jnp.asarray(delay))
    assert len(traces) == 1
