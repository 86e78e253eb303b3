"""Signals that need no stored array."""

import jax
import jax.numpy as jnp
import numpy as np

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


def test_a_slow_wave_keeps_its_phase_over_a_million_steps():
    waves = Sinusoids([0.0], [[1.0]], [1 / 400], [[0.0]], 0.01)
    index = np.array([10**6 + 17], np.int32)
    with jax.enable_x64(False):
        got = waves.target(jnp.asarray(index[0]), jnp.float32(0.02))
    expected = np.sin(2 * np.pi * index[0] * 0.02 / 400)
    np.testing.assert_allclose(got, [expected], atol=1e-3)
