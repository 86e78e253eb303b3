"""What every formula promises: broadcasting, jit, vmap, float types, right and finite gradients, readable refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn import theory

FORMULAS = {
    "small_leak_variance": lambda noise, leak, delay: theory.small_leak_variance(noise),
    "renewal_variance": lambda noise, leak, delay: theory.renewal_variance(noise, 64.0),
    "packet_variance": lambda noise, leak, delay: theory.packet_variance(noise, leak, 64),
    "bias": lambda noise, leak, delay: theory.bias(noise, leak, 64),
    "bound_variance": lambda noise, leak, delay: theory.bound_variance(noise, leak, delay, 64),
    "estimate_variance": lambda noise, leak, delay: theory.estimate_variance(noise, leak, delay, 64),
    "quasistatic_variance": lambda noise, leak, delay: theory.quasistatic_variance(noise, leak, delay, 64),
}


@jax.jit  # all at once, so that each test compiles one program
def every_formula(noise, leak, delay):
    return {name: formula(noise, leak, delay) for name, formula in FORMULAS.items()}


@jax.jit
@jax.vmap
def every_slope(noise, leak, delay):
    return {name: jnp.stack(jax.grad(formula, (0, 1, 2))(noise, leak, delay)) for name, formula in FORMULAS.items()}


# advances delta/s from 1e-4 to 30, one of them at the switch between the two forms of a band, delta/s = 2
NOISE = np.array([40.0, 3.0, 1.0, 1.0, 0.3, 0.3, 0.1, 0.5, 2.0])
LEAK = np.array([0.01, 0.1, 1.0, 0.3, 1.0, 2.0, 2.0, 10.0, 1e-3])
DELAY = np.array([0.03, 0.1, 0.4, 0.05, 0.42, 0.3, 1.6, 3.0, 6.4])


def test_single_precision_agrees_with_double():
    with jax.enable_x64():
        exact = every_formula(*map(jnp.asarray, (NOISE, LEAK, DELAY)))
    for name, single in every_formula(NOISE, LEAK, DELAY).items():
        assert (single.dtype, exact[name].dtype) == (jnp.float32, jnp.float64)
        np.testing.assert_allclose(single, exact[name], rtol=2e-5, err_msg=name)


@pytest.mark.slow
def test_gradients_equal_difference_quotients():
    place = np.array([NOISE, LEAK, DELAY])
    with jax.enable_x64():
        slopes = every_slope(*jnp.asarray(place))
        for axis in range(3):
            h = 1e-5 * place[axis]
            step = np.eye(3)[axis][:, None] * h
            low, high = every_formula(*(place - step)), every_formula(*(place + step))
            for name in slopes:
                quotient = (np.asarray(high[name]) - np.asarray(low[name])) / (2 * h)
                rounding = 1e-14 * np.asarray(high[name]) / h
                error = np.abs(np.asarray(slopes[name][:, axis]) - quotient)
                np.testing.assert_array_less(error, 1e-5 * np.abs(quotient) + rounding, err_msg=f"{name}, {axis}")


@pytest.mark.parametrize("leak", [0.0, 1.0])
def test_values_and_gradients_stay_finite_as_noise_leak_and_delay_vanish(leak):
    noise, delay = map(np.ravel, np.meshgrid([0.0, 1e-30, 1e-3], [0.0, 1e-30, 0.4]))
    corners = [jnp.asarray(values, dtype=float) for values in (noise, np.full(9, leak), delay)]
    values, slopes = every_formula(*corners), every_slope(*corners)
    for name in FORMULAS:
        assert np.all(np.isfinite(values[name])), name
        assert np.all(np.isfinite(slopes[name])), name


def test_formulas_broadcast_compiled_or_not_and_vectorise():
    noise, delay = np.geomspace(0.1, 10, 4), np.array([0.0, 0.1, 1.0])
    table = theory.bound_variance(noise[:, None], 1.0, delay[None, :], 64)
    inner = jax.vmap(lambda s, d: theory.bound_variance(s, 1.0, d, 64), (None, 0))
    each = jax.jit(jax.vmap(inner, (0, None)))(noise, delay)
    assert table.shape == (4, 3)
    np.testing.assert_allclose(each, table, rtol=1e-5)
    np.testing.assert_allclose(table[1, 2], theory.bound_variance(noise[1], 1.0, delay[2], 64), rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theory.packet_variance(-1.0, 1.0, 64), "noise = -1.: must be finite and not negative"),
        (lambda: theory.bound_variance(1.0, np.nan, 0.1, 64), "leak = nan"),
        (lambda: theory.estimate_variance(1.0, 1.0, np.array([0.1, -0.1]), 64), "delay = "),
        (lambda: theory.regular_variance(0.0), "rate = 0.: must be finite and positive"),
        (lambda: theory.persistence(1.5, 64), "correlation = 1.5"),
        (lambda: theory.packet_variance(1.0, 1.0, 0), "neurons = 0: must be an integer of at least 1"),
        (lambda: theory.packet_edge(1), "neurons = 1: must be an integer of at least 2"),
    ],
)
def test_bad_values_are_refused_by_name(call, words):
    with pytest.raises(ValueError, match=words):
        call()
