"""The forms in which a whole sequence is delayed agree with the ring, step by step, and with the sum over lags."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays import Gaussian, Linear, by_frequency
from jaxsnn.delays.convolve import contracted
from jaxsnn.engine import simulate
from jaxsnn.networks import Recurrent
from jaxsnn.neurons import LeakyIntegrator
from jaxsnn.synapses import DelayedDense
from tests.laws.quick import quick_jit

PRE, POST, MAX, STEPS = 3, 2, 6, 17
RNG = np.random.default_rng(3)


def _graded(form, steps, given):
    weights = jnp.sin(jnp.arange(steps * POST, dtype=float)).reshape(steps, POST)
    run = lambda given: (jnp.sum(weights * form(given[0], steps, given[1])), form(given[0], steps, given[1]))
    (_, y), gradient = quick_jit(jax.value_and_grad(run, has_aux=True))(given)
    return y, *gradient


@pytest.mark.parametrize(("steps", "lags", "past"), [(10, 4, 3), (11, 4, 5), (5, 9, 9), (1, 1, 0)])
def test_the_transform_is_the_sum_over_lags_in_value_and_gradient(steps, lags, past):
    with jax.enable_x64(True):
        given = jnp.asarray(RNG.normal(size=(past + steps, PRE))), jnp.asarray(RNG.normal(size=(lags, POST, PRE)))
        for ours, wanted in zip(_graded(by_frequency, steps, given), _graded(contracted, steps, given), strict=True):
            np.testing.assert_allclose(ours, wanted, rtol=1e-12, atol=1e-12)


def _run(cell, xs, block):
    @quick_jit
    def run(cell, xs):
        def loss(given):
            cell, xs = given
            final, ys = simulate(cell, xs, dt=0.1, key=jax.random.key(0), block=block)
            parts = [jnp.sum(a * jnp.sin(jnp.arange(a.size, dtype=a.dtype)).reshape(a.shape)) for a in (ys,)]
            held = [jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(final)]
            return sum(parts + held), ys

        return eqx.filter_value_and_grad(loss, has_aux=True)((cell, xs))

    return jax.tree.leaves(run(cell, xs))


def _same(cell, xs, blocks):
    stepwise = _run(cell, xs, 1)
    for block in blocks:
        for ours, wanted in zip(_run(cell, xs, block), stepwise, strict=True):
            np.testing.assert_allclose(ours, wanted, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("kernel", [Linear, lambda: Gaussian(0.7)], ids=["linear", "gaussian"])
def test_a_synapse_by_frequency_is_the_ring_in_value_and_gradient(kernel):
    with jax.enable_x64(True):
        delay = 0.1 * MAX * RNG.random((POST, PRE))
        cell = DelayedDense(RNG.normal(size=(POST, PRE)), delay, max_delay=MAX, kernel=kernel(), form="frequency")
        _same(cell, jnp.asarray(RNG.normal(size=(STEPS, PRE))), (5,) if kernel is Linear else (STEPS,))


@pytest.mark.parametrize("kernel", [Linear, lambda: Gaussian(0.7)], ids=["linear", "gaussian"])
def test_a_loop_of_stacked_lags_is_the_ring_in_value_and_gradient(kernel):
    with jax.enable_x64(True):
        delay = 0.1 + 0.1 * (MAX - 1) * RNG.random((PRE, PRE))
        line = DelayedDense(RNG.normal(size=(PRE, PRE)) / 2, delay, max_delay=MAX, kernel=kernel())
        loop = Recurrent(LeakyIntegrator(0.3, size=PRE), line)
        _same(loop, jnp.asarray(RNG.normal(size=(STEPS, PRE))), (5,) if kernel is Linear else (STEPS,))


@pytest.mark.parametrize(("kernel", "chosen"), [(Linear, "lags"), (lambda: Gaussian(0.7), "frequency")])
def test_a_kernel_that_keeps_whole_delays_whole_is_not_rounded_by_frequency(kernel, chosen):
    xs = jnp.asarray(RNG.integers(0, 2, (40, PRE)), jnp.float32)
    of = lambda form: DelayedDense(
        jnp.ones((POST, PRE)), jnp.full((POST, PRE), 0.3), max_delay=20, kernel=kernel(), form=form
    )
    run = lambda form: np.asarray(simulate(of(form), xs, dt=0.1, key=jax.random.key(0))[1])
    np.testing.assert_array_equal(run("auto"), run(chosen))
    if chosen == "lags":
        np.testing.assert_array_equal(run("auto")[3:, 0], np.asarray(xs.sum(axis=1))[:-3])


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match=r"DelayedDense\.form = 'fourier': must be one of"):
        DelayedDense(jnp.ones((POST, PRE)), 0.3, max_delay=6, form="fourier")
