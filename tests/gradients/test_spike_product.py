"""Bits remember spikes exactly."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.gradients import spike_product


@pytest.mark.parametrize("pre", [1, 7, 8, 33])
def test_the_product_with_remembered_bits_has_the_plain_value_and_gradients(pre, getkey):
    weight = jax.random.normal(getkey(), (3, pre))
    spikes = jax.random.bernoulli(getkey(), 0.3, (11, pre)).astype(weight.dtype)
    plain = lambda w, s: jnp.sum(jnp.sin(s @ w.T))
    bits = lambda w, s: jnp.sum(jnp.sin(spike_product(w, s)))
    np.testing.assert_array_equal(spike_product(weight, spikes), spikes @ weight.T)
    for a, b in zip(jax.grad(plain, (0, 1))(weight, spikes), jax.grad(bits, (0, 1))(weight, spikes), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-7)


def test_a_backward_pass_keeps_one_bit_for_a_spike():
    weight, spikes = jnp.ones((4, 64)), jnp.ones((100, 64))
    kept = jax.eval_shape(lambda w, s: jax.vjp(spike_product, w, s)[1], weight, spikes)
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(kept))
    assert size == weight.nbytes + 100 * 64 // 8
