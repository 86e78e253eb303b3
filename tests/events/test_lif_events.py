"""The membrane between events: closed forms, and crossings that are found wherever they are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import lambertw

from jaxsnn.events import ExponentialLIF, LIFState, response

TAU_SYN = [3.0, 9.99999, 10.0, 10.00001, 31.0]


def neurons(tau_syn, threshold, tau_mem=10.0):
    size = len(threshold)
    full = lambda x: jnp.broadcast_to(jnp.asarray(x, float), (size,))
    return ExponentialLIF(full(tau_mem), full(tau_syn), jnp.asarray(threshold, float), full(0.0))


def waits(model, v, i):
    return np.asarray(jax.jit(jax.vmap(lambda m, x: m.wait(x)))(model, LIFState(jnp.asarray(v), jnp.asarray(i))))


def test_response_is_the_solution_of_the_membrane_equation_and_smooth_at_equal_time_constants():
    with jax.enable_x64():
        s = np.asarray([0.0, 1e-9, 0.3, 4.0, 60.0, 4000.0])
        h = 1e-4
        values = jax.jit(response)
        slopes = jax.jit(jax.vmap(jax.grad(response, argnums=(0, 1, 2))))
        for tau_syn in TAU_SYN:
            tau_mem, syn = jnp.full(6, 10.0), jnp.full(6, tau_syn)
            k = np.asarray(values(s, tau_mem, syn))
            difference = 1 / tau_syn - 1 / 10
            if abs(difference) > 1e-3:
                wanted = tau_syn / (tau_syn - 10) * (np.exp(-s / tau_syn) - np.exp(-s / 10))
            else:
                wanted = s / 10 * np.exp(-s / 10) * (1 - s * difference / 2)
            np.testing.assert_allclose(k, wanted, rtol=1e-8, atol=1e-15)
            by_time, by_mem, by_syn = slopes(s, tau_mem, syn)
            np.testing.assert_allclose(by_time, (np.exp(-s / tau_syn) - k) / 10, atol=1e-14)
            np.testing.assert_allclose(
                by_mem, (values(s, tau_mem + h, syn) - values(s, tau_mem - h, syn)) / (2 * h), atol=1e-9
            )
            np.testing.assert_allclose(
                by_syn, (values(s, tau_mem, syn + h) - values(s, tau_mem, syn - h)) / (2 * h), atol=1e-9
            )


def test_crossing_is_the_closed_form_where_tau_mem_is_twice_tau_syn():
    """With y = exp(-s / tau_mem) the membrane is v y + i (y - y^2): a quadratic equation."""
    with jax.enable_x64():
        rng = np.random.default_rng(1)
        threshold, v, i = rng.uniform(0.5, 2, 400), rng.uniform(-2, 0.5, 400), rng.uniform(0, 15, 400)
        below = (v + i) ** 2 - 4 * i * threshold
        y = (v + i + np.sqrt(np.maximum(below, 0))) / (2 * i)
        fires = (below > 0) & (y > 0) & (y < 1)
        wanted = np.where(fires, -10 * np.log(np.where(fires, y, 1)), np.inf)
        found = waits(neurons(5.0, threshold), v, i)
        assert 50 < np.isfinite(wanted).sum() < 350
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_crossing_is_lamberts_function_where_the_time_constants_are_equal():
    with jax.enable_x64():
        i = np.linspace(2.8, 40, 50)
        wanted = -10 * lambertw(-1 / i).real
        np.testing.assert_allclose(waits(neurons(10.0, np.ones(50)), np.zeros(50), i), wanted, atol=1e-11)


@pytest.mark.parametrize("tau_syn", TAU_SYN)
def test_a_crossing_is_found_if_and_only_if_the_membrane_comes_above_threshold(tau_syn):
    """The threshold lies a billionth below or above the highest point of the path: no excursion is too short."""
    with jax.enable_x64():
        rng = np.random.default_rng(2)
        v, i = rng.uniform(-3, 1, 100), rng.uniform(1.5, 20, 100)
        s = np.linspace(0, 150, 20001)[:, None]
        path = lambda s: (
            np.exp(-s / 10) * v
            + i * np.asarray(response(jnp.asarray(s), jnp.full((1, 1), 10.0), jnp.full((1, 1), tau_syn)))
        )
        near = s[np.argmax(path(s), axis=0), 0]
        fine = near + np.linspace(-0.01, 0.01, 4001)[:, None]
        peak = path(np.maximum(fine, 0)).max(axis=0)
        some = peak > np.maximum(v, 0) + 1e-3
        assert some.sum() > 50
        v, i, peak = v[some], i[some], peak[some]
        below = waits(neurons(tau_syn, peak * (1 - 1e-9)), v, i)
        above = waits(neurons(tau_syn, peak * (1 + 1e-9)), v, i)
        assert np.isfinite(below).all()
        assert np.isinf(above).all()
        np.testing.assert_allclose(below, near[some], atol=0.01)


def test_a_neuron_at_threshold_with_enough_current_fires_at_once_and_one_that_falls_does_not():
    found = waits(
        neurons(5.0, np.ones(3)), np.array([1.0, 1.0, 0.5], np.float32), np.array([2.0, 0.5, 0.9], np.float32)
    )
    np.testing.assert_array_equal(found, [0, np.inf, np.inf])
