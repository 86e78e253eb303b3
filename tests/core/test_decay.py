"""1 - exp(-x), and what is gained over one step, keep their digits when the step is short."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import integral, lost


@pytest.mark.parametrize("x64", [False, True])
def test_what_is_lost_is_exact_to_rounding_for_steps_short_and_long(x64):
    with jax.enable_x64(x64):
        dtype = np.float64 if x64 else np.float32
        x = np.concatenate([[0], np.geomspace(1e-12, 1e3, 3001)]).astype(dtype)
        slope = jax.vmap(jax.grad(lost))(jnp.asarray(x))
        np.testing.assert_allclose(lost(jnp.asarray(x)), -np.expm1(-x.astype(float)), rtol=8 * np.finfo(dtype).eps)
        np.testing.assert_allclose(slope, np.exp(-x.astype(float)), rtol=1e-5, atol=8 * np.finfo(dtype).eps)


def test_the_integral_of_the_decay_is_exact_to_rounding_for_every_rate_and_finite_without_one():
    rate = np.concatenate([[0], np.geomspace(1e-9, 1e3, 2001)]).astype(np.float32)
    found = integral(jnp.asarray(rate), jnp.asarray(0.5, jnp.float32))
    x = rate[1:].astype(float)
    np.testing.assert_allclose(found[1:], -np.expm1(-0.5 * x) / x, rtol=1e-6)
    assert found[0] == 0.5
    assert jax.grad(integral)(0.0, 0.5) == pytest.approx(-(0.5**2) / 2)
