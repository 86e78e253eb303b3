"""Sums and copies by products with ones are sums and copies, with their gradients."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxsnn.core import copied_first, copied_last, sum_first, sum_last


def test_products_with_ones_sum_and_copy(getkey):
    with jax.enable_x64(True):
        x = jax.random.normal(getkey(), (3, 4, 5))
        np.testing.assert_allclose(sum_first(x), x.sum(axis=0), atol=1e-14)
        np.testing.assert_allclose(sum_last(x), x.sum(axis=-1), atol=1e-14)
        np.testing.assert_array_equal(copied_first(x, 2), np.stack([x, x]))
        weigh = jax.random.normal(getkey(), (2, 3, 4, 5))
        gradient = jax.grad(lambda x: jnp.sum(weigh * copied_first(x, 2)))(x)
        np.testing.assert_allclose(gradient, weigh.sum(axis=0), atol=1e-14)
        np.testing.assert_array_equal(copied_last(x, 2), np.stack([x, x], axis=-1))
        weigh = jnp.moveaxis(weigh, 0, -1)
        gradient = jax.grad(lambda x: jnp.sum(weigh * copied_last(x, 2)))(x)
        np.testing.assert_allclose(gradient, weigh.sum(axis=-1), atol=1e-14)


def test_a_number_can_be_copied():
    for copied in (copied_first, copied_last):
        np.testing.assert_array_equal(copied(jnp.asarray(1.5), 3), [1.5, 1.5, 1.5])
