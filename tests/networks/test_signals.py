"""Signals that need no stored array."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.networks import Sinusoids
from jaxsnn.readouts import ErrorReadout


def test_the_drive_moves_a_readout_without_spikes_along_the_target(getkey):
    rate, dt, steps = 0.2, 0.02, 500
    with jax.enable_x64(True):
        waves = Sinusoids([1.0, -0.5], [[0.5, 0.1], [0.3, 0.2]], [0.05, 0.13], [[0.1, 0.2], [0.4, 0.7]], rate)
        _, drive = simulate(waves, dt=dt, key=getkey(), steps=steps, block=37)
        target = jax.vmap(lambda n: waves.target(n, jnp.asarray(dt)))(jnp.arange(steps, dtype=jnp.int32))
        readout = ErrorReadout(rate, signal=2)
        _, tracked = simulate(readout, (drive, jnp.zeros_like(drive)), dt=dt, key=getkey())
        # the readout begins at zero, not at x(0)
        start = np.exp(-rate * dt * np.arange(steps))[:, None] * np.asarray(target[0])
        np.testing.assert_allclose(np.asarray(tracked) + start, target, atol=2e-5)


@pytest.mark.parametrize("index", [0, 999, 10**6 + 17, 123_456_789, 2**31 - 1])
@pytest.mark.parametrize("cycles_a_step", [5e-5, 0.0123, 0.49, 3.3])
def test_a_wave_keeps_its_phase_however_long_the_run(index, cycles_a_step):
    dt = jnp.float32(0.02)
    waves = Sinusoids([0.0, 0.0], [[1.0], [1.0]], [cycles_a_step / 0.02], [[0.0], [0.25]], 0.01)
    got = jax.jit(lambda n: waves.target(n, dt))(jnp.asarray(index, jnp.int32))
    advance = Fraction(float(waves.frequency[0] * dt))  # a step of the wave, as float32 has it
    angle = 2 * np.pi * float(index * advance % 1)
    np.testing.assert_allclose(got, [np.sin(angle), np.cos(angle)], atol=5e-6)


def test_a_wave_is_differentiable_in_its_frequency():
    def target(frequency):
        waves = Sinusoids([0.0], [[1.0]], frequency[None], [[0.3]], 0.01)
        return waves.target(jnp.int32(5000), jnp.float32(0.02))[0]

    frequency = jnp.float32(0.37)
    expected = 2 * np.pi * 100 * np.cos(2 * np.pi * (0.37 * 100 + 0.3))
    np.testing.assert_allclose(jax.grad(target)(frequency), expected, rtol=1e-4)
    np.testing.assert_allclose(jax.jvp(target, (frequency,), (jnp.ones(()),))[1], expected, rtol=1e-4)


@pytest.mark.parametrize("block", [1, 20, 2000, 3000])
@pytest.mark.parametrize("cycles_a_step", [0.0123, 0.37])
def test_late_in_a_run_the_drive_is_the_same_for_every_block(getkey, block, cycles_a_step):
    waves = Sinusoids([0.0], [[1.0]], [cycles_a_step], [[0.1]], 0.5)
    steps, start = 3000, 10**8
    _, got = simulate(waves, dt=1.0, key=getkey(), steps=steps, start=start, block=block)
    advance = Fraction(float(waves.frequency[0]))
    middles = [float((start + n + Fraction(1, 2)) * advance % 1) for n in range(steps)]
    angle = 2 * np.pi * (np.array(middles) + float(waves.phase[0, 0]))
    speed = 2 * np.pi * cycles_a_step
    expected = speed * np.cos(angle) + 0.5 * np.sin(angle)
    np.testing.assert_allclose(np.asarray(got)[:, 0], expected, atol=1e-5 * max(1, speed))
