"""What Brownian motion adds to a leaky membrane."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import decay
from jaxsnn.noise import AggregatedMembraneNoise, WhiteMembraneNoise, innovation_scale


@pytest.mark.parametrize("leak", [0.0, 1e-6, 0.3, 20.0])
def test_the_step_has_the_variance_of_an_ornstein_uhlenbeck_process(leak):
    with jax.enable_x64(True):
        dt, sigma = jnp.asarray(0.1), jnp.asarray(1.7)
        expected = sigma**2 * (dt if leak == 0 else (1 - np.exp(-2 * leak * dt)) / (2 * leak))
        np.testing.assert_allclose(innovation_scale(jnp.asarray(leak), sigma, dt) ** 2, expected, rtol=1e-9)


def test_the_scale_has_a_finite_gradient_without_leak():
    gradient = jax.grad(lambda leak: innovation_scale(leak, jnp.float32(1.0), jnp.float32(0.1)))(jnp.float32(0.0))
    np.testing.assert_allclose(gradient, -0.5 * 0.1**1.5, rtol=1e-3)  # sqrt(dt (1 - leak dt))


@pytest.mark.parametrize("factor", [2, 5])
def test_a_coarse_step_follows_the_path_of_the_fine_steps(factor, getkey):
    with jax.enable_x64(True):
        leak, sigma, dt, stream = jnp.asarray(0.7), jnp.asarray(1.3), jnp.asarray(0.2), getkey()
        coarse, fine = AggregatedMembraneNoise(factor), WhiteMembraneNoise()
        drawn = coarse.draw(stream, jnp.arange(6, dtype=jnp.int32), (3,))
        path = fine.draw(stream, jnp.arange(6 * factor, dtype=jnp.int32), (3,))
        v = u = jnp.zeros(3)
        for n in range(6):
            v = decay(leak, dt) * v + coarse.innovation(drawn[n], leak, sigma, dt)
            for m in range(factor):
                z = path[n * factor + m]
                u = decay(leak, dt / factor) * u + fine.innovation(z, leak, sigma, dt / factor)
            np.testing.assert_allclose(v, u, rtol=1e-12)


def test_a_factor_that_is_no_positive_integer_is_refused():
    with pytest.raises(ValueError, match=r"AggregatedMembraneNoise.factor = 0"):
        AggregatedMembraneNoise(0)
