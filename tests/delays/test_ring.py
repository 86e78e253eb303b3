"""The ring of the recent past, and the same past in the order of time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays import ring
from jaxsnn.delays.convolve import contracted

LENGTH, WRITTEN = 5, 13


def _filled():
    rows = jax.random.normal(jax.random.key(0), (WRITTEN, 3))
    buffer = ring.make(rows[0], LENGTH)
    for n, row in enumerate(rows):
        buffer = ring.write(buffer, row, jnp.asarray(n, jnp.int32))
    return buffer, np.asarray(rows)


def test_a_row_is_read_back_at_every_lag_the_ring_can_hold():
    buffer, rows = _filled()
    last = jnp.asarray(WRITTEN - 1, jnp.int32)
    lags = jnp.arange(LENGTH, dtype=jnp.int32)
    np.testing.assert_array_equal(ring.read(buffer, lags, last), rows[WRITTEN - 1 - np.arange(LENGTH)])
    each = jnp.asarray([[0, 4, 2], [3, 1, 1]], jnp.int32)
    np.testing.assert_array_equal(ring.read_each(buffer, each, last), rows[WRITTEN - 1 - each, np.arange(3)])


def test_rows_may_be_trees():
    row = {"count": jnp.asarray(2, jnp.int32), "spikes": jnp.ones(3)}
    buffer = ring.write(ring.make(row, LENGTH), row, jnp.asarray(6, jnp.int32))
    back = ring.read(buffer, jnp.asarray(2, jnp.int32), jnp.asarray(8, jnp.int32))
    jax.tree.map(np.testing.assert_array_equal, back, row)
    assert back["count"].dtype == jnp.int32
    assert ring.read(buffer, jnp.asarray(1, jnp.int32), jnp.asarray(8, jnp.int32))["count"] == 0


def test_unrolling_a_ring_puts_it_in_the_order_of_time():
    buffer, rows = _filled()
    now = jnp.asarray(WRITTEN, jnp.int32)
    np.testing.assert_array_equal(ring.unrolled(buffer, now), rows[-LENGTH:])
    np.testing.assert_array_equal(ring.rolled(ring.unrolled(buffer, now), now), buffer)


def test_a_delayed_dense_contraction_is_the_sum_over_lags_and_inputs():
    time, past, pre, post = 6, 4, 3, 2
    kernel = jax.random.normal(jax.random.key(1), (past, post, pre))
    line = np.asarray(jax.random.normal(jax.random.key(2), (past + time, pre)))
    expected = [sum(np.asarray(kernel[k]) @ line[past + n - k] for k in range(past)) for n in range(time)]
    np.testing.assert_allclose(contracted(jnp.asarray(line), time, kernel), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("index", [0, 3, 12, 2**31 - 1])
def test_a_slot_is_found_with_one_remainder(index):
    lags = np.arange(8)
    found = ring.slot_of(jnp.asarray(index, jnp.int32), jnp.asarray(lags, jnp.int32), 7)
    np.testing.assert_array_equal(found, (index - lags) % 7)


@pytest.mark.parametrize("dtype", [bool, jnp.int32, jnp.bfloat16])
def test_a_row_of_another_type_is_written_as_the_ring_holds_its_numbers(dtype):
    written = ring.write(jnp.zeros((4, 3)), jnp.array([0, 1, 1], dtype), jnp.asarray(6, jnp.int32))
    np.testing.assert_array_equal(written[2], [0.0, 1.0, 1.0])
    assert written.dtype == jnp.float32
