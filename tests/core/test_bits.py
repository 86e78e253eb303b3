"""Zeros and ones as bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import packed, packed_numbers, unpacked, word_count
from jaxsnn.core.bits import flipped

SIZES = [1, 31, 32, 33, 100]


def ones(*shape):
    return np.random.default_rng(shape).random(shape) < 0.3


@pytest.mark.parametrize("columns", SIZES)
@pytest.mark.parametrize("leading", [(), (3, 2)], ids=str)
def test_unpacking_gives_back_what_was_packed(leading, columns):
    table = ones(*leading, columns)
    words = packed(jnp.asarray(table))
    assert words.shape == (*leading, word_count(columns))
    np.testing.assert_array_equal(unpacked(words, columns), table)


@pytest.mark.parametrize("columns", [32, 33])
def test_bit_b_of_word_k_is_column_32_k_plus_b(columns):
    for i, words in enumerate(np.asarray(packed(jnp.eye(columns, dtype=bool)))):
        for k, word in enumerate(words):
            assert int(word) == (1 << i % 32 if k == i // 32 else 0)


@pytest.mark.parametrize("rows", [1, 32, 100])
@pytest.mark.parametrize("columns", [31, 100])
def test_flipping_a_table_exchanges_rows_and_columns(rows, columns):
    table = ones(rows, columns)
    words = jax.jit(lambda table: flipped(packed(table)))(table)
    assert words.shape == (32 * word_count(columns), word_count(rows))
    found = unpacked(words, 32 * word_count(rows))
    np.testing.assert_array_equal(found[:columns, :rows], table.T)
    assert not np.any(found[columns:])
    assert not np.any(found[:, rows:])


@pytest.mark.parametrize("columns", SIZES)
@pytest.mark.parametrize("leading", [(), (3, 2)], ids=str)
def test_numbers_are_packed_as_what_is_not_0(leading, columns):
    table = ones(*leading, columns)
    words, other = packed_numbers(jnp.asarray(table, jnp.float32))
    np.testing.assert_array_equal(words, packed(jnp.asarray(table)))
    assert other.shape == leading
    assert not np.any(other)


@pytest.mark.parametrize("value", [2, -1, 0.5, np.nan, np.inf])
def test_a_row_with_anything_but_0_and_1_is_found(value):
    _, other = packed_numbers(jnp.zeros((3, 40)).at[1, 37].set(value).at[2, 5].set(1))
    np.testing.assert_array_equal(other, [False, True, False])
