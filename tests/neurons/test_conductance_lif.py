"""The neuron under conductances, against its equation and, under shot noise, its effective time constant."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.networks import Chain
from jaxsnn.neurons import ConductanceLIF, ConductanceLIFState
from jaxsnn.synapses import Conductances, Dense, Exponential

KEY = jax.random.key(0)
NEVER = 1e6  # a threshold that is not reached
REVERSAL = np.array([6.0, -2.0])


def _held(g, steps):
    return jnp.broadcast_to(jnp.asarray(g)[None], (steps,) + np.shape(g))


def _membrane(cell, gs, dt, **options):
    return simulate(cell, gs, dt=dt, key=KEY, record=lambda state, s: state.v, **options)[1]


@pytest.mark.parametrize("dt", [0.1, 3.0, 200.0])
def test_membrane_under_constant_conductances_relaxes_to_their_mean_with_the_effective_time_constant(dt):
    with jax.enable_x64(True):
        g = np.array([[0.0, 0.3, 2.0, 0.0, 50.0], [0.0, 0.0, 1.0, 4.0, 30.0]])
        cell = ConductanceLIF(20.0, NEVER, 0.0, 0.0, 0.4, size=5)
        start = ConductanceLIFState(jnp.full(5, -3.0), jnp.zeros(5))
        v = _membrane(cell, _held(g, 30), dt, state=start)
        total = 1 + g.sum(axis=0)
        v_inf = (0.4 + REVERSAL @ g) / total
        time = dt * np.arange(1, 31)[:, None]
        np.testing.assert_allclose(v, v_inf + (-3.0 - v_inf) * np.exp(-time * total / 20.0), rtol=1e-12, atol=1e-13)


def test_membrane_never_passes_the_reversal_potentials_whatever_the_conductance():
    g = 10.0 ** jax.random.uniform(KEY, (200, 2, 3), minval=-2, maxval=6)
    v = np.asarray(_membrane(ConductanceLIF(20.0, NEVER, 0.0, 0.0, size=3), g, 1.0))
    assert v.min() >= -2.0
    assert v.max() <= 6.0
    assert v.max() - v.min() > 4  # it does move


@pytest.mark.parametrize("dt", [0.5, 0.05])
def test_interval_under_constant_conductance_is_the_refractory_period_and_the_climb(dt):
    refractory, reset = 3.7, 0.2
    g = np.array([[0.1, 0.3, 1.0, 4.0], [0.0, 0.1, 0.2, 0.0]])
    _, s = simulate(ConductanceLIF(10.0, 1.0, reset, refractory, size=4), _held(g, round(400 / dt)), dt=dt, key=KEY)
    total = 1 + g.sum(axis=0)
    v_inf, tau = (REVERSAL @ g) / total, 10.0 / total
    assert not np.asarray(s)[:, 0].any()  # its v_inf is below threshold
    assert v_inf[0] < 1
    for train, level, relax in zip(np.asarray(s).T[1:], v_inf[1:], tau[1:], strict=True):
        at = np.flatnonzero(train) * dt
        interval = refractory + relax * np.log((level - reset) / (level - 1))
        mean = (at[-1] - at[0]) / (len(at) - 1)
        assert interval - 1e-3 <= mean < interval + dt  # a threshold looked at once a step is seen late, never early


def test_error_under_a_decaying_conductance_falls_with_the_square_of_the_step():
    tau, tau_syn, g0, start, time = 10.0, 3.0, 2.5, -1.0, 8.0
    nodes, weights = np.polynomial.legendre.leggauss(40)
    at = (nodes + 1) * time / 2
    passed = lambda t: (t + g0 * tau_syn * (1 - np.exp(-t / tau_syn))) / tau  # integral of G / tau
    driven = weights @ (np.exp(passed(at)) * 6.0 * g0 * np.exp(-at / tau_syn) / tau) * time / 2
    exact = np.exp(-passed(time)) * (start + driven)
    with jax.enable_x64(True):
        errors = []
        for dt in (0.8, 0.4, 0.2):
            steps = round(time / dt)
            spike = jnp.zeros((steps, 1)).at[0].set(1.0)
            _, g = simulate(Conductances(Exponential(tau_syn, size=1)), g0 * spike, dt=dt, key=KEY)
            cell = ConductanceLIF(tau, NEVER, 0.0, 0.0, reversal=[6.0], size=1)
            v = _membrane(cell, g, dt, state=ConductanceLIFState(jnp.full(1, start), jnp.zeros(1)))
            errors.append(abs(float(v[-1, 0]) - exact))
    ratios = np.array(errors[:-1]) / errors[1:]
    assert np.all((ratios > 3.8) & (ratios < 4.2)), errors


def test_free_membrane_under_many_small_inputs_has_mean_and_variance_of_the_effective_time_constant():
    """Shot noise of high rate: linear in the fluctuations of g, which are Ornstein-Uhlenbeck with tau_syn."""
    many, dt, tau, rate, mean_g, tau_syn = 4000, 0.1, 20.0, 400.0, np.array([0.8, 1.6]), np.array([2.0, 5.0])
    weight = mean_g / (rate * tau_syn)
    counts = np.random.default_rng(1).poisson(rate * dt, (600, 2, many))
    channels = [Exponential(tau, size=many) for tau in tau_syn]
    gs = jnp.stack(
        [
            w * simulate(cell, jnp.asarray(counts[:, c], jnp.float32), dt=dt, key=KEY)[1]
            for c, (w, cell) in enumerate(zip(weight, channels, strict=True))
        ],
        axis=1,
    )
    last = _membrane(ConductanceLIF(tau, NEVER, 0.0, 0.0, size=many), gs, dt)[-1]
    v = np.asarray(last, float)

    total = 1 + mean_g.sum()
    mean, effective = (REVERSAL @ mean_g) / total, tau / total
    var_g = weight**2 * rate * tau_syn / 2
    variance = lambda tau_v: np.sum(((REVERSAL - mean) / total) ** 2 * var_g * tau_syn / (tau_syn + tau_v))
    assert abs(v.mean() - mean) < 4 * v.std() / np.sqrt(many)
    error = v.var() * np.sqrt(2 / many)
    assert abs(v.var() - variance(effective)) < 4 * error
    assert abs(v.var() - variance(tau)) > 20 * error  # the membrane is faster than its own tau


def test_conductances_are_those_of_each_channel_alone():
    xs = jnp.asarray(np.random.default_rng(0).random((12, 3)) < 0.4, jnp.float32)
    slow, fast = Exponential(5.0, size=3), Exponential(1.0, size=3)
    _, both = simulate(Conductances(slow, fast), xs, dt=0.5, key=KEY)
    assert both.shape == (12, 2, 3)
    for c, cell in enumerate((slow, fast)):
        np.testing.assert_array_equal(both[:, c], simulate(cell, xs, dt=0.5, key=KEY)[1])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ConductanceLIF(tau=0.0, size=2), "ConductanceLIF.tau = 0"),
        (lambda: ConductanceLIF(refractory=-1.0, size=2), "ConductanceLIF.refractory = -1.*pass 0 for a neuron"),
        (lambda: ConductanceLIF(reset=2.0, size=2), "ConductanceLIF.reset = 2.*must be below threshold = 1"),
        (lambda: ConductanceLIF(rest=np.ones(3), size=2), r"ConductanceLIF.rest.shape = \(3,\)"),
        (lambda: ConductanceLIF(reversal=1.0, size=2), r"ConductanceLIF.reversal.shape = \(\): must be \(channel,\)"),
        (lambda: ConductanceLIF(reversal=[np.inf], size=2), "ConductanceLIF.reversal = .*inf"),
        (
            lambda: _membrane(ConductanceLIF(size=2), jnp.ones((3, 1, 2)), 0.1),
            r"inputs.shape = \(3, 1, 2\): must be \(steps, 2, 2\), since ConductanceLIF takes 2 x 2 numbers",
        ),
        (
            lambda: _membrane(Chain(Conductances(Dense(np.eye(2))), ConductanceLIF(size=2)), jnp.ones((3, 2)), 0.1),
            r"Chain.cells\[1\].input.shape = \(1, 2\): must be \(2, 2\), since ConductanceLIF takes 2 x 2 numbers",
        ),
        (lambda: Conductances(), "Conductances.channels = .*one or more cells"),
        (lambda: Conductances(Dense(np.ones((1, 1))), 3.0), "Conductances.channels = .*Dense.*float"),
    ],
)
def test_what_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
