"""A point process on a time grid: what it does, and what it passes on, must not depend on the grid."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.gradients import Hazard, score_loss
from jaxsnn.neurons import LIF
from tests.laws.quick import quick_jit

MANY, DURATION, DT = 200, 10.0, 0.1
every_shape = pytest.mark.parametrize("shape", ["exponential", "softplus"])
U = jnp.asarray([-30.0, -1.2, -0.1, 0.0, 0.3, 2.0, 30.0])


@every_shape
def test_the_firing_probability_is_that_of_a_point_process(shape, getkey):
    with jax.enable_x64(True):
        rule = Hazard(1.5, 0.4, shape=shape, dt=0.2)
        u = np.asarray(U, float)
        rho = 1.5 * (np.exp(u / 0.4) if shape == "exponential" else np.logaddexp(0, u / 0.4))
        with np.errstate(over="ignore"):
            np.testing.assert_allclose(rule.probability(jnp.asarray(u)), -np.expm1(-0.2 * rho), rtol=1e-9)
        for s in (0.0, 1.0):
            log = rule.log_probability(jnp.asarray(u[1:6]), jnp.full(5, s))
            expected = 0.2 * rho[1:6]
            np.testing.assert_allclose(log, np.log(-np.expm1(-expected)) if s else -expected, rtol=1e-6, atol=1e-12)
    many = 20_000
    rule, u = Hazard(1.5, 0.4, shape=shape, dt=0.2), jnp.repeat(U[1:6], many)
    noise = jax.tree.map(lambda z: z[0], rule.draw(getkey(), jnp.arange(1, dtype=jnp.int32), u.shape))
    rate, p = jnp.mean(rule(u, noise).reshape(5, many), axis=1), np.asarray(rule.probability(U[1:6]))
    assert np.all(abs(rate - p) < 4 * np.sqrt(p * (1 - p) / many) + 1e-12)


@every_shape
def test_the_declared_tangent_is_the_derivative_of_the_probability_in_dt_too(shape):
    with jax.enable_x64(True):
        rule, u = Hazard(1.5, 0.4, shape=shape, dt=0.2), jnp.asarray(U, jnp.float64)[1:6]
        noise = jax.tree.map(lambda z: z[0], rule.draw(jax.random.key(0), jnp.arange(1, dtype=jnp.int32), u.shape))
        d_rule = jax.tree.map(lambda _: jnp.asarray(0.7), rule)
        wanted = jax.jvp(lambda rule, u: rule.probability(u), (rule, u), (d_rule, jnp.cos(u)))[1]
        np.testing.assert_allclose(rule.tangent(u, noise, d_rule, jnp.cos(u)), wanted, rtol=1e-9, atol=1e-14)


def _counts(parameters, dt, key, mode, paths):
    """Spikes of a neuron in DURATION, of each path; and the final states."""
    threshold, temperature = parameters
    cell = LIF(3.0, threshold, Hazard(0.5, temperature, mode=mode), size=1)
    xs = jnp.full((round(DURATION / dt), 1), 0.8)
    final, ys = jax.vmap(lambda key: simulate(cell, xs, dt=dt, key=key))(jax.random.split(key, paths))
    return jnp.sum(ys, axis=(1, 2)), final


@pytest.fixture(scope="module")
def at_two_steps():
    """Mean and standard error of the count and its gradients, noise-driven and by score, at dt and dt / 4."""
    found = {}
    groups = 20
    for dt in (DT, DT / 4):

        def one(key, dt=dt):
            start = (jnp.asarray(1.0), jnp.asarray(0.3))

            def scored(parameters):
                counts, final = _counts(parameters, dt, key, "score", MANY)
                return score_loss(counts, final)

            def passed(parameters):
                return jnp.mean(_counts(parameters, dt, key, "reverse", MANY)[0])

            count, noise_driven = jax.value_and_grad(passed)(start)
            return {"count": count, "noise-driven": noise_driven, "score": jax.grad(scored)(start)}

        keys = jax.random.split(jax.random.key(round(1000 * dt)), groups)
        runs = quick_jit(lambda keys, one=one: jax.lax.map(one, keys))(keys)
        found[dt] = jax.tree.map(lambda x: (float(np.mean(x)), float(np.std(x)) / np.sqrt(groups - 1)), runs)
    return found


@pytest.mark.parametrize("what", ["count", "noise-driven", "score"])
def test_rate_and_gradients_do_not_depend_on_dt(at_two_steps, what):
    pairs = jax.tree.leaves(at_two_steps[DT][what]), jax.tree.leaves(at_two_steps[DT / 4][what])
    coarse, fine = (np.reshape(pair, (-1, 2)) for pair in pairs)
    allowance = 0.03 * abs(fine[:, 0])  # of order dt: one spike a step at most, and the reset waits for the grid
    assert np.all(abs(coarse[:, 0] - fine[:, 0]) < 4 * np.hypot(coarse[:, 1], fine[:, 1]) + allowance)
    assert np.all(abs(fine[:, 0]) > 8 * fine[:, 1])  # they are known well enough to be compared


def test_more_noise_and_a_lower_threshold_fire_more(at_two_steps):
    of_threshold, of_temperature = at_two_steps[DT]["score"]
    assert of_threshold[0] < 0 < of_temperature[0]
