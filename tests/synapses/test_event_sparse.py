"""Synapses that work by the spike, against those that work by the step."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays import Nearest
from jaxsnn.engine import simulate
from jaxsnn.networks import Recurrent
from jaxsnn.neurons import LIF
from jaxsnn.synapses import DelayedSparse, EventSparse, Sparse, fixed_indegree, fixed_probability

KEY = jax.random.key(0)
SIZE, MAX = 30, 5


def _lists():
    sparse = fixed_probability(KEY, pre=SIZE, post=20, p=0.2, weight=lambda key, shape: jax.random.normal(key, shape))
    steps = jax.random.randint(KEY, sparse.weight.shape, 0, MAX + 1)
    return sparse, 0.1 * steps.astype(jnp.float32)


def _spikes(steps=40, p=0.2):
    return jax.random.bernoulli(KEY, p, (steps, SIZE)).astype(jnp.float32)


@pytest.mark.parametrize("block", [1, 7, 40])
@pytest.mark.slow
def test_currents_are_those_of_the_same_lists_step_by_step(block):
    sparse, delay = _lists()
    xs = _spikes()
    _, wanted = simulate(DelayedSparse(sparse, delay, max_delay=MAX, kernel=Nearest()), xs, dt=0.1, key=KEY)
    cell = EventSparse.of(sparse, delay, max_delay=MAX, capacity=SIZE)
    final, ours = simulate(cell, xs, dt=0.1, key=KEY, block=block)
    np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-5)
    assert final.lost == 0
    without = EventSparse.of(sparse, capacity=SIZE)
    np.testing.assert_allclose(
        simulate(without, xs, dt=0.1, key=KEY)[1], simulate(sparse, xs, dt=0.1, key=KEY)[1], rtol=1e-5, atol=1e-5
    )


def test_spikes_beyond_the_capacity_are_lost_and_counted():
    sparse, _ = _lists()
    xs = _spikes(p=0.5)
    final, ours = simulate(EventSparse.of(sparse, capacity=10), xs, dt=0.1, key=KEY)
    counts = np.asarray(xs).sum(axis=1)
    assert int(final.lost) == np.maximum(counts - 10, 0).sum() > 0
    first = np.asarray(xs) * (np.cumsum(np.asarray(xs), axis=1) <= 10)  # in the order of neurons
    np.testing.assert_allclose(ours, first @ np.asarray(sparse.dense()).T, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_a_recurrent_network_spikes_as_with_synapses_that_work_by_the_step():
    sparse = fixed_indegree(KEY, pre=SIZE, post=SIZE, indegree=6, weight=0.5, self_connections=False)
    delay = 0.1 * jax.random.randint(KEY, sparse.weight.shape, 1, MAX + 1).astype(jnp.float32)
    xs = 1.0 + jax.random.normal(KEY, (200, SIZE))
    forward = LIF(2.0, 0.4, size=SIZE)
    by_step = Recurrent(forward, DelayedSparse(sparse, delay, max_delay=MAX, kernel=Nearest()))
    by_spike = Recurrent(forward, EventSparse.of(sparse, delay, max_delay=MAX, capacity=SIZE))
    (_, wanted), (final, ours) = (simulate(net, xs, dt=0.1, key=KEY) for net in (by_step, by_spike))
    assert final.line.lost == 0
    assert wanted.sum() > 100
    np.testing.assert_array_equal(ours, wanted)
    late = Recurrent(forward, EventSparse.of(sparse, 0.0, max_delay=MAX, capacity=SIZE))
    with pytest.raises(ValueError, match="must lie between 1 and max_delay = 5 steps"):
        simulate(late, xs, dt=0.1, key=KEY)


def test_gradient_of_the_weights_is_right_and_that_of_the_spikes_is_refused():
    sparse, delay = _lists()
    cell, xs = EventSparse.of(sparse, delay, max_delay=MAX, capacity=SIZE), _spikes(10)

    def total(cell, xs):
        ys = simulate(cell, xs, dt=0.1, key=KEY)[1]
        return jnp.sum(jnp.sin(1.0 + jnp.arange(ys.size, dtype=ys.dtype)) * ys.ravel())

    by_weight = eqx.filter_grad(total)(cell, xs).weight
    step = np.zeros(cell.weight.shape, np.float32)
    step[:, 0] = 1.0  # linear in the weights, so a difference is exact
    moved = eqx.tree_at(lambda c: c.weight, cell, cell.weight + step)
    np.testing.assert_allclose(np.asarray(by_weight)[:, 0].sum(), total(moved, xs) - total(cell, xs), rtol=1e-3)
    with pytest.raises(TypeError, match="train with Sparse or DelayedSparse"):
        jax.grad(total, 1)(cell, xs)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda sparse: EventSparse.of(sparse, capacity=0), "EventSparse.capacity = 0"),
        (lambda sparse: EventSparse.of(sparse, np.ones(3), max_delay=2, capacity=4), r"delay.shape = \(3,\)"),
        (lambda sparse: EventSparse(np.ones((2, 1)), [[0], [5]], 0.0, post=4, max_delay=0, capacity=1), "target"),
        (
            lambda sparse: simulate(EventSparse.of(sparse, 0.9, max_delay=MAX, capacity=4), _spikes(), dt=0.1, key=KEY),
            "max_delay = 5 steps",
        ),
    ],
)
def test_event_synapses_that_make_no_sense_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make(Sparse.from_lists([0, 1], [3, 29], 1.0, post=4, pre=SIZE))
