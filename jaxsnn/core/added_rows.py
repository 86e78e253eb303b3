"""Rows of a matrix added up by the ones of a table of bits.

Every row of the table gets a list of its ones, one number for all rows at a time; then rows of the matrix are added to
the sums by these lists, in tiles whose sums and rows of the matrix stay in the caches. A tile takes as many rounds as
its fullest row has ones and empty words, so ones should be spread evenly.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt32

from .bits import WORD

SUMS, PIECE = 1 << 19, 3 << 16  # numbers of the sums and of the matrix that are worked through at a time
TOGETHER = 4  # rows of the matrix added before the sums are stored
NONE = -1


class Tiles(NamedTuple):
    """A table of bits cut into pieces, filled up with zeros."""

    words: UInt32[Array, "down across row word"]
    rounds: Int[Array, "down across"]  # length of the longest list in each


def tiles(table: UInt32[Array, "row word"], width: int) -> Tiles:
    """For a matrix with so many columns."""
    rows, words = table.shape
    down, across = _pieces(rows, SUMS // width), _pieces(words, PIECE // (width * WORD))
    height, length = -(-rows // down), -(-words // across)
    filled = jnp.pad(table, ((0, down * height - rows), (0, across * length - words)))
    cut = jnp.transpose(filled.reshape(down, height, across, length), (0, 2, 1, 3))
    # an empty word takes a round too
    rounds = jnp.sum(jnp.maximum(jax.lax.population_count(cut).astype(jnp.int32), 1), axis=-1, dtype=jnp.int32)
    return Tiles(cut, jnp.max(rounds, axis=-1))


def _pieces(size: int, each: int) -> int:
    """How many pieces of at most `each`: equal ones, if these are not more than twice as many."""
    least = -(-size // max(each, 1))
    return next((count for count in range(least, 2 * least + 1) if size % count == 0), least)


def added_rows(
    table: Tiles, x: Float[Array, "column m"], begin: Float[Array, " row"], longest: int
) -> Float[Array, "row m"]:
    """For each row of the table the rows of x at its ones, added to what it begins with; only rows that were asked for.

    longest: no list is longer.
    """
    down, across, height, words = table.words.shape
    x = jnp.pad(x, ((0, across * words * WORD - x.shape[0]), (0, 0))).reshape(across, words * WORD, x.shape[1])
    lists = _listed(table.words.reshape(-1, words), jnp.max(table.rounds), -(-longest // TOGETHER) * TOGETHER)
    lists = lists.reshape(-1, down, across, height)
    begins = jnp.pad(begin, (0, down * height - begin.size)).reshape(down, height)

    def of_tiles_in_a_row(place):
        def of_tile(sums, given):
            piece, x, rounds = given

            def add(carried):
                n, sums = carried
                columns = jax.lax.dynamic_slice(lists, (n, place, piece, jnp.int32(0)), (TOGETHER, 1, 1, height))
                for column in columns.reshape(TOGETHER, height):
                    row = x.at[jnp.maximum(column, 0)].get(mode="promise_in_bounds")
                    sums += jnp.where((column != NONE)[:, None], row, 0)
                return n + TOGETHER, sums

            return jax.lax.while_loop(lambda carried: carried[0] < rounds, add, (jnp.int32(0), sums))[1], None

        sums = jnp.broadcast_to(begins[place][:, None], (height, x.shape[2]))
        return jax.lax.scan(of_tile, sums, (jnp.arange(across, dtype=jnp.int32), x, table.rounds[place]))[0]

    return jax.lax.map(of_tiles_in_a_row, jnp.arange(down, dtype=jnp.int32)).reshape(down * height, x.shape[2])[
        : begin.size
    ]


def _listed(words: UInt32[Array, "row word"], rounds: Int[Array, ""], longest: int) -> Int[Array, "longest row"]:
    """Columns of the ones of each row, one after the other, with NONE for a word without any and at the end."""
    rows, across = words.shape
    flat = words.T.reshape(-1)  # a word of all rows lies together

    def find(carried):
        n, number, left, lists = carried
        lowest = left & (~left + jnp.uint32(1))
        column = number * WORD + jax.lax.population_count(lowest - jnp.uint32(1)).astype(jnp.int32)
        lists = jax.lax.dynamic_update_index_in_dim(lists, jnp.where(left == 0, NONE, column), n, 0)
        left ^= lowest
        after = number + 1
        place = jnp.minimum(after, across - 1) * rows + jnp.arange(rows, dtype=jnp.int32)
        following = jnp.where(after < across, flat.at[place].get(mode="promise_in_bounds"), jnp.uint32(0))
        return n + 1, jnp.where(left == 0, after, number), jnp.where(left == 0, following, left), lists

    begin = jnp.int32(0), jnp.zeros(rows, jnp.int32), words[:, 0], jnp.full((longest, rows), NONE, jnp.int32)
    return jax.lax.while_loop(lambda carried: carried[0] < rounds, find, begin)[-1]
