"""Synapses against their sums."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays import Gaussian, Linear
from jaxsnn.engine import simulate
from jaxsnn.synapses import DelayedDense, Dense, Exponential, LowRank

KEY = jax.random.key(0)
WEIGHT = np.asarray(jax.random.normal(jax.random.key(1), (2, 3)))
XS = np.asarray(jax.random.normal(jax.random.key(2), (9, 3)))


def _run(cell, xs=XS, dt=0.1):
    return np.asarray(simulate(cell, jnp.asarray(xs), dt=dt, key=KEY)[1])


def test_dense_sums_weighted_inputs():
    expected = [[sum(WEIGHT[i, j] * x[j] for j in range(3)) for i in range(2)] for x in XS]
    np.testing.assert_allclose(_run(Dense(WEIGHT)), expected, rtol=1e-5, atol=1e-6)


def test_low_rank_is_the_dense_synapse_of_its_product():
    left = np.asarray(jax.random.normal(jax.random.key(3), (4, 2)))
    np.testing.assert_allclose(_run(LowRank(left, WEIGHT)), _run(Dense(left @ WEIGHT)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dt", [0.1, 1.0, 10.0])
def test_charge_of_a_spike_is_tau_syn_whatever_the_step(dt):
    tau = np.array([0.5, 3.0, 10.0])
    xs = np.zeros((round(200 / dt), 3), np.float32)
    xs[2] = 1
    np.testing.assert_allclose(dt * _run(Exponential(tau, size=3), xs, dt).sum(axis=0), tau, rtol=1e-5)


def test_exponential_current_decays_with_tau_syn_from_one():
    dt, tau = 0.01, 2.0
    xs = np.zeros((300, 1), np.float32)
    xs[0] = 1
    middle = dt * (np.arange(300) + 0.5)  # the mean over a step is the value in its middle, to (dt / tau)^2 / 24
    np.testing.assert_allclose(_run(Exponential(tau, size=1), xs, dt)[:, 0], np.exp(-middle / tau), rtol=1e-5)


DELAYS = {
    "one delay": np.array(0.23),
    "delay per input": np.array([0.0, 0.1, 0.37]),
    "delay per synapse": np.array([[0.0, 0.1, 0.37], [0.4, 0.22, 0.18]]),
}


@pytest.mark.parametrize("delay", DELAYS.values(), ids=DELAYS)
@pytest.mark.parametrize("kernel", [Linear, lambda: Gaussian(0.6)], ids=["linear", "gaussian"])
def test_delayed_dense_is_the_sum_over_synapses_and_lags(delay, kernel):
    longest, lags = 4, np.arange(6, dtype=np.int32)
    steps = np.broadcast_to(delay / 0.1, (2, 3))
    if kernel is Linear:
        share = np.maximum(0, 1 - abs(lags[:, None, None] - steps))
    else:
        share = np.where(lags[:, None, None] <= longest, np.exp(-((lags[:, None, None] - steps) ** 2) / 0.72), 0)
        share = share / share.sum(axis=0)
    expected = np.zeros((9, 2))
    for n, i, j, k in np.ndindex(9, 2, 3, 6):
        expected[n, i] += WEIGHT[i, j] * share[k, i, j] * (XS[n - k, j] if n >= k else 0)
    cell = DelayedDense(WEIGHT, delay, max_delay=longest, kernel=kernel())
    np.testing.assert_allclose(_run(cell), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dense(np.ones(3)), r"Dense.weight.shape = \(3,\): must be \(post, pre\)"),
        (lambda: Dense(np.full((2, 2), np.inf)), "Dense.weight"),
        (lambda: LowRank(np.ones((4, 2)), np.ones((3, 4))), r"LowRank.right.shape = \(3, 4\): .* rank = 2 as in left"),
        (lambda: Exponential(-1.0, size=3), "Exponential.tau_syn"),
        (lambda: Exponential(np.ones(2), size=3), r"Exponential.tau_syn.shape = \(2,\)"),
        (lambda: DelayedDense(WEIGHT, np.zeros(2), max_delay=3), r"DelayedDense.delay.shape = \(2,\): must be one of"),
        (lambda: DelayedDense(WEIGHT, np.zeros((3, 3)), max_delay=3), "DelayedDense.delay.shape"),
        (lambda: _run(DelayedDense(WEIGHT, 0.5, max_delay=4)), "max_delay = 4 steps of dt = 0.1"),
    ],
)
def test_a_synapse_that_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
