"""Products of a table of bits with a matrix: rows of the matrix added up wherever there is a one.

    y[row, m] = sum_column bit[row, column] x[column, m]        of the columns
    y[column, m] = sum_row bit[row, column] x[row, m]           of the rows: the one's gradient is the other

Spikes are rare, and so this takes a fraction of the time of a product of matrices: one in twenty a quarter. Every row
of the table has its ones found and their rows of x added, four at a time, for some thousand rows side by side; no list
of them is ever made. Whether this or a product of matrices is the faster is decided by counting the ones, each time. On
other devices than processors it is always a product of matrices.
"""

import functools

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Bool, Float, Int, UInt32

from .bits import WORD, flipped, unpacked

Words = UInt32[Array, "row word"]

SUMS, PIECE = 1 << 19, 3 << 16  # numbers of y and of x that are worked through at a time, and stay in the caches
TOGETHER = 4  # rows of x added before the sums are stored
WORTH, NARROW = 1 << 22, 32  # multiplications and columns of x from which on it pays to count the ones
ADDED, FOUND = 3, 200  # multiplications of a product of matrices in the time of adding a number, of finding a one


def bit_product(words: Words, x: Float[Array, "column m"]) -> Float[Array, "row m"]:
    """The table of bits (`core.packed`) times x, which has a row for each column of the table. Linear in x, and
    differentiable in it in both modes."""
    return _product.bind(x, words, of_rows=False, columns=x.shape[0])


_product = Primitive("bit_product")


def _shape(x, words, *, of_rows, columns):
    return x.update(shape=(columns if of_rows else words.shape[0], x.shape[1]))


def _computed(x: Array, words: Array, *, of_rows: bool, columns: int) -> Array:
    dense = functools.partial(_by_matrix, of_rows=of_rows, columns=columns)
    small = words.shape[0] * columns * x.shape[1] < WORTH or x.shape[1] < NARROW
    if small or x.dtype.itemsize < 4:  # numbers of half the size would be added up in half the precision
        return dense(x, words)
    chosen = functools.partial(_chosen, of_rows=of_rows, columns=columns)
    return jax.lax.platform_dependent(x, words, cpu=chosen, default=dense)


def _by_matrix(x: Array, words: Array, *, of_rows: bool, columns: int) -> Array:
    ones = unpacked(words, columns).astype(x.dtype)
    return (ones.T if of_rows else ones) @ x


