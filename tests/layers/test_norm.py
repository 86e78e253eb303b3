"""Batch norm over time and batch: its statistics, what padding does to them, and where it refuses."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Masked, Running
from jaxsnn.engine import simulate
from jaxsnn.layers import AveragePool, Dropout, Norm, inference, training
from jaxsnn.networks import Chain, Parallel, Residual
from jaxsnn.synapses import Convolution, Dense
from tests.laws.quick import quick_jit

BATCH, TIME, FEATURES = 5, 6, 3
RNG = np.random.default_rng(3)
XS = RNG.normal(1.0, 2.0, (BATCH, TIME, FEATURES))
LENGTHS = np.array([6, 2, 4, 6, 1])
MASK = (np.arange(TIME)[None] < LENGTHS[:, None]).astype(float)
KEY = jax.random.key(0)


def run(cell, xs):
    """Final states and outputs of a batch."""
    one = lambda x: simulate(cell, x, dt=1.0, key=KEY)
    return jax.vmap(one, axis_name="batch")(xs)


def norm(**options):
    return Norm(FEATURES, axis="batch", gain=[0.5, 1.0, 2.0], bias=[0.0, 1.0, -1.0], **options)


def plain(xs, gain, bias):
    """Written out, for xs [batch, time, feature]."""
    mean = jnp.mean(xs, axis=(0, 1), keepdims=True)
    spread = jnp.sqrt(jnp.mean((xs - mean) ** 2, axis=(0, 1), keepdims=True) + 1e-5)
    return gain[None, None] * (xs - mean) / spread + bias[None, None]


def test_currents_are_normalised_over_time_and_batch_in_value_and_gradient():
    with jax.enable_x64(True):
        cell, worth = norm(), jnp.asarray(RNG.normal(size=XS.shape))

        @quick_jit
        def graded(cell, xs):
            ours = lambda cell, xs: jnp.sum(worth * run(cell, xs)[1])
            theirs = lambda cell, xs: jnp.sum(worth * plain(xs, cell.gain, cell.bias))
            return [(f(cell, xs), eqx.filter_grad(f)(cell, xs), jax.grad(f, 1)(cell, xs)) for f in (ours, theirs)]

        (value, of_cell, of_xs), (wanted, cell_wanted, xs_wanted) = graded(cell, jnp.asarray(XS))
        np.testing.assert_allclose(value, wanted, rtol=1e-12)
        np.testing.assert_allclose(of_cell.gain, cell_wanted.gain, rtol=1e-9)
        np.testing.assert_allclose(of_cell.bias, cell_wanted.bias, rtol=1e-9)
        np.testing.assert_allclose(of_xs, xs_wanted, rtol=1e-9, atol=1e-12)


def test_running_statistics_move_by_the_momentum_and_keep_the_unbiased_variance():
    with jax.enable_x64(True):
        first, _ = run(norm(momentum=0.3), jnp.asarray(XS))
        flat = XS.reshape(-1, FEATURES)
        for sample in range(BATCH):
            np.testing.assert_allclose(first.mean[sample], 0.3 * flat.mean(axis=0))
            np.testing.assert_allclose(first.variance[sample], 0.7 + 0.3 * flat.var(axis=0, ddof=1))


def test_padding_counts_for_nothing():
    with jax.enable_x64(True):
        garbage = np.where(MASK[:, :, None] > 0, XS, 1e6)
        final, ys = run(norm(), Masked(jnp.asarray(garbage), jnp.asarray(MASK)))
        data = XS[MASK > 0]
        np.testing.assert_allclose(final.mean[0], 0.1 * data.mean(axis=0))
        np.testing.assert_allclose(final.variance[0], 0.9 + 0.1 * data.var(axis=0, ddof=1))
        wanted = plain(jnp.asarray(data[None]), norm().gain, norm().bias)[0]
        np.testing.assert_allclose(ys[MASK > 0], wanted, rtol=1e-9)


def test_a_mask_reaches_every_norm_of_a_network_and_no_other_cell():
    """The same numbers come out whatever stands in the padding: the network has no memory."""
    inner = Parallel(Dense(np.eye(3)), Chain(norm(), Dense(RNG.normal(size=(3, 3)))), combine="sum")
    network = Chain(Residual(Dense(np.ones((3, 3)))), Residual(inner, norm()), norm())
    runs = quick_jit(lambda xs: run(network, Masked(xs, jnp.asarray(MASK, xs.dtype))))
    garbage = [jnp.asarray(np.where(MASK[:, :, None] > 0, XS, fill), jnp.float32) for fill in (0.0, 50.0)]
    (one, ys), (other, others) = (runs(xs) for xs in garbage)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), one, other)
    np.testing.assert_allclose(ys[MASK > 0], others[MASK > 0], rtol=1e-4, atol=1e-4)


def test_maps_are_normalised_per_channel_over_space_too():
    xs = RNG.normal(2.0, 3.0, (BATCH, TIME, 2, 4, 5)).astype(np.float32)
    final, ys = run(Norm(2, axis="batch"), jnp.asarray(xs))
    np.testing.assert_allclose(jnp.mean(ys, axis=(0, 1, 3, 4)), 0, atol=1e-5)
    np.testing.assert_allclose(jnp.std(ys, axis=(0, 1, 3, 4)), 1, rtol=1e-4)
    channels = xs.transpose(2, 0, 1, 3, 4).reshape(2, -1)
    np.testing.assert_allclose(final.variance[0], 0.9 + 0.1 * channels.var(axis=1, ddof=1), rtol=1e-5)


def test_a_gain_at_the_threshold_gives_currents_of_its_size():
    _, ys = run(Norm(FEATURES, axis="batch", gain=1.7), jnp.asarray(100 * XS, jnp.float32))
    np.testing.assert_allclose(jnp.std(ys, axis=(0, 1)), 1.7, rtol=1e-4)


def test_inference_takes_what_was_gathered_and_keeps_every_array():
    network = Chain(Dense(np.ones((3, 3))), norm(), Dropout(0.5, size=3))
    network = eqx.tree_at(lambda n: n.cells[1].running, network, Running(2 * jnp.ones(3), 4 * jnp.ones(3), "batch"))
    used = inference(network)
    jax.tree.map(np.testing.assert_array_equal, jax.tree.leaves(used), jax.tree.leaves(network))
    assert jax.tree.structure(training(used)) == jax.tree.structure(network)
    ys = simulate(used, jnp.ones((2, 3)), dt=1.0, key=KEY)[1]
    wanted = (3.0 - 2.0) / 2.0 * np.array([0.5, 1.0, 2.0]) + np.array([0.0, 1.0, -1.0])
    np.testing.assert_allclose(ys[0], wanted, atol=1e-5)


def test_training_statistics_are_refused_where_they_cannot_be_had():
    xs = jnp.asarray(XS, jnp.float32)
    with pytest.raises(ValueError, match=r"no vmapped axis of this name.*axis_name='batch'.*layers\.inference"):
        simulate(norm(), xs[0], dt=1.0, key=KEY)
    with pytest.raises(ValueError, match=r"not known in a step.*layers\.inference"):
        jax.vmap(lambda x: simulate(norm(), x, dt=1.0, key=KEY, record=lambda s, y: y), axis_name="batch")(xs)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Norm(0), "Norm.features = 0: must be an integer of at least 1"),
        (lambda: Norm(3, gain=[1.0, 2.0]), r"Norm\.gain\.shape = \(2,\): must be \(\) or \(3,\)"),
        (lambda: Norm(3, momentum=1.5), r"Norm\.momentum = 1\.5: must lie in \[0, 1\]"),
        (lambda: Norm(3, epsilon=-1.0), r"Norm\.epsilon = -1\.?0?: must be finite and not negative"),
        (lambda: training(Norm(3), ""), "axis = ''"),
        (lambda: Dropout(1.0, size=3), r"Dropout\.rate"),
        (lambda: Dropout(0.3, size=(2, 0)), r"Dropout\.size\[1\] = 0"),
        (lambda: Dropout(0.3, size=3, per="batch"), r"Dropout\.per = 'batch': must be one of"),
        (lambda: AveragePool(0), r"AveragePool\.window = 0"),
        (lambda: Convolution(np.ones((2, 3))), r"Convolution\.weight\.shape = \(2, 3\)"),
        (lambda: Convolution(np.ones((2, 1, 3, 3)), np.ones(3)), r"Convolution\.bias\.shape = \(3,\)"),
        (lambda: Convolution(np.ones((2, 1, 3, 3)), padding=-1), r"Convolution\.padding = -1"),
    ],
)
def test_a_layer_that_makes_no_sense_is_refused_with_a_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()
