"""Rows that many networks write at once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import write_row

RNG = np.random.default_rng(0)
SHAPE, ROW = (7, 3), (3,)


def one(ring, row, slot):
    return jax.lax.dynamic_update_index_in_dim(ring, row, slot, 0)


def many(*networks):
    """A ring and a row for each network."""
    of = lambda shape: jnp.asarray(RNG.integers(0, 100, networks + shape).astype(np.uint32))
    return of(SHAPE), of(ROW)


@pytest.mark.parametrize("networks", [(), (4,), (4, 2), (2, 3, 2)], ids=str)
def test_writing_for_many_networks_is_writing_for_each(networks):
    ring, row = many(*networks)
    ours, plain = write_row, one
    for _ in networks:
        ours, plain = jax.vmap(ours, (0, 0, None)), jax.vmap(plain, (0, 0, None))
    for slot in jnp.asarray([0, 6]):
        np.testing.assert_array_equal(jax.jit(ours)(ring, row, slot), plain(ring, row, slot))
        np.testing.assert_array_equal(ours(ring, row, slot), plain(ring, row, slot))


@pytest.mark.parametrize("axes", [(0, None, None), (None, 0, None), (None, None, 0), (0, None, 0), (0, 0, 0)], ids=str)
def test_networks_may_share_a_ring_a_row_or_a_slot(axes):
    (ring, row), slot = many(4), jnp.asarray([0, 3, 6, 3])
    given = [whole if axis == 0 else whole[1] for whole, axis in zip((ring, row, slot), axes, strict=True)]
    ours, plain = (jax.jit(jax.vmap(write, axes))(*given) for write in (write_row, one))
    np.testing.assert_array_equal(ours, plain)


def test_networks_lie_in_any_axis():
    ring, row = many(4)
    found = jax.vmap(write_row, (1, 1, None), 2)(jnp.moveaxis(ring, 0, 1), row.T, jnp.int32(5))
    np.testing.assert_array_equal(jnp.moveaxis(found, 2, 0), jax.vmap(one, (0, 0, None))(ring, row, 5))


def test_rows_of_one_slot_lie_side_by_side_all_through_a_loop():
    ring, row = many(4, 2)
    step = jax.vmap(jax.vmap(lambda ring, row, n: write_row(ring, row, n % 7), (0, 0, None)), (0, 0, None))
    loop = jax.jit(lambda ring, row: jax.lax.scan(lambda r, n: (step(r, row, n), None), ring, jnp.arange(20))[0])
    lines = loop.lower(ring, row).compile().as_text().splitlines()
    (carried,) = [line for line in lines if " while(" in line]
    assert "u32[4,2,7,3]{3,1,0,2}" in carried  # the slot is the slowest axis; as made it would be {3,2,1,0}
    np.testing.assert_array_equal(loop(ring, row), jnp.broadcast_to(row[:, :, None], ring.shape))


def loss(write):
    """Of a ring and a row that the writing takes apart in different ways."""
    weights = jnp.arange(21.0).reshape(SHAPE)
    return lambda ring, row, slot: jnp.sum(weights * jnp.sin(write(ring, row, slot)))


@pytest.mark.parametrize("networks", [(), (4,), (4, 2)], ids=str)
@pytest.mark.parametrize("mode", [jax.jacrev, jax.jacfwd], ids=["reverse", "forward"])
@pytest.mark.parametrize("own_slots", [False, True], ids=["one slot", "own slots"])
def test_derivatives_in_ring_and_row_are_those_of_a_plain_write(networks, mode, own_slots):
    ring, row = (x.astype(jnp.float32) for x in many(*networks))
    slot = jnp.full(networks, 3, jnp.int32) if own_slots else jnp.int32(3)
    ours, plain = mode(loss(write_row), (0, 1)), mode(loss(one), (0, 1))
    for _ in networks:
        axes = (0, 0, 0 if own_slots else None)
        ours, plain = jax.vmap(ours, axes), jax.vmap(plain, axes)
    for found, expected in zip(jax.jit(ours)(ring, row, slot), jax.jit(plain)(ring, row, slot), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_loop_of_writes_has_the_gradient_of_plain_writes():
    ring, rows = jnp.ones((4, *SHAPE)), jnp.asarray(RNG.normal(size=(20, 4, *ROW)).astype(np.float32))

    def of(write):
        step = jax.vmap(lambda ring, row, n: write(ring, row * ring[n % 7 - 1], n % 7), (0, 0, None))
        last = lambda rows: jax.lax.scan(lambda r, now: (step(r, *now), None), ring, (rows, jnp.arange(20)))[0]
        return jax.grad(lambda rows: jnp.sum(last(rows) ** 2))(rows)

    np.testing.assert_allclose(of(write_row), of(one), rtol=1e-5)
