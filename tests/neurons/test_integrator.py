"""The leaky integrator against the exponential."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxsnn.engine import simulate
from jaxsnn.neurons import LeakyIntegrator


def test_step_response_is_exponential_whatever_the_step():
    tau = np.array([2.0, 10.0, 50.0])
    for dt in (0.1, 1.0, 5.0):
        steps = round(20 / dt)
        _, v = simulate(LeakyIntegrator(tau, size=3), jnp.ones((steps, 3)), dt=dt, key=jax.random.key(0))
        times = dt * np.arange(1, steps + 1)
        np.testing.assert_allclose(v, 1 - np.exp(-times[:, None] / tau), rtol=3e-6)


def test_a_slow_membrane_keeps_its_digits_over_a_long_stretch_in_float32():
    tau, dt, steps = 3000.0, 1.0, 20000  # exp(-dt / tau) rounded to float32 would be off by 1e-4 of the rate
    xs = jax.random.normal(jax.random.key(0), (steps, 1))
    _, v = simulate(LeakyIntegrator(tau, size=1), xs, dt=dt, key=jax.random.key(0))
    exact = 0.0
    for x in np.asarray(xs, float)[:, 0]:
        exact += -np.expm1(-dt / tau) * (x - exact)
    np.testing.assert_allclose(v[-1], exact, rtol=2e-5)
