"""Readouts against a filter in float64, also after two million steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import lfilter

from jaxsnn.engine.simulate import simulate
from jaxsnn.readouts import ErrorReadout, LeakyReadout

from .replay import close

RATES, TAU = [0.3, 2.0], [3.0, 0.5]


def decoded(steps, signals=2, seed=0, chance=0.1):
    return (np.random.default_rng(seed).random((steps, signals)) < chance).astype(np.float32)


@pytest.mark.parametrize("block", [1, 7, 600])
def test_the_error_follows_its_equation(block):
    spikes, dt = decoded(600), 0.05
    drive = np.random.default_rng(1).normal(size=spikes.shape).astype(np.float32)
    _, errors = simulate(
        ErrorReadout(RATES, signal=2),
        (jnp.asarray(drive), jnp.asarray(spikes)),
        dt=dt,
        key=jax.random.key(0),
        block=block,
    )
    for k, rate in enumerate(RATES):
        e, expected = 0.0, []
        for c, o in zip(drive[:, k].astype(float), spikes[:, k], strict=True):
            expected.append(e - o)
            e = np.exp(-rate * dt) * (e - o) + c * -np.expm1(-rate * dt) / rate
        close(errors[:, k], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("block", [1, 100, 600])
def test_the_readout_follows_its_equation(block):
    spikes, dt = decoded(600), 0.05
    _, readout = simulate(LeakyReadout(TAU, signal=2), jnp.asarray(spikes), dt=dt, key=jax.random.key(0), block=block)
    for k, tau in enumerate(TAU):
        close(readout[:, k], lfilter([1.0], [1.0, -np.exp(-dt / tau)], spikes[:, k].astype(float)))


def test_error_and_readout_add_up_to_the_target():
    """Driven by rate * x the readout of the error starts at x, the leaky one at 0; they approach as exp(-t / tau)."""
    spikes, dt, tau, target = decoded(600, 1), 0.05, 3.0, 0.7
    run = lambda cell, xs: simulate(cell, xs, dt=dt, key=jax.random.key(0), block=100)[1]
    errors = run(ErrorReadout(1 / tau), (jnp.full((600, 1), target / tau), jnp.asarray(spikes)))
    readout = run(LeakyReadout(tau), jnp.asarray(spikes))
    left = target * np.exp(-dt * np.arange(600)[:, None] / tau)
    close(errors + readout + left, np.full((600, 1), target), atol=5e-6)


def test_the_error_of_a_large_readout_keeps_its_digits_for_two_million_steps():
    """R = 64, fifty steps per interval: the readout is near 64, its error near 1."""
    steps, rate, dt = 2_000_000, 1 / 64, 0.02
    rng = np.random.default_rng(2)
    times = np.cumsum(1 + 0.3 * rng.normal(size=int(steps * dt) + 1000))
    spikes = np.bincount((times[times < steps * dt - 1] / dt).astype(int), minlength=steps).astype(np.float32)[:, None]
    drive = jnp.ones((steps, 1))
    _, errors = simulate(ErrorReadout(rate), (drive, jnp.asarray(spikes)), dt=dt, key=jax.random.key(0), block=100)
    arriving = np.concatenate([[0], np.full(steps - 1, -np.expm1(-rate * dt) / rate)]) - spikes[:, 0]
    expected = lfilter([1.0], [1.0, -np.exp(-rate * dt)], arriving)
    # the drive's own rounding, 64 * 2^-24, is the largest part of what is left
    assert np.max(np.abs(np.asarray(errors)[:, 0] - expected)) < 1e-5
    assert np.std(expected) > 0.3


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: ErrorReadout([1.0, 2.0]), "rate has shape"),
        (lambda: ErrorReadout(-1.0), "rate = -1"),
        (lambda: LeakyReadout([1.0, 2.0], signal=3), "tau has shape"),
        (lambda: LeakyReadout(0.0), "tau = 0"),
        (lambda: LeakyReadout(signal=0), "signal = 0"),
    ],
)
def test_a_readout_refuses_what_it_would_misread(build, says):
    with pytest.raises(ValueError, match=says):
        build()
