"""Products of weights and spikes, which are remembered as bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.gradients import spike_product

SHAPES = [(3, 1), (3, 33), (64, 700)]


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
    graded = [jax.jit(jax.grad(loss, (0, 1)))(weight, spikes) for loss in (ours, plain)]
    for a, b in zip(*graded, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("post", "pre"), SHAPES)
def test_a_batch_has_the_plain_gradient(post, pre, getkey):
    weight, _ = given(post, pre, getkey())
    spikes = jnp.stack([given(post, pre, getkey())[1] for _ in range(4)])
    ours, plain = both(lambda f: lambda w: jnp.sum(jnp.sin(jax.vmap(f, (None, 0))(w, spikes))))
    found, expected = (jax.jit(jax.grad(loss))(weight) for loss in (ours, plain))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("post", "pre"), SHAPES)
def test_forward_mode_has_the_plain_derivative(post, pre, getkey):
    weight, spikes = given(post, pre, getkey())
    slopes = jax.random.normal(getkey(), weight.shape), jax.random.normal(getkey(), spikes.shape)
    along = lambda f: jax.jit(lambda w, s: jax.jvp(f, (w, s), slopes)[1])
    ours, plain = (product(weight, spikes) for product in both(along))
    np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(3, 5), (64, 70)])
def test_second_derivatives_by_the_weights_are_the_plain_ones_and_by_the_spikes_refused(shape, getkey):
    weight, spikes = given(*shape, getkey(), time=2)
    along = jax.random.normal(getkey(), shape)

    def second(product):
        gradient = jax.grad(lambda w, s: jnp.sum(jnp.sin(product(w, s))))
        return jax.jit(lambda w: jax.jvp(lambda w: gradient(w, spikes), (w,), (along,))[1])(weight)

    ours, plain = both(second)
    np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-3)
    with pytest.raises(TypeError, match="leave out spikes_only"):
        jax.hessian(lambda w, s: jnp.sum(jnp.sin(spike_product(w, s))), (0, 1))(weight, spikes)


TYPES = [("bfloat16", "float32"), ("float32", "bool"), ("float32", "int32")]


@pytest.mark.parametrize(("of_weight", "of_spikes"), TYPES)
def test_spikes_may_be_of_another_type_than_weights(of_weight, of_spikes, getkey):
    weight, spikes = given(3, 33, getkey())
    with jax.numpy_dtype_promotion("standard"):
        product = spike_product(weight.astype(of_weight), spikes.astype(of_spikes))
        assert product.dtype == jnp.float32
        gradient = jax.grad(lambda w: jnp.sum(spike_product(w, spikes.astype(of_spikes))))(weight.astype(of_weight))
    assert gradient.dtype == of_weight
    np.testing.assert_allclose(product, spikes @ weight.T, rtol=0.05, atol=0.05)


def test_inputs_without_weights_are_refused():
    with pytest.raises(ValueError, match=r"spikes.shape = \(4, 7\): must be \(time, 5\)"):
        spike_product(jnp.ones((3, 5)), jnp.ones((4, 7)))


@pytest.mark.parametrize("shape", [(3, 40), (64, 700)])
def test_what_is_no_spike_leaves_no_gradient(shape):
    spikes = jnp.zeros((110, shape[1])).at[2, 7].set(0.5)
    gradient = jax.jit(jax.grad(lambda w: jnp.sum(spike_product(w, spikes))))
    assert np.isnan(gradient(jnp.ones(shape))).all()


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
