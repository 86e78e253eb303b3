"""Three ways to delay: the ring, step by step; the whole sequence; and the sums written out, with their derivatives.

    y[n, i] = sum_j w[i, j] sum_k share_k(d[i, j] / dt) x[n - k, j]

The third is NumPy and knows nothing of the library: convolutions for the values, and by hand for L = sum c y

    dL/dw[i, j] = sum_n c[n, i] (share * x)[n, j]          dL/dd[i, j] = w[i, j] / dt sum_n c[n, i] (share' * x)[n, j]
    dL/dx[m, j] = sum_i w[i, j] sum_k share_k c[m + k, i]
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays import DelayLine, Gaussian, Linear, Nearest
from jaxsnn.engine import simulate
from jaxsnn.synapses import DelayedDense, DelayedSparse, EventSparse, Sparse
from tests.laws.quick import quick_jit

TIME, PRE, POST, MAX, DT, WIDTH = 23, 3, 2, 6, 0.1, 0.7
LAGS = np.arange(MAX + 2)
RNG = np.random.default_rng(5)
X, C = RNG.normal(size=(TIME, PRE)), RNG.normal(size=(TIME, POST))
W = RNG.normal(size=(POST, PRE))


def _nearest(d):
    return (np.floor(d + 0.5) == LAGS).astype(float), np.zeros(len(LAGS))


def _linear(d):
    low = np.floor(d)
    share = np.where(low == LAGS, 1 - (d - low), 0.0) + np.where(low + 1 == LAGS, d - low, 0.0)
    return share, (low + 1.0 == LAGS) - 1.0 * (low == LAGS)


def _gaussian(reach=None):
    def share(d):
        there = LAGS <= MAX
        if reach is not None:
            there = there & (np.floor(d) - reach < LAGS) & (np.floor(d) + reach >= LAGS)
        bump = np.where(there, np.exp(-((LAGS - d) ** 2) / (2 * WIDTH**2)), 0)
        bump /= bump.sum()
        pull = (LAGS - d) / WIDTH**2
        return bump, bump * (pull - bump @ pull)

    return share


KERNELS = {
    "nearest": (Nearest, _nearest),
    "linear": (Linear, _linear),
    "gaussian, all lags": (lambda: Gaussian(WIDTH), _gaussian()),
    "gaussian, few taps": (lambda: Gaussian(WIDTH, reach=4), _gaussian(4)),
}
SHAPES = {
    "one delay": np.array(0.234),
    "delay per input": np.array([0.3, 0.17, 0.6]),
    "delay per synapse": np.array([[0.03, 0.6, 0.25], [0.41, 0.0, 0.111]]),
}
every_kernel = pytest.mark.parametrize("kernel", KERNELS)
every_shape = pytest.mark.parametrize("shape", SHAPES)


def _by_hand(delay, shares_of):
    """y, and dL by weights, delay (of its own shape) and x."""
    y, by_w, by_d, by_x = np.zeros((TIME, POST)), np.zeros_like(W), np.zeros_like(W), np.zeros_like(X)
    steps = np.round(np.broadcast_to(delay, W.shape) / DT, 9)
    for i, j in np.ndindex(POST, PRE):
        share, slope = shares_of(steps[i, j])
        arrived = np.convolve(X[:, j], share)[:TIME]
        y[:, i] += W[i, j] * arrived
        by_w[i, j] = C[:, i] @ arrived
        by_d[i, j] = W[i, j] / DT * (C[:, i] @ np.convolve(X[:, j], slope)[:TIME])
        by_x[:, j] += W[i, j] * np.correlate(np.pad(C[:, i], (0, len(LAGS) - 1)), share, "valid")
    while by_d.ndim > delay.ndim:
        by_d = by_d.sum(axis=0)
    return y, by_w, by_d, by_x


def _ours(cell, weights_of, block):
    """The same of a cell, its delays at `.delay`, run in blocks."""

    @quick_jit
    def graded(cell, xs):
        def loss(given):
            cell, xs = given
            y = simulate(cell, xs, dt=DT, key=jax.random.key(0), block=block)[1]
            return jnp.sum(C * y), y

        (_, y), (by_cell, by_x) = eqx.filter_value_and_grad(loss, has_aux=True)((cell, xs))
        return y, weights_of(by_cell), by_cell.delay, by_x

    return graded(cell, jnp.asarray(X))


def _same(ours, wanted):
    for left, right in zip(ours, wanted, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)


@every_kernel
@every_shape
def test_ring_and_whole_sequence_are_the_convolution_in_value_and_gradient(kernel, shape):
    make, shares_of = KERNELS[kernel]
    wanted = _by_hand(SHAPES[shape], shares_of)
    with jax.enable_x64(True):
        cell = DelayedDense(W, SHAPES[shape], max_delay=MAX, kernel=make())
        for block in (1, TIME) if kernel != "linear" else (1, 5, TIME):
            _same(_ours(cell, lambda by: by.weight, block), wanted)


@every_kernel
def test_sparse_delays_are_the_same_convolution(kernel):
    make, shares_of = KERNELS[kernel]
    delay = SHAPES["delay per synapse"]
    wanted = _by_hand(delay, shares_of)
    with jax.enable_x64(True):
        source = np.array([[2, 0, 1], [1, 2, 0]])  # in another order than that of the matrix
        rows = np.arange(POST)[:, None]
        back = lambda listed: jnp.zeros((POST, PRE)).at[rows, source].set(listed)
        sparse = DelayedSparse(
            Sparse(W[rows, source], source, pre=PRE), delay[rows, source], max_delay=MAX, kernel=make()
        )
        for block in (1, TIME):
            y, by_w, by_d, by_x = _ours(sparse, lambda by: by.synapses.weight, block)
            _same((y, back(by_w), back(by_d), by_x), wanted)


@pytest.mark.parametrize("shape", ["one delay", "delay per synapse"])
def test_delivery_by_the_spike_is_the_same_convolution(shape):
    delay = SHAPES[shape]
    y, by_w, _, _ = _by_hand(delay, _nearest)
    with jax.enable_x64(True):
        pre, post = np.meshgrid(np.arange(PRE), np.arange(POST))
        sparse = Sparse.from_lists(post.ravel(), pre.ravel(), W.ravel(), post=POST, pre=PRE)
        cell = EventSparse.of(sparse, delay, max_delay=MAX)

        @quick_jit
        def graded(cell):
            def loss(cell):
                y = simulate(cell, jnp.asarray(X), dt=DT, key=jax.random.key(0))[1]
                return jnp.sum(C * y), y

            (_, y), by_cell = eqx.filter_value_and_grad(loss, has_aux=True)(cell)
            return y, by_cell.weight.T

        _same(graded(cell), (y, by_w))


@every_kernel
@every_shape
def test_a_delay_line_is_the_convolution_of_each_input_or_synapse(kernel, shape):
    make, shares_of = KERNELS[kernel]
    delay = SHAPES[shape]
    steps = np.round(delay / DT, 9)
    if delay.ndim == 2:
        each = lambda i, j: np.convolve(X[:, j], shares_of(steps[i, j])[0])[:TIME]
        wanted = np.stack([[each(i, j) for j in range(PRE)] for i in range(POST)]).transpose(2, 0, 1)
    else:
        columns = [np.convolve(X[:, j], shares_of(np.broadcast_to(steps, PRE)[j])[0])[:TIME] for j in range(PRE)]
        wanted = np.stack(columns, axis=1)
    with jax.enable_x64(True):
        line = DelayLine(delay, size=PRE, max_delay=MAX, kernel=make())
        run = quick_jit(
            lambda line, xs: [simulate(line, xs, dt=DT, key=jax.random.key(0), block=b)[1] for b in (1, TIME)]
        )
        for y in run(line, jnp.asarray(X)):
            np.testing.assert_allclose(y, wanted, rtol=1e-12, atol=1e-12)