def _chosen(x: Array, words: Array, *, of_rows: bool, columns: int) -> Array:
    """By whichever of the two ways takes less time."""
    table = flipped(words)[:columns] if of_rows else words
    (rows, wide), wanted = table.shape, x.shape[1]
    down, across = _pieces(rows, SUMS // wanted), _pieces(wide, PIECE // (wanted * WORD))
    tiles = _tiles(table, down, across)
    rounds = jnp.sum(jnp.max(_counts(tiles), axis=-1)) * tiles.shape[2]  # as many as the fullest row of a tile has ones
    few = rounds.astype(jnp.float32) * (ADDED * wanted + FOUND) < float(rows * x.shape[0] * wanted)

    def by_ones(x, words, tiles):
        del words
        return _by_ones(tiles, x)[:rows]

    def by_matrix(x, words, tiles):
        del tiles
        return _by_matrix(x, words, of_rows=of_rows, columns=columns)

    return jax.lax.cond(few, by_ones, by_matrix, x, words, tiles)


def _tiles(table: Words, down: int, across: int) -> UInt32[Array, "down across height width"]:
    """The table in pieces, filled up with zeros."""
    rows, words = table.shape
    height, width = -(-rows // down), -(-words // across)
    filled = jnp.pad(table, ((0, down * height - rows), (0, across * width - words)))
    return jnp.transpose(filled.reshape(down, height, across, width), (0, 2, 1, 3))


def _pieces(size: int, each: int) -> int:
    """How many pieces of at most `each`: equal ones, if these are not more than twice as many."""
    least = -(-size // max(each, 1))
    return next((count for count in range(least, 2 * least + 1) if size % count == 0), least)


def _counts(words: UInt32[Array, "... word"]) -> Int[Array, "..."]:
    return jnp.sum(jax.lax.population_count(words).astype(jnp.int32), axis=-1)


def _by_ones(tiles: UInt32[Array, "down across height width"], x: Float[Array, "column m"]) -> Float[Array, "row m"]:
    _, across, height, width = tiles.shape
    columns = width * WORD
    pieces = jnp.pad(x, ((0, across * columns - x.shape[0]), (0, 0))).reshape(across, columns, -1)
    nothing = jnp.zeros((height, x.shape[1]), x.dtype)

    def rows(tile):
        return jax.lax.scan(lambda total, given: (_added(total, *given), None), nothing, (tile, pieces))[0]

    return jax.lax.map(rows, tiles).reshape(-1, x.shape[1])


def _added(total: Float[Array, "row m"], words: Words, x: Float[Array, "column m"]) -> Float[Array, "row m"]:
    """For each row, the rows of x at its ones added to the total."""
    upto = jnp.cumsum(jax.lax.population_count(words).astype(jnp.int32), axis=1)
    find = lambda n: _nth_ones(words, upto, n + jnp.arange(TOGETHER))

    def add(carried):
        n, places, there, total = carried
        for place, found in zip(places, there, strict=True):
            total += jnp.where(found[:, None], x.at[place].get(mode="promise_in_bounds"), 0)
        return n + TOGETHER, *find(n + TOGETHER), total

    most = jnp.max(upto[:, -1])
    return jax.lax.while_loop(lambda carried: carried[0] < most, add, (jnp.int32(0), *find(0), total))[-1]


def _nth_ones(
    words: Words, upto: Int[Array, "row word"], numbers: Int[Array, " n"]
) -> tuple[Int[Array, "n row"], Bool[Array, "n row"]]:
    """Columns of the n-th ones of each row, counted from 0, and whether there are so many. upto: ones in each word and
    those before it."""
    n = numbers[:, None]
    full = jnp.sum((upto[None] <= n[..., None]).astype(jnp.int32), axis=-1)  # words before the one that is looked for
    which, rows = jnp.minimum(full, words.shape[1] - 1), jnp.arange(words.shape[0])
    before = jnp.where(which > 0, upto[rows, which - 1], 0)
    return which * WORD + _nth_bit(words[rows, which], n - before), full < words.shape[1]


def _nth_bit(word: UInt32[Array, "..."], n: Int[Array, "..."]) -> Int[Array, "..."]:
    place = jnp.zeros_like(n)
    for width in (16, 8, 4, 2, 1):  # is it in the lower half of what is left of the word?
        lower = jax.lax.population_count(word & jnp.uint32((1 << width) - 1)).astype(jnp.int32)
        above = n >= lower
        n = jnp.where(above, n - lower, n)
        word = jnp.where(above, word >> width, word)
        place += jnp.where(above, width, 0)
    return place


def _batched(given, axes, *, of_rows, columns):
    (x, words), (x_axis, words_axis) = given, axes
    if words_axis is None:  # the same bits for all: more columns of x
        size = x.shape[x_axis]
        x = jnp.moveaxis(x, x_axis, 1)
        y = _product.bind(x.reshape(x.shape[0], -1), words, of_rows=of_rows, columns=columns)
        return y.reshape(y.shape[0], size, -1), 1
    words = jnp.moveaxis(words, words_axis, 0)
    if x_axis is None and not of_rows:  # the same x for all: more rows of the table
        y = _product.bind(x, words.reshape(-1, words.shape[-1]), of_rows=False, columns=columns)
        return y.reshape(*words.shape[:2], -1), 0
    dense = functools.partial(_by_matrix, of_rows=of_rows, columns=columns)
    return jax.vmap(dense, (x_axis, 0))(x, words), 0


def _transposed(cotangent, x, words, *, of_rows, columns):
    del x
    if isinstance(cotangent, ad.Zero):
        return None, None
    return _product.bind(cotangent, words, of_rows=not of_rows, columns=columns), None


_product.def_impl(jax.jit(_computed, static_argnames=("of_rows", "columns")))
_product.def_abstract_eval(_shape)
mlir.register_lowering(_product, mlir.lower_fun(_computed, multiple_results=False))
batching.primitive_batchers[_product] = _batched
ad.defjvp(_product, lambda slope, x, words, **shape: _product.bind(slope, words, **shape), None)
ad.primitive_transposes[_product] = _transposed
