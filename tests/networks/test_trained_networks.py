"""Whole networks to train: their sizes, and that a trained one is the same network step by step and all at once.

Inference batch norm, no dropout, float64: values and gradients of every parameter.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Running
from jaxsnn.delays import Gaussian, Linear
from jaxsnn.engine import simulate
from jaxsnn.fit import leaf_paths
from jaxsnn.gradients import ArcTan, NoiseDriven
from jaxsnn.layers import inference
from jaxsnn.networks import (
    Conv,
    Pool,
    convolutional,
    delayed_feedforward,
    delayed_synapses,
    feedforward,
    recurrent_network,
    resnet,
    resnet18,
    resnet19,
    spiking_neurons,
    vgg,
)
from jaxsnn.synapses import DelayedDense
from tests.laws.quick import quick_jit

KEY, STEPS = jax.random.key(4), 12
SOFT = lambda: ArcTan(0.5)
TRAINED = ("weight", "delay", "gain", "bias")


def parameters(make):
    leaves = jax.tree_util.tree_leaves_with_path(jax.eval_shape(make))
    return sum(leaf.size for path, leaf in leaves if path[-1].name in TRAINED)


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [((140, 256, 256, 20), 214_016), ((140, 512, 512, 35), 705_536), ((140, 512, 512, 512, 35), 1_230_848)],
    ids=str,
)
def test_the_layout_of_delay_learning_has_the_published_number_of_parameters(sizes, wanted):
    """Weights, delays, gains and biases, from the architecture as it was read in the code (0.2 M, 0.7 M, 1.2 M)."""
    assert parameters(lambda: delayed_feedforward(sizes, key=KEY, max_delay=24)) == wanted


def gathered(network):
    """The network after some training, as it is used: statistics and parameters that are not those it begins with."""
    count = iter(range(1000))

    def moved(node):
        if isinstance(node, Running):
            phase = np.arange(node.mean.size) + float(next(count))
            return Running(jnp.asarray(0.2 * np.sin(phase)), jnp.asarray(0.15 + 0.1 * np.cos(phase)), node.axis)
        return node

    network = jax.tree.map(moved, network, is_leaf=lambda node: isinstance(node, Running))
    drift = lambda leaf: jnp.asarray(np.asarray(leaf) * (1 + 0.05 * np.sin(np.arange(leaf.size)).reshape(leaf.shape)))
    return inference(jax.tree.map(drift, network))


@quick_jit
def _graded(network, xs, worth, block):
    def loss(given):
        network, xs = given
        ys = simulate(network, xs, dt=1.0, key=KEY, block=len(block))[1]
        return jnp.sum(worth * ys), ys

    (_, ys), gradient = eqx.filter_value_and_grad(loss, has_aux=True)((network, xs))
    return ys, gradient


def graded(network, xs, block):
    """Outputs, and the gradient of a functional of them for every parameter and input. block: a shape, so static."""
    worth = np.random.default_rng(2).normal(size=jax.eval_shape(_output, network, xs).shape)
    return _graded(network, xs, jnp.asarray(worth), np.zeros(block))


def _output(network, xs):
    return simulate(network, xs, dt=1.0, key=KEY)[1]


def same(one, other):
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for left, right in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-8, atol=1e-9)


def formed(network, form):
    """The same network with its delayed synapses in another form of the whole sequence."""
    one = lambda node: (
        DelayedDense(node.weight, node.delay, max_delay=node.max_delay, kernel=node.kernel, form=form)
        if isinstance(node, DelayedDense)
        else node
    )
    return jax.tree.map(one, network, is_leaf=lambda node: isinstance(node, DelayedDense))


def delay_learning(sizes=(5, 6, 4), kernel=lambda: Gaussian(0.7), max_delay=5):
    return delayed_feedforward(sizes, key=KEY, max_delay=max_delay, kernel=kernel, rule=SOFT, beta=0.3)


def spikes(*shape):
    return jnp.asarray(np.random.default_rng(1).random((STEPS, *shape)) < 0.4, float)


@pytest.mark.parametrize("form", ["frequency", pytest.param("lags", marks=pytest.mark.slow)])
def test_a_trained_network_of_delays_is_the_same_by_ring_and_by_convolution(form):
    """The ring reads its lags step by step; the whole sequence is a matrix product per frequency, or per lag."""
    with jax.enable_x64(True):
        network, xs = gathered(delay_learning()), spikes(5)
        ring = graded(network, xs, 1)
        assert np.unique(np.sign(ring[0])).size > 1
        same(graded(formed(network, form), xs, STEPS), (ring[0], (formed(ring[1][0], form), ring[1][1])))


LARGER = {
    "delays, three layers": (lambda: delay_learning((7, 16, 16, 16, 5)), (7,)),
    "interpolated delays": (lambda: delay_learning((7, 16, 16, 5), Linear), (7,)),
    "feed-forward, noisy": (
        lambda: feedforward(
            (7, 16, 5), key=KEY, norm=True, dropout=0.3, neuron=spiking_neurons(rule=lambda: NoiseDriven(sigma=0.3))
        ),
        (7,),
    ),
    "recurrent": (
        lambda: recurrent_network(
            (7, 12, 12, 5),
            key=KEY,
            norm=True,
            neuron=spiking_neurons(0.8, rule=SOFT),
            synapse=delayed_synapses(3),
            loop=delayed_synapses(4, least=1.0),
        ),
        (7,),
    ),
    "convolutional": (
        lambda: convolutional(
            (2, 8, 8),
            (Conv(4, 5, 2), Conv(6), Pool(2, "max")),
            5,
            key=KEY,
            hidden=(10,),
            neuron=spiking_neurons(0.6, rule=SOFT),
        ),
        (2, 8, 8),
    ),
    "residual": (
        lambda: resnet((2, 8, 8), (1, 2), (4, 6), 5, key=KEY, hidden=(8,), neuron=spiking_neurons(0.6, rule=SOFT)),
        (2, 8, 8),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGER)
def test_trained_networks_are_the_same_step_by_step_and_as_a_whole(name):
    make, shape = LARGER[name]
    with jax.enable_x64(True):
        network, xs = gathered(make()), spikes(*shape)
        whole = graded(network, xs, STEPS)
        assert np.std(whole[0]) > 0
        assert all(np.any(leaf != 0) for path, leaf in leaf_paths(whole[1][0]).items() if path.endswith("weight"))
        for block in (1, 5):
            same(graded(network, xs, block), whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "shape", "wanted"),
    [
        (resnet18, (3, 32, 32), 11_173_952),  # the usual one for 32 x 32 has 11 173 962, with a bias for each class
        (resnet19, (3, 32, 32), 12_698_240),
        (vgg, (2, 48, 48), 9_268_736),
    ],
    ids=["resnet18", "resnet19", "vgg"],
)
def test_the_large_networks_fit_together(make, shape, wanted):
    """Numbers of parameters: for resnet19 and vgg, the sum over the layers as their pages list them."""
    network = jax.eval_shape(lambda: make(key=KEY))
    assert parameters(lambda: network) == wanted
    run = lambda network, xs: jax.vmap(lambda x: simulate(network, x, dt=1.0, key=KEY)[1], axis_name="batch")(xs)
    outputs = jax.eval_shape(run, network, jax.ShapeDtypeStruct((2, 3, *shape), jnp.float32))
    assert outputs.shape == (2, 3, 10)


def kinds(make):
    return [type(cell).__name__ for cell in jax.eval_shape(make).cells]


def test_every_layer_is_normalised_thinned_and_looped_as_asked():
    looped = kinds(lambda: recurrent_network((4, 6, 5, 3), key=KEY, norm=True, dropout=0.2))
    assert looped == ["Dense", "Norm", "Recurrent", "Dropout"] * 2 + ["Dense", "DiscreteIntegrator"]
    bare = kinds(lambda: feedforward((4, 6, 3), key=KEY, readout=None))
    assert bare == ["Dense", "DiscreteLIF", "Dense"]
    blocks = kinds(lambda: resnet((1, 8, 8), (1, 2), (4, 6), 3, key=KEY, hidden=(5,)))
    head = ["AveragePool", "Dense", "Norm", "DiscreteLIF", "Dense"]
    assert blocks == ["Convolution", "Norm", "DiscreteLIF"] + ["Residual", "DiscreteLIF"] * 3 + head
    maps = kinds(lambda: convolutional((1, 8, 8), (Conv(4, 5, 2), Pool(), Conv(6)), 3, key=KEY, norm=False))
    assert maps == ["Convolution", "DiscreteLIF", "AveragePool", "Convolution", "DiscreteLIF", "Flatten", "Dense"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: feedforward((4,), key=KEY), r"sizes = \(4,\): must be a list of at least two sizes"),
        (lambda: feedforward((4, 0, 3), key=KEY), r"sizes\[1\] = 0"),
        (lambda: feedforward((4, 3), key=3), "key = 3: must be one typed random key"),
        (lambda: feedforward((4, 3), key=KEY, dropout=2.0), r"dropout = 2\.0: must lie in \[0, 1\]"),
        (lambda: delayed_synapses(4, per="neuron"), r"per = 'neuron': must be one of"),
        (lambda: delayed_synapses(4, least=5.0), r"least = 5\.0: must lie in \[0, 4\]"),
        (lambda: convolutional((28, 28), (Conv(4),), 10, key=KEY), r"shape = \(28, 28\): must be \(channel, height"),
        (lambda: convolutional((1, 4, 4), (Pool(8),), 10, key=KEY), r"plan\[0\]\.window = 8"),
        (lambda: convolutional((1, 4, 4), (Conv(4, 9, padding=0),), 10, key=KEY), r"Conv\.kernel = 9: must fit"),
        (lambda: convolutional((1, 4, 4), (16,), 10, key=KEY), r"plan\[0\] = 16: must be a Conv or a Pool"),
        (lambda: resnet((1, 8, 8), (1, 1), (4,), 10, key=KEY), r"widths = \(4,\): must be 2 numbers"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused_with_a_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()
