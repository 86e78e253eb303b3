"""Normals in pairs: the law of normals, bits that depend on nothing but stream, step and neuron."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.random import threefry_2x32
from scipy import stats

from jaxsnn.core import is_paired, paired
from jaxsnn.noise import normals
from jaxsnn.noise.bits import threefry
from jaxsnn.noise.pairs import box_muller

KEY = paired(jax.random.key(3))


def steps(first, count):
    return first + jnp.arange(count, dtype=jnp.int32)


def test_the_generator_written_out_is_that_of_jax():
    key, counters = np.array([7, 1 << 31], np.uint32), np.arange(64, dtype=np.uint32) * np.uint32(0x9E3779B9)
    ours = threefry(jnp.uint32(key[0]), jnp.uint32(key[1]), jnp.asarray(counters[:32]), jnp.asarray(counters[32:]))
    np.testing.assert_array_equal(np.concatenate(ours), threefry_2x32(jnp.asarray(key), jnp.asarray(counters)))


def test_a_step_draws_the_same_numbers_wherever_its_block_begins():
    whole = normals(KEY, steps(0, 12), (5,))
    for first, count in ((1, 1), (3, 4), (4, 3)):
        np.testing.assert_array_equal(normals(KEY, steps(first, count), (5,)), whole[first : first + count])
    many = jax.vmap(lambda key: normals(key, steps(0, 12), (5,)))(jnp.stack([KEY, paired(jax.random.key(4))]))
    np.testing.assert_array_equal(many[0], whole)
    assert normals(KEY, steps(7, 2), (2, 3)).shape == (2, 2, 3)
    assert not np.any(normals(KEY, steps(0, 12), (9,))[:, 5:] == 0)


def test_paired_normals_are_standard_and_independent_between_steps_and_neurons():
    z = np.asarray(normals(KEY, steps(11, 1000), (400,)), float)
    assert stats.kstest(z.ravel(), "norm").pvalue > 1e-3
    for power, mean, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((z**power).mean() - mean) < 4 * np.sqrt(spread / z.size)
    even, odd = z[:, ::2], z[:, 1::2]  # the two outputs of a pair
    for a, b in ((z[1:], z[:-1]), (z[:, 1:], z[:, :-1]), (even, odd), (even**2 - 1, odd**2 - 1), (z[2:], z[:-2])):
        assert abs((a * b).mean()) < 4 * (a * b).std() / np.sqrt(a.size)


def test_the_transform_is_finite_and_symmetric_at_the_corners_of_its_bits():
    ends = np.array([0, 1, 2, 3, 4, 7, 8, 511, 512, 2**31 - 1, 2**31, 2**32 - 512, 2**32 - 2, 2**32 - 1], np.uint32)
    a, b = (jnp.asarray(word.ravel()) for word in np.meshgrid(ends, ends))
    first, second = box_muller(a, b)
    assert np.all(np.isfinite(first))
    assert np.all(np.isfinite(second))
    u = ((np.asarray(a) >> 1).astype(float) + 0.5) * 2.0**-31
    np.testing.assert_allclose(np.hypot(first, second), np.sqrt(-2 * np.log(u)), rtol=2e-6, atol=3e-4)
    assert 6.6 < np.max(np.hypot(first, second)) < 6.7


def test_other_draws_of_a_paired_key_are_those_of_the_key():
    key = jax.random.key(3)
    assert is_paired(KEY)
    assert not is_paired(key)
    assert is_paired(jax.random.fold_in(KEY, 1))
    assert is_paired(paired(KEY))
    np.testing.assert_array_equal(jax.random.uniform(KEY, (5,)), jax.random.uniform(key, (5,)))
    np.testing.assert_array_equal(
        jax.random.key_data(jax.random.fold_in(KEY, 9)), jax.random.key_data(jax.random.fold_in(key, 9))
    )
    other = jax.random.key(0, impl="rbg")
    assert paired(other) is other


def test_normals_that_are_shared_stay_those_of_jax_random():
    key = jax.random.key(5)
    expected = [jax.random.normal(jax.random.fold_in(key, step), (6,)) for step in range(2, 5)]
    np.testing.assert_array_equal(normals(key, steps(2, 3), (6,)), jnp.stack(expected))


@pytest.mark.parametrize("x64", [False, True])
def test_paired_normals_have_the_default_dtype(x64):
    with jax.enable_x64(x64):
        assert normals(KEY, steps(0, 3), (2,)).dtype == (jnp.float64 if x64 else jnp.float32)
