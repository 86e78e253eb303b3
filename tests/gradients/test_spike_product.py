"""Products of weights and spikes, which are remembered as bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.gradients import spike_product

SHAPES = [(3, 1), (3, 7), (3, 33), (64, 700)]


def given(post, pre, key, time=110):
    weight_key, spike_key = jax.random.split(key)
    weight = jax.random.normal(weight_key, (post, pre))
    return weight, jax.random.bernoulli(spike_key, 0.1, (time, pre)).astype(weight.dtype)


def both(function):
    """A function of the product, with ours and with the plain one."""
    return function(spike_product), function(lambda weight, spikes: spikes @ weight.T)


@pytest.mark.parametrize(("post", "pre"), SHAPES)
def test_the_product_has_the_plain_value_and_gradients(post, pre, getkey):
    weight, spikes = given(post, pre, getkey())
    ours, plain = both(lambda product: lambda w, s: jnp.sum(jnp.sin(product(w, s))))
    np.testing.assert_allclose(spike_product(weight, spikes), spikes @ weight.T, rtol=1e-5, atol=1e-5)
    for a, b in zip(jax.grad(plain, (0, 1))(weight, spikes), jax.grad(ours, (0, 1))(weight, spikes), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("post", "pre"), SHAPES)
def test_a_batch_has_the_plain_gradient(post, pre, getkey):
    weight, _ = given(post, pre, getkey())
    spikes = jnp.stack([given(post, pre, getkey())[1] for _ in range(4)])
    ours, plain = both(lambda f: lambda w: jnp.sum(jnp.sin(jax.vmap(f, (None, 0))(w, spikes))))
    np.testing.assert_allclose(jax.grad(ours)(weight), jax.grad(plain)(weight), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("post", "pre"), SHAPES)
def test_forward_mode_has_the_plain_derivative(post, pre, getkey):
    weight, spikes = given(post, pre, getkey())
    slopes = jax.random.normal(getkey(), weight.shape), jax.random.normal(getkey(), spikes.shape)
    ours, plain = (jax.jvp(product, (weight, spikes), slopes)[1] for product in both(lambda f: f))
    np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("value", [2.0, -1.0, 0.5, np.nan, np.inf])
def test_the_product_with_anything_but_0_and_1_is_not_a_number(value):
    weight, spikes = jnp.ones((3, 40)), jnp.zeros((5, 40)).at[2, 7].set(value).at[3, 7].set(1.0)
    product = spike_product(weight, spikes)
    assert np.isnan(product[2]).all()
    np.testing.assert_array_equal(product[3], 1)


def test_a_backward_pass_keeps_one_bit_for_a_spike():
    weight, spikes = jnp.ones((4, 64)), jnp.ones((100, 64))
    kept = jax.eval_shape(lambda w, s: jax.vjp(spike_product, w, s)[1], weight, spikes)
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(kept))
    assert weight.nbytes + 100 * 64 // 8 <= size < weight.nbytes + 100 * 64 // 8 + 200  # and which steps were wrong
