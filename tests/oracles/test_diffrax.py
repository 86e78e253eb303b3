"""Neurons and noise against diffrax: adaptive solutions of their equations, events included, in double precision."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

from jaxsnn.core import Span, strong
from jaxsnn.engine import simulate
from jaxsnn.gradients import ArcTan
from jaxsnn.neurons import LIF, AdaptiveLIF, AdaptiveLIFState, QuadraticIF, QuadraticIFState
from jaxsnn.noise import OrnsteinUhlenbeck, OrnsteinUhlenbeckState
from tests.laws.quick import quick_jit

KEY = jax.random.key(0)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def controller(jumps=None):
    adaptive = diffrax.PIDController(rtol=1e-11, atol=1e-11)
    return adaptive if jumps is None else diffrax.ClipStepSizeController(adaptive, jump_ts=jumps)


def order(dts, errors):
    """Slope of log error over log dt."""
    return np.polyfit(np.log(dts), np.log(errors), 1)[0]


# Trajectories ---------------------------------------------------------------------------------------------------------

TAU, TAU_ADAPT, DT, STEPS = 10.0, 35.0, 2.5, 24


def test_membrane_and_adaptation_between_spikes_follow_the_ode_under_a_current_that_changes_every_step():
    xs = 0.5 + 0.4 * np.sin(np.arange(STEPS) ** 2)  # kept below threshold
    start = np.array([0.2, 1.5])

    def slope(t, y, current):
        v, a = y
        return (current[jnp.floor(t / DT).astype(jnp.int32)] - v) / TAU, -a / TAU_ADAPT

    times = DT * np.arange(1, STEPS + 1)
    exact = diffrax.diffeqsolve(
        diffrax.ODETerm(slope),
        diffrax.Dopri8(),
        0.0,
        times[-1],
        0.1,
        tuple(start),
        args=jnp.asarray(np.append(xs, xs[-1])),
        saveat=diffrax.SaveAt(ts=times - 1e-12 * times),  # just before the current changes
        stepsize_controller=controller(times[:-1]),
        max_steps=4000,
    )
    cells = (
        (LIF(TAU, size=1), None),
        (AdaptiveLIF(TAU, 1.0, TAU_ADAPT, 0.1, size=1), AdaptiveLIFState(*start[:, None])),
    )
    for cell, state in cells:
        state = cell.init(KEY)._replace(v=jnp.asarray(start[:1])) if state is None else state
        _, (states, s) = simulate(cell, xs[:, None], dt=DT, key=KEY, state=state, record=lambda *pair: pair)
        assert not np.any(s)
        np.testing.assert_allclose(states.v[:, 0], exact.ys[0], rtol=1e-9)
    np.testing.assert_allclose(states.a[:, 0], exact.ys[1], rtol=1e-9)


@pytest.mark.slow
def test_ornstein_uhlenbeck_steps_converge_strongly_with_order_one_on_a_given_brownian_path():
    """Noise z_n = (W(t_{n+1}) - W(t_n)) / sqrt(dt): right in law at every dt, right on the path in the limit."""
    tau, sigma, time, paths = 2.0, 0.7, 2.0, 32
    dts = np.array([0.5, 0.25, 0.125, 0.0625])

    @quick_jit
    @jax.vmap
    def errors(key):
        path = diffrax.VirtualBrownianTree(0.0, time, 1 / 128, (), key, levy_area=diffrax.SpaceTimeLevyArea)
        drift = diffrax.ODETerm(lambda t, u, args: -u / tau)
        kicks = diffrax.ControlTerm(lambda t, u, args: jnp.asarray(sigma * np.sqrt(2 / tau)), path)
        ends = np.linspace(0.5, time, 4)
        exact = diffrax.diffeqsolve(
            diffrax.MultiTerm(drift, kicks),
            diffrax.ShARK(),  # strong order 1.5 for additive noise
            0.0,
            time,
            1 / 32,
            jnp.asarray(0.3),
            saveat=diffrax.SaveAt(ts=ends),
        )
        fine = np.arange(0.0, time, dts[-1])
        increments = jax.vmap(path.evaluate)(fine, fine + dts[-1])
        misses = []
        for dt in dts:
            steps = round(time / dt)
            cell = OrnsteinUhlenbeck(tau, sigma, size=1)
            noise = jnp.sum(increments.reshape(steps, -1), axis=1) / np.sqrt(dt)
            span = Span(jnp.int32(0), strong(dt), noise[:, None], steps)
            us = cell.unroll(OrnsteinUhlenbeckState(jnp.asarray([0.3])), None, span)[1]
            misses.append(us[round(0.5 / dt) - 1 :: round(0.5 / dt), 0] - exact.ys)
        return jnp.stack(misses)

    misses = np.asarray(errors(jax.random.split(KEY, paths)))  # [path, dt, time]
    size = np.sqrt(np.mean(misses**2, axis=(0, 2)))
    assert abs(order(dts, size) - 1) < 0.1, size
    assert size[-1] < 0.02 * sigma


# Spikes ---------------------------------------------------------------------------------------------------------------


def first_spike(slope, start, level, *parameters):
    """Time at which v of the ODE dv/dt = slope(v, *parameters) reaches `level`: differentiable in all, forward."""

    def reached(t, y, args, **kwargs):
        del t, kwargs
        return y - args[0]

    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, v, args: slope(v, *args[1:])),
        diffrax.Dopri8(),
        0.0,
        1e4,
        0.1,
        start,
        args=(level, *parameters),
        stepsize_controller=diffrax.PIDController(rtol=1e-11, atol=1e-11, dtmax=0.2),  # for the interpolant in the last
        event=diffrax.Event(reached, optimistix.Newton(1e-12, 1e-12)),
        adjoint=diffrax.ForwardMode(),
        max_steps=1000,
    )
    return solution.ts[0]


def lif_slope(v, i, tau):
    return (i - v) / tau


def qif_slope(v, i, tau):
    return (v * v + i) / tau


def lif_time(i, level, tau):
    return tau * jnp.log(i / (i - level))


def qif_time(i, level, tau):
    root = jnp.sqrt(i)
    return tau / root * (jnp.arctan(level / root) + jnp.arctan(2.0 / root))  # from v = -2


hard = lambda: ArcTan(1e-9, mode="forward")  # no surrogate derivative to speak of: the trajectory's own is wanted
NEURONS = {
    "lif": (lif_slope, 0.0, lif_time, lambda level, tau: LIF(tau, level, hard(), size=1)),
    "quadratic": (qif_slope, -2.0, qif_time, lambda level, tau: QuadraticIF(tau, level, -2.0, hard(), size=1)),
}
CURRENTS = np.linspace(1.31, 2.9, 40)
LEVEL, SLOW = 1.1, 10.0


@pytest.mark.parametrize("name", NEURONS)
@pytest.mark.slow
def test_first_spike_of_diffrax_and_its_gradient_are_those_of_the_closed_form(name):
    """The oracle itself, to 1e-8."""
    slope, start, closed, _ = NEURONS[name]
    time = lambda i, level, tau: first_spike(slope, start, level, i, tau)
    theirs = quick_jit(jax.vmap(lambda *at: (time(*at), *jax.jacfwd(time, (0, 1, 2))(*at))))
    ours = jax.vmap(lambda *at: (closed(*at), *jax.grad(closed, (0, 1, 2))(*at)))
    arguments = CURRENTS[::8], np.full(5, LEVEL), np.full(5, SLOW)
    for one, other in zip(theirs(*arguments), ours(*arguments), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8)


def on_the_grid(name, i, dt, steps):
    """First spike of our cell, and its derivative for (i, level, tau) by the trajectory's own derivatives.

    At the last step t before the spike, d time = -(dv - d level) / v', v' from the step before: both right to O(dt).
    """
    start, make = NEURONS[name][1], NEURONS[name][3]

    def run(i, level, tau):
        cell = make(level, tau)
        state = cell.init(KEY)._replace(v=jnp.full(1, start))
        record = lambda state, s: (state.v[0], s[0])
        v, s = simulate(cell, jnp.broadcast_to(i, (steps, 1)), dt=dt, key=KEY, state=state, record=record)[1]
        return jnp.concatenate([jnp.full(1, start), v]), s

    vs, s = run(i, LEVEL, SLOW)
    when = jnp.argmax(s)  # step of the spike: from when * dt to (when + 1) * dt
    free = lambda *arguments: run(*arguments)[0][when]
    d_v = jnp.stack(jax.jacfwd(free, (0, 1, 2))(i, LEVEL, SLOW))
    speed = (vs[when] - vs[when - 1]) / dt
    return (when + 1).astype(d_v.dtype) * dt, -(d_v - jnp.asarray([0.0, 1.0, 0.0])) / speed


@pytest.mark.parametrize("name", NEURONS)
@pytest.mark.slow
def test_first_spike_on_the_grid_and_its_gradient_are_right_to_first_order_in_dt(name):
    closed = NEURONS[name][2]
    level, tau = np.full(40, LEVEL), np.full(40, SLOW)
    time, slopes = jax.vmap(jax.value_and_grad(closed, (0, 1, 2)))(CURRENTS, level, tau)
    slopes = np.stack(slopes, axis=1)
    dts, late, steep = np.array([0.2, 0.08, 0.032]), [], []
    for dt in dts:
        ours = quick_jit(jax.vmap(lambda i, dt=dt: on_the_grid(name, i, dt, round(22 / dt))))
        grid, gradients = ours(CURRENTS)
        delay = np.asarray(grid - time)
        assert np.all((delay > -1e-9) & (delay < dt))  # seen at the end of the step in which it happens
        late.append(np.mean(delay))
        steep.append(np.mean(np.abs(gradients - slopes) / np.abs(slopes), axis=0))
    np.testing.assert_allclose(late, dts / 2, rtol=0.25)  # half a step on average
    for errors in np.transpose(steep):
        assert abs(order(dts, errors) - 1) < 0.2
        assert errors[-1] < 0.015


@pytest.mark.slow
def test_spikes_of_the_adaptive_neuron_are_those_of_the_event_driven_solution_to_first_order_in_dt():
    i, tau, threshold, tau_adapt, strength = 1.8, 10.0, 1.0, 60.0, 0.25

    def crossed(t, y, args, **kwargs):
        del t, args, kwargs
        return y[0] - threshold - strength * y[1]

    @quick_jit
    def until_the_next(y):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: ((i - y[0]) / tau, -y[1] / tau_adapt)),
            diffrax.Dopri8(),
            0.0,
            1e4,
            0.1,
            y,
            stepsize_controller=controller(),
            event=diffrax.Event(crossed, optimistix.Newton(1e-12, 1e-12)),
            max_steps=4000,
        )
        v, a = (part[0] for part in solution.ys)
        return solution.ts[0], (v - threshold - strength * a, a + 1)

    waits, y = [], (jnp.asarray(0.0), jnp.asarray(0.0))
    for _ in range(6):
        wait, y = until_the_next(y)
        waits.append(float(wait))
    exact = np.cumsum(waits)
    assert waits[5] > 1.5 * waits[0]  # it adapts

    dts, late = np.array([0.2, 0.1, 0.05, 0.025, 0.0125]), []
    for dt in dts:
        cell = AdaptiveLIF(tau, threshold, tau_adapt, strength, size=1)
        s = simulate(cell, jnp.full((round(exact[-1] / dt) + 100, 1), i), dt=dt, key=KEY)[1]
        delay = (np.flatnonzero(s[:, 0])[:6] + 1) * dt - exact
        assert np.all((delay > -1e-9) & (delay < np.arange(1, 7) * dt))  # each spike is seen up to a step late
        late.append(delay.mean())
    assert abs(order(dts, late) - 1) < 0.3


@pytest.mark.parametrize("dt", [0.7, pytest.param(7.0, marks=pytest.mark.slow)])
def test_quadratic_trajectory_is_that_of_the_ode_whatever_the_step_and_the_sign_of_the_current(dt):
    currents, start, time = np.array([-1.5, -0.01, 0.0, 0.01, 0.05]), np.array([1.0, -3.0, 0.2, 0.1, -1.0]), 14.0
    exact = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, v, args: qif_slope(v, currents, SLOW)),
        diffrax.Dopri8(),
        0.0,
        time,
        0.1,
        jnp.asarray(start),
        stepsize_controller=controller(),
    )
    cell, steps = QuadraticIF(SLOW, size=5), round(time / dt)
    xs = jnp.broadcast_to(jnp.asarray(currents), (steps, 5))
    final, s = simulate(cell, xs, dt=dt, key=KEY, state=QuadraticIFState(jnp.asarray(start)))
    assert not np.any(s)
    np.testing.assert_allclose(final.v, exact.ys[0], rtol=1e-9)
