"""Sparse synapses against the dense ones of the same matrix, and random connectivity against its counts."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays import Gaussian, Linear
from jaxsnn.engine import simulate
from jaxsnn.gradients import ArcTan
from jaxsnn.networks import Recurrent
from jaxsnn.neurons import LIF
from jaxsnn.synapses import DelayedDense, DelayedSparse, Dense, Sparse, fixed_indegree, fixed_probability
from tests.laws.quick import quick_jit

KEY = jax.random.key(0)
POST, PRE, TIME = 5, 300, 9
ROWS = np.array([0, 4, 0, 1, 4, 4, 2])  # nobody speaks to neuron 3
COLUMNS = np.array([7, 0, 2, 7, 299, 31, 150])
WEIGHTS = np.cos(np.arange(7.0))


def _matrix(rows=ROWS, columns=COLUMNS, values=WEIGHTS, shape=(POST, PRE)):
    matrix = np.zeros(shape)
    np.add.at(matrix, (rows, columns), values)
    return matrix


def _graded(cell, xs, block):
    """Value, and gradient for cell and inputs, of a functional of the outputs."""

    def loss(cell, xs):
        ys = simulate(cell, xs, dt=0.1, key=KEY, block=block)[1]
        return jnp.sum(jnp.sin(1.0 + jnp.arange(ys.size, dtype=ys.dtype)) * ys.ravel()), ys

    both = quick_jit(lambda given: eqx.filter_value_and_grad(lambda g: loss(*g), has_aux=True)(given))
    (_, ys), (by_cell, by_xs) = both((cell, xs))
    return ys, by_cell, by_xs


@pytest.mark.parametrize("pre", [PRE, 30], ids=["by gathering", "by a product"])
@pytest.mark.parametrize("block", [1, TIME])
def test_sparse_is_the_dense_synapse_of_its_matrix_in_value_and_gradient(pre, block):
    columns = COLUMNS % pre
    with jax.enable_x64(True):
        sparse = Sparse.from_lists(ROWS, columns, WEIGHTS, post=POST, pre=pre)
        matrix = _matrix(columns=columns, shape=(POST, pre))
        np.testing.assert_array_equal(sparse.dense(), matrix)
        xs = jax.random.normal(KEY, (TIME, pre))
        ys, by_sparse, by_xs = _graded(sparse, xs, block)
        wanted, by_dense, xs_wanted = _graded(Dense(matrix), xs, block)
        np.testing.assert_allclose(ys, wanted, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(by_xs, xs_wanted, rtol=1e-12, atol=1e-13)
        there = np.asarray(sparse.source) < pre
        rows = np.nonzero(there)[0]
        listed = np.asarray(by_dense.weight)[rows, np.asarray(sparse.source)[there]]
        np.testing.assert_allclose(np.asarray(by_sparse.weight)[there], listed, rtol=1e-12, atol=1e-13)
        np.testing.assert_array_equal(np.asarray(by_sparse.weight)[~there], 0)  # of synapses that do not exist


def test_a_pair_that_is_listed_twice_has_the_sum_of_its_weights():
    sparse = Sparse.from_lists([1, 1, 0], [2, 2, 1], [0.5, 0.25, 3.0], post=2, pre=3)
    np.testing.assert_array_equal(sparse.dense(), [[0, 3, 0], [0, 0, 0.75]])
    _, ys = simulate(sparse, jnp.asarray([[1.0, 10.0, 100.0]]), dt=0.1, key=KEY)
    np.testing.assert_array_equal(ys, [[30, 75]])


def test_lists_come_back_as_they_were_given_in_ascending_order():
    sparse = Sparse.from_lists(ROWS, COLUMNS, WEIGHTS, post=POST, pre=PRE)
    order = np.lexsort((COLUMNS, ROWS))
    for ours, given in zip(sparse.lists(), (ROWS, COLUMNS, WEIGHTS.astype(np.float32)), strict=True):
        np.testing.assert_array_equal(ours, given[order])


def test_a_neuron_without_inputs_and_a_network_without_synapses_are_silent():
    none = Sparse.from_lists(np.zeros(0, int), np.zeros(0, int), 1.0, post=2, pre=3)
    np.testing.assert_array_equal(simulate(none, jnp.ones((4, 3)), dt=0.1, key=KEY)[1], np.zeros((4, 2)))


KERNELS = [
    pytest.param(Linear, id="linear", marks=pytest.mark.slow),
    pytest.param(lambda: Gaussian(0.6), id="gaussian"),
]


@pytest.mark.parametrize("kernel", KERNELS)
def test_delayed_sparse_is_the_delayed_dense_of_its_matrices_in_value_and_gradient(kernel):
    with jax.enable_x64(True):
        sparse = Sparse.from_lists(ROWS, COLUMNS % 9, WEIGHTS, post=POST, pre=9)
        delay = 0.4 * jax.random.uniform(KEY, sparse.weight.shape)
        there = np.asarray(sparse.source) < 9
        at = (np.nonzero(there)[0], np.asarray(sparse.source)[there])
        delays = np.full((POST, 9), 0.1)
        delays[at] = np.asarray(delay)[there]
        xs = jax.random.normal(KEY, (TIME, 9))
        dense = DelayedDense(sparse.dense(), delays, max_delay=4, kernel=kernel())
        wanted, by_dense, xs_wanted = _graded(dense, xs, TIME)
        for block in (1, 4, TIME):
            ys, by_sparse, by_xs = _graded(DelayedSparse(sparse, delay, max_delay=4, kernel=kernel()), xs, block)
            np.testing.assert_allclose(ys, wanted, rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(by_xs, xs_wanted, rtol=1e-12, atol=1e-13)
            for ours, theirs in ((by_sparse.synapses.weight, by_dense.weight), (by_sparse.delay, by_dense.delay)):
                np.testing.assert_allclose(np.asarray(ours)[there], np.asarray(theirs)[at], rtol=1e-11, atol=1e-13)


@pytest.mark.slow
def test_a_recurrent_network_of_delayed_sparse_synapses_is_that_of_dense_ones():
    with jax.enable_x64(True):
        sparse = fixed_indegree(KEY, pre=6, post=6, indegree=2, weight=0.8, self_connections=False)
        delay = 0.1 + 0.3 * jax.random.uniform(KEY, (6, 2))
        delays = np.full((6, 6), 0.1)
        delays[np.repeat(np.arange(6), 2), np.asarray(sparse.source).ravel()] = delay.ravel()
        xs = 1.2 + jax.random.normal(KEY, (40, 6))
        forward = LIF(2.0, 0.3, ArcTan(0.5), size=6)
        ours, by_ours, _ = _graded(Recurrent(forward, DelayedSparse(sparse, delay, max_delay=4)), xs, 40)
        wanted, by_wanted, _ = _graded(Recurrent(forward, DelayedDense(sparse.dense(), delays, max_delay=4)), xs, 40)
        np.testing.assert_array_equal(ours, wanted)
        assert 10 < ours.sum() < 200
        np.testing.assert_allclose(by_ours.forward.tau, by_wanted.forward.tau, rtol=1e-10)
        with pytest.raises(ValueError, match="must lie between 1 and max_delay = 4 steps"):
            simulate(Recurrent(forward, DelayedSparse(sparse, 0 * delay, max_delay=4)), xs, dt=0.1, key=KEY)


def test_each_pair_is_connected_with_its_probability_and_in_degrees_are_binomial():
    post, pre, p = 400, 300, 0.1
    sparse = fixed_probability(KEY, pre=pre, post=post, p=p, weight=0.5)
    matrix = np.asarray(sparse.dense())
    assert set(np.unique(matrix)) == {0.0, 0.5}  # no pair twice
    for degrees, others in ((matrix.astype(bool).sum(axis=1), pre), (matrix.astype(bool).sum(axis=0), post)):
        variance = others * p * (1 - p)
        assert abs(degrees.mean() - others * p) < 4 * np.sqrt(variance / degrees.size)
        assert abs(degrees.var(ddof=1) - variance) < 4 * variance * np.sqrt(2 / (degrees.size - 1))
    without = fixed_probability(KEY, pre=50, post=50, p=1.0, weight=1.0, self_connections=False)
    np.testing.assert_array_equal(without.dense(), 1 - np.eye(50))


def test_every_neuron_has_different_inputs_and_every_input_the_same_chance():
    seeds, post, pre, indegree = 200, 4, 10, 4
    keys = jax.random.split(KEY, seeds)
    sources = jax.vmap(lambda key: fixed_indegree(key, pre=pre, post=post, indegree=indegree, weight=1.0).source)(keys)
    sources = np.asarray(sources).reshape(-1, indegree)
    assert np.all(np.diff(sources, axis=1) > 0)
    chosen = (sources[:, :, None] == np.arange(pre)).sum(axis=1)
    p, many = indegree / pre, len(sources)
    assert np.all(abs(chosen.mean(axis=0) - p) < 4 * np.sqrt(p * (1 - p) / many))
    pairs = np.cov(chosen.T)[~np.eye(pre, dtype=bool)]  # drawn without replacement: covariance -p (1 - p) / (pre - 1)
    assert np.all(abs(pairs + p * (1 - p) / (pre - 1)) < 5 * p * (1 - p) / np.sqrt(many))


def test_a_neuron_is_never_its_own_input_if_it_must_not():
    source = np.asarray(fixed_indegree(KEY, pre=9, post=9, indegree=8, weight=1.0, self_connections=False).source)
    np.testing.assert_array_equal(source, [[n for n in range(9) if n != row] for row in range(9)])


def test_weights_may_be_drawn_for_each_synapse():
    normal = lambda key, shape: 2 + jax.random.normal(key, shape)
    for sparse in (
        fixed_indegree(KEY, pre=50, post=40, indegree=25, weight=normal),
        fixed_probability(KEY, pre=50, post=40, p=0.5, weight=normal),
    ):
        weights = sparse.lists()[2]
        assert abs(weights.mean() - 2) < 4 / np.sqrt(weights.size)
        assert abs(weights.std() - 1) < 4 / np.sqrt(2 * weights.size)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Sparse.from_lists([0, 9], [0, 0], 1.0, post=2, pre=3), r"post_index = \[9\]: must lie in 0 ... 1;"),
        (lambda: Sparse.from_lists([0, 1], [0, -1], 1.0, post=2, pre=3), r"pre_index = \[-1\]: must lie in 0 ... 2;"),
        (lambda: Sparse.from_lists([0], [0, 1], 1.0, post=2, pre=3), "pre_index.shape"),
        (lambda: Sparse.from_lists([0, 1], [0, 1], np.ones(3), post=2, pre=3), "weight.shape"),
        (lambda: Sparse.from_lists([0.5], [1], 1.0, post=2, pre=3), "dtype float64: must be integers"),
        (lambda: Sparse.from_lists([0], [1], np.inf, post=2, pre=3), "Sparse.weight"),
        (lambda: Sparse(np.ones((2, 1)), [[0], [4]], pre=3), r"Sparse.source = \[4\]: .*0 ... 2, or be 3 for no"),
        (lambda: Sparse(np.ones((2, 1)), [[0, 1], [1, 2]], pre=3), "Sparse.source.shape"),
        (lambda: Sparse(np.ones(2), [0, 1], pre=3), "Sparse.weight.shape"),
        (
            lambda: DelayedSparse(Sparse(np.ones((2, 1)), [[0], [1]], pre=3), 0.1, max_delay=2),
            "DelayedSparse.delay.shape",
        ),
        (lambda: fixed_probability(KEY, pre=3, post=3, p=1.5, weight=1.0), "p = 1.5"),
        (lambda: fixed_probability(KEY, pre=3, post=2, p=0.5, weight=1.0, self_connections=False), "needs pre = post"),
        (
            lambda: jax.vmap(lambda k: fixed_probability(k, pre=3, post=2, p=0.5, weight=1.0))(KEY[None]),
            "fixed_indegree",
        ),
        (lambda: fixed_indegree(KEY, pre=3, post=3, indegree=4, weight=1.0), "indegree = 4: must be at most 3"),
        (lambda: fixed_indegree(KEY, pre=3, post=3, indegree=1, weight=np.ones(3)), "weight.shape"),
        (lambda: fixed_indegree(KEY, pre=3, post=0, indegree=1, weight=1.0), "post = 0"),
    ],
)
def test_synapses_that_make_no_sense_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
