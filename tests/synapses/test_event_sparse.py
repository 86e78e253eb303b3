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
    cell = EventSparse.of(sparse, delay, max_delay=MAX)
    final, ours = simulate(cell, xs, dt=0.1, key=KEY, block=block)
    np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-5)
    assert final.lost == 0
    without = EventSparse.of(sparse)
    np.testing.assert_allclose(
        simulate(without, xs, dt=0.1, key=KEY)[1], simulate(sparse, xs, dt=0.1, key=KEY)[1], rtol=1e-5, atol=1e-5
    )


def test_a_step_in_which_everybody_fires_loses_no_spike():
    sparse, delay = _lists()
    cell = EventSparse.of(sparse, delay, max_delay=MAX)
    final, ours = simulate(cell, jnp.concatenate([jnp.ones((1, SIZE)), jnp.zeros((MAX, SIZE))]), dt=0.1, key=KEY)
    assert (int(final.sent), int(final.delivered), int(final.lost)) == (SIZE, SIZE, 0)
    np.testing.assert_allclose(ours.sum(axis=0), np.asarray(sparse.dense()).sum(axis=1), rtol=1e-5, atol=1e-5)


def test_the_counter_of_lost_spikes_counts_what_was_not_delivered():
    final, _ = simulate(EventSparse.of(_lists()[0]), _spikes(), dt=0.1, key=KEY)
    assert int(final.sent) == int(_spikes().sum()) == int(final.delivered)
    assert int(final._replace(delivered=final.delivered - 3).lost) == 3


@pytest.mark.slow
def test_more_than_one_word_of_neurons_and_graded_inputs_are_delivered():
    sparse = fixed_probability(KEY, pre=1200, post=7, p=0.3, weight=lambda key, shape: jax.random.normal(key, shape))
    xs = jnp.where(jax.random.bernoulli(KEY, 0.1, (5, 1200)), jax.random.normal(KEY, (5, 1200)), 0.0)
    _, ours = simulate(EventSparse.of(sparse), xs, dt=0.1, key=KEY)
    np.testing.assert_allclose(ours, xs @ sparse.dense().T, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_networks_side_by_side_are_those_one_by_one():
    """Under vmap over spikes, over weights and over both, nested."""
    sparse, delay = _lists()
    cell = EventSparse.of(sparse, delay, max_delay=MAX)
    cells = jax.vmap(lambda factor: eqx.tree_at(lambda c: c.weight, cell, factor * cell.weight))(jnp.asarray([1.0, -2]))
    xs = jax.random.bernoulli(KEY, 0.2, (3, 8, SIZE)).astype(jnp.float32)
    run = lambda cell, xs: simulate(cell, xs, dt=0.1, key=KEY)
    one = np.stack([run(cell, x)[1] for x in xs])
    final, shared = jax.vmap(run, (None, 0))(cell, xs)
    np.testing.assert_allclose(shared, one, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(final.delivered, xs.sum(axis=(1, 2)))
    np.testing.assert_array_equal(final.lost, 0)
    each = eqx.filter_vmap(eqx.filter_vmap(run, in_axes=(None, 0)), in_axes=(eqx.if_array(0), None))
    tables = (jnp.stack([cell.target] * 2), jnp.stack([cell.delay] * 2))
    cells = eqx.tree_at(lambda c: (c.target, c.delay), cells, tables)
    np.testing.assert_allclose(each(cells, xs)[1], np.stack([one, -2 * one]), rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_a_recurrent_network_spikes_as_with_synapses_that_work_by_the_step():
    sparse = fixed_indegree(KEY, pre=SIZE, post=SIZE, indegree=6, weight=0.5, self_connections=False)
    delay = 0.1 * jax.random.randint(KEY, sparse.weight.shape, 1, MAX + 1).astype(jnp.float32)
    xs = 1.0 + jax.random.normal(KEY, (200, SIZE))
    forward = LIF(2.0, 0.4, size=SIZE)
    by_step = Recurrent(forward, DelayedSparse(sparse, delay, max_delay=MAX, kernel=Nearest()))
    by_spike = Recurrent(forward, EventSparse.of(sparse, delay, max_delay=MAX))
    (_, wanted), (final, ours) = (simulate(net, xs, dt=0.1, key=KEY) for net in (by_step, by_spike))
    assert final.line.lost == 0
    assert wanted.sum() > 100
    np.testing.assert_array_equal(ours, wanted)
    late = Recurrent(forward, EventSparse.of(sparse, 0.0, max_delay=MAX))
    with pytest.raises(ValueError, match="must lie between 1 and max_delay = 5 steps"):
        simulate(late, xs, dt=0.1, key=KEY)


def test_gradient_of_the_weights_is_right_and_that_of_the_spikes_is_refused():
    sparse, delay = _lists()
    cell, xs = EventSparse.of(sparse, delay, max_delay=MAX), _spikes(10)

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
        (lambda sparse: EventSparse.of(sparse, np.ones(3), max_delay=2), r"delay.shape = \(3,\)"),
        (lambda sparse: EventSparse(np.ones((2, 1)), [[0], [5]], 0.0, post=4, max_delay=0), "target"),
        (
            lambda sparse: simulate(EventSparse.of(sparse, 0.9, max_delay=MAX), _spikes(), dt=0.1, key=KEY),
            "max_delay = 5 steps",
        ),
    ],
)
def test_event_synapses_that_make_no_sense_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make(Sparse.from_lists([0, 1], [3, 29], 1.0, post=4, pre=SIZE))
