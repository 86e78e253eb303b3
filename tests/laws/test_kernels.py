"""What every delay kernel of the catalogue promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays import DelayLine
from jaxsnn.engine import simulate
from tests.catalogue import KERNELS, spikes
from tests.laws.quick import quick_jit

every_kernel = pytest.mark.parametrize("entry", KERNELS, ids=[entry.name for entry in KERNELS])

LAST = 6
LAGS = np.arange(LAST + 2, dtype=np.int32)
STEPS = np.array([0.0, 0.3, 1.0, 2.5, 3.999, 4.0, 5.2, LAST])  # delays in steps
SHAPES = {"one delay": (), "delay per input": (3,), "delay per synapse": (2, 3)}


def _scattered(lags, weights):
    dense = np.zeros((LAST + 2,) + lags.shape[1:])
    for lag, weight in zip(np.asarray(lags), np.asarray(weights), strict=True):
        np.add.at(dense, (lag, *np.indices(lag.shape)), weight)
    return dense


@every_kernel
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("shape", [(), (8,), (2, 4)], ids=str)
def test_taps_and_weights_agree(entry, shape, first):
    kernel = entry.make()
    steps = jnp.asarray(np.resize(STEPS[first <= STEPS], shape), jnp.float32)
    lags, weights = quick_jit(lambda steps: kernel.taps(steps, first=first, last=LAST))(steps)
    assert lags.dtype == jnp.int32
    assert lags.shape == weights.shape == lags.shape[:1] + shape
    assert np.all((np.asarray(lags) >= first) & (np.asarray(lags) <= LAST + 1))
    dense = quick_jit(lambda steps: kernel.weights(steps, jnp.asarray(LAGS), first=first, last=LAST))(steps)
    np.testing.assert_allclose(dense, _scattered(lags, weights), atol=1e-6)


@every_kernel
def test_weights_are_a_share_of_one(entry):
    weights = entry.make().weights(jnp.asarray(STEPS, jnp.float32), jnp.asarray(LAGS), last=LAST)
    assert np.all(weights >= 0)
    np.testing.assert_allclose(jnp.sum(weights, axis=0), 1, rtol=1e-6)


@every_kernel
def test_a_whole_delay_weighs_most_at_its_own_lag(entry):
    whole = jnp.asarray([0.0, 2.0, 6.0])
    weights = np.asarray(entry.make().weights(whole, jnp.asarray(LAGS), last=LAST))
    np.testing.assert_array_equal(weights.argmax(axis=0), [0, 2, 6])
    assert entry.spreads or np.all(weights.max(axis=0) == 1)


@every_kernel
def test_taps_and_weights_have_the_same_gradient_for_the_delay(entry):
    with jax.enable_x64(True):
        kernel, steps, worth = entry.make(), jnp.asarray(STEPS), jnp.sin(1.0 + jnp.asarray(LAGS, jnp.float64))

        def by_taps(steps):
            lags, weights = kernel.taps(steps, last=LAST)
            return jnp.sum(weights * worth[lags])

        def by_weights(steps):
            return jnp.sum(worth @ kernel.weights(steps, jnp.asarray(LAGS), last=LAST))

        gradient, same = quick_jit(lambda steps: (jax.grad(by_taps)(steps), jax.grad(by_weights)(steps)))(steps)
        assert np.all(np.isfinite(gradient))
        assert entry.flat or np.all(gradient != 0)
        np.testing.assert_allclose(gradient, same, atol=1e-12)


@every_kernel
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_ring_and_convolution_agree_in_value_state_and_gradient(entry, shape):
    with jax.enable_x64(True):
        delay = jnp.asarray(
            np.resize([1.13, 2.0, 0.24, 2.9, 0.0, 3.0], shape)
        )  # some of whole steps, some at the edges
        xs = spikes(3)(jax.random.key(0), 11)

        def loss(delay, xs, block):
            line = DelayLine(delay, size=3, max_delay=LAST, kernel=entry.make())
            state, ys = simulate(line, xs, dt=0.5, key=jax.random.key(0), block=block)
            return jnp.sum(jnp.sin(1.0 + jnp.arange(ys.size, dtype=ys.dtype)) * ys.ravel()), (state, ys)

        graded = jax.value_and_grad(loss, (0, 1), has_aux=True)
        stepwise, whole = quick_jit(lambda delay, xs: (graded(delay, xs, 1), graded(delay, xs, 11)))(delay, xs)
        assert jax.tree.structure(stepwise) == jax.tree.structure(whole)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-12), stepwise, whole)
