"""Ten thousand steps of a recurrent network: counted per unit time a surrogate stays a number, counted per step not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.gradients import ArcTan, Hazard
from jaxsnn.networks import homogeneous
from tests.laws.quick import quick_jit

STEPS = 10_000


def slope(rule):
    """Mean square error of a balanced network, and its derivative in the log of the noise, by forward mode."""

    @quick_jit
    def both(log):
        def error(log):
            options = {"leak": 1.0, "delay": 0.4, "max_delay": 16, "gradients": True, "spike": rule}
            net = homogeneous(8, noise=jnp.exp(log), **options)
            record = lambda state, y: y.error
            ys = simulate(net, np.ones((STEPS, 1), np.float32), dt=0.05, key=jax.random.key(0), record=record)[1]
            return jnp.mean(jnp.square(ys[STEPS // 10 :]))

        return jax.jvp(error, (log,), (jnp.ones_like(log),))

    return both(jnp.zeros(()))


@pytest.mark.parametrize(
    "rule",
    [ArcTan(0.3, normalize="area", rate=1.0, mode="forward"), Hazard(2.0, 0.1, mode="forward")],
    ids=["per unit time", "hazard"],
)
def test_the_derivative_of_a_long_run_stays_a_number(rule):
    value, derivative = slope(rule)
    assert 0 < value < 100
    assert 0 < abs(derivative) < 100


def test_unit_area_counted_per_step_overflows_and_does_not_hide_it():
    value, derivative = slope(ArcTan(0.3, normalize="area", mode="forward"))
    assert np.isfinite(value)
    assert not np.isfinite(derivative)
