"""The gradients that the benchmark times: both modes are one derivative, and that of the smooth part is exact."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.gradients import log_error

POINT = {"noise": 1.0, "delay_steps": 3.0, "length": 40}


@pytest.mark.slow
def test_forward_and_reverse_mode_find_the_same_gradient_through_a_run_of_w1():
    key, theta = jax.random.key(2), jnp.zeros(3)
    back = jax.grad(log_error)(theta, POINT, key, memory=3e5)
    ahead = jax.jacfwd(log_error)(theta, POINT, key, "forward", block=10)
    assert np.all(np.isfinite(back))
    assert np.all(np.asarray(back) != 0)
    np.testing.assert_allclose(back, ahead, rtol=2e-3, atol=1e-5)
