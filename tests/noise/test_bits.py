"""Sixteen random bits a neuron and step: uniform, and a function of nothing but stream, step and neuron."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jaxsnn.noise.bits import sixteen_bits

KEY = jax.random.key(5)


def steps(first, count):
    return first + jnp.arange(count, dtype=jnp.int32)


def test_a_step_has_the_same_bits_wherever_its_block_begins():
    whole = sixteen_bits(KEY, steps(0, 9), (5,))
    np.testing.assert_array_equal(sixteen_bits(KEY, steps(4, 3), (5,)), whole[4:7])
    many = jax.vmap(lambda key: sixteen_bits(key, steps(0, 9), (5,)))(jnp.stack([KEY, jax.random.key(6)]))
    np.testing.assert_array_equal(many[0], whole)
    assert not np.any(np.asarray(many[0]) == np.asarray(many[1]), axis=1).all()


@pytest.mark.parametrize("shape", [(), (1,), (4,), (3, 5)])
def test_every_shape_is_filled(shape):
    assert sixteen_bits(KEY, steps(0, 2), shape).shape == (2, *shape)


def test_bits_are_uniform_and_those_of_one_word_independent():
    bits = np.asarray(sixteen_bits(KEY, steps(0, 2000), (32,)), float)
    assert stats.kstest(bits.ravel() / 2**16, "uniform").pvalue > 1e-3
    together = np.corrcoef(np.concatenate([bits[1:], bits[:-1]], axis=1), rowvar=False) - np.eye(64)
    assert np.abs(together).max() < 5 / np.sqrt(len(bits))
