"""Relaxation against its recurrence in float64, by a scan and by an associative scan."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Total, relaxation


@pytest.fixture(autouse=True)
def _short_stretches_end_at_eight(monkeypatch):
    monkeypatch.setattr(relaxation, "SHORT", 8)


run = jax.jit(lambda x, start, added: relaxation.relax(x, start, added))  # its own cache, with the short stretches


def added(steps, rows=3):
    return jnp.asarray(np.random.default_rng(3).normal(size=(steps, rows)))


def test_scan_and_associative_scan_are_the_same_sum():
    with jax.enable_x64():
        b, x = added(40), jnp.array([0.0, 0.01, 3.0])
        held = Total.of(jnp.ones(3))
        whole = run(x, held, b)[1]
        piece = []
        for part in b.reshape(5, 8, 3):
            held, values = run(x, held, part)
            piece.append(values)
        np.testing.assert_allclose(whole, jnp.concatenate(piece), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("steps", [8, 9])
def test_one_rate_for_all_is_the_same_rate_for_each(steps):
    with jax.enable_x64():
        b, start = added(steps), Total.of(jnp.ones(3))
        end, us = run(jnp.asarray(0.3), start, b)
        each, same = run(jnp.full(3, 0.3), start, b)
        u, expected = 1.0, []
        for now in np.asarray(b):
            u = np.exp(-0.3) * u + now
            expected.append(u)
        np.testing.assert_allclose(us, expected, rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(us, same)
        np.testing.assert_array_equal(end.high, us[-1])
        np.testing.assert_array_equal(end.value, each.value)


@pytest.mark.parametrize("steps", [8, 9])
def test_the_gradient_with_respect_to_the_rate_agrees_with_finite_differences(steps):
    with jax.enable_x64():
        b = added(steps, 1)
        last = jax.jit(lambda x: relaxation.relax(x, Total.of(jnp.ones(1)), b)[0].value[0])
        slope = jax.jit(jax.grad(last))(jnp.array([0.01]))[0]
        finite = (last(jnp.array([0.010001])) - last(jnp.array([0.009999]))) / 2e-6
        assert float(slope) == pytest.approx(float(finite), rel=1e-5)


def test_what_rounding_takes_is_carried_from_stretch_to_stretch():
    """A large value that hardly decays, moved by less than it can show in one step."""
    held = Total.of(jnp.full(1, 1000.0))
    for _ in range(200):
        held, _ = run(jnp.zeros(1), held, jnp.full((8, 1), 1e-5))
    high, low = (float(part[0]) for part in held)
    assert high + low == pytest.approx(1000.016, abs=1e-7)
    assert high == np.float32(1000.016)
