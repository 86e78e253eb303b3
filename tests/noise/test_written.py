"""The generator written out draws the numbers of jax.random, bit by bit, whatever jax is set to."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.noise import normals
from jaxsnn.noise.written import written_out

STEPS = jnp.arange(17, dtype=jnp.int32) + 2**20


def by_jax(stream, shape):
    return jax.vmap(lambda step: jax.random.normal(jax.random.fold_in(stream, step), shape))(STEPS)


@pytest.mark.parametrize("shape", [(), (1,), (64,), (3, 5), (2, 3, 4)], ids=str)
def test_normals_of_a_stream_that_all_share_are_those_of_jax_random(shape, getkey):
    stream = getkey()
    assert written_out(stream)
    ours = jax.jit(lambda stream: normals(stream, STEPS, shape))(stream)
    np.testing.assert_array_equal(ours, jax.jit(lambda stream: by_jax(stream, shape))(stream))


@pytest.mark.parametrize("setting", ["jax_enable_x64", "jax_threefry_partitionable"])
def test_so_they_are_where_jax_is_set_otherwise(setting, getkey):
    stream, before = getkey(), getattr(jax.config, setting)
    jax.config.update(setting, not before)
    try:
        ours = jax.jit(lambda stream: normals(stream, STEPS, (6,)))(stream)
        np.testing.assert_array_equal(ours, jax.jit(lambda stream: by_jax(stream, (6,)))(stream))
    finally:
        jax.config.update(setting, before)


def test_another_kind_of_key_draws_as_jax_does_with_it():
    stream = jax.random.key(3, impl="rbg")
    assert not written_out(stream)
    np.testing.assert_array_equal(normals(stream, STEPS, (6,)), by_jax(stream, (6,)))


def test_mapped_streams_draw_what_each_draws_alone(getkey):
    streams = jax.random.split(getkey(), 3)
    together = jax.jit(jax.vmap(lambda stream: normals(stream, STEPS, (5,))))(streams)
    for stream, ours in zip(streams, together, strict=True):
        np.testing.assert_array_equal(ours, by_jax(stream, (5,)))
