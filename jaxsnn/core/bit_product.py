"""Products of a table of bits with a matrix: rows of the matrix added up wherever there is a one.

    y[row, m] = sum_column bit[row, column] x[column, m]        of the columns
    y[column, m] = sum_row bit[row, column] x[row, m]           of the rows: the one's gradient is the other

Spikes are rare, and so this takes a fraction of the time of a product of matrices. Whether to add rows
(`core.added_rows`) or to multiply is decided by counting the ones, each time; on other devices than processors it is
always a product of matrices.
"""

import functools
import math
import os

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Bool, Float, UInt32

from .added_rows import added_rows, tiles
from .bits import WORD, flipped, unpacked

Words = UInt32[Array, "row word"]

WORTH, NARROW = 1 << 22, 32  # multiplications and columns of x from which on it pays to count the ones
ADDED, FOUND = 3, 150  # multiplications of a product of matrices in the time of adding a number, of finding a one


def bit_product(
    words: Words, x: Float[Array, "column m"], void: Bool[Array, " row"] | None = None
) -> Float[Array, "row m"]:
    """The table of bits (`core.packed`) times x, which has a row for each column of the table. Linear in x, and
    differentiable in it in both modes. void: rows of the table whose products are not a number."""
    void = jnp.zeros(words.shape[0], bool) if void is None else void
    return _product.bind(x, words, void, of_rows=False, columns=x.shape[0])


_product = Primitive("bit_product")


def _shape(x, words, void, *, of_rows, columns):
    del void
    return x.update(shape=(columns if of_rows else words.shape[0], x.shape[1]))


def _computed(x: Array, words: Array, void: Array, *, of_rows: bool, columns: int) -> Array:
    begin = jnp.zeros(columns, x.dtype) if of_rows else jnp.where(void, jnp.nan, jnp.zeros((), x.dtype))
    dense = functools.partial(_by_matrix, of_rows=of_rows, columns=columns)
    small = words.shape[0] * columns * x.shape[1] < WORTH or x.shape[1] < NARROW
    if small or x.dtype.itemsize < 4:  # numbers of half the size would be added up in half the precision
        return dense(x, words, begin)
    chosen = functools.partial(_chosen, of_rows=of_rows, columns=columns)
    return jax.lax.platform_dependent(x, words, begin, cpu=chosen, default=dense)


def _by_matrix(x: Array, words: Array, begin: Array, *, of_rows: bool, columns: int) -> Array:
    ones = unpacked(words, columns).astype(x.dtype)
    return ones.T @ x if of_rows else ones @ x + begin[:, None]


def _chosen(x: Array, words: Array, begin: Array, *, of_rows: bool, columns: int) -> Array:
    """By whichever of the two ways takes less time, and memory for lists."""
    table = flipped(words)[:columns] if of_rows else words
    (rows, m), cut = (table.shape[0], x.shape[1]), tiles(table, x.shape[1])
    dearer = (ADDED + FOUND / m) * math.sqrt(_threads())
    longest = math.ceil(cut.words.shape[-1] * WORD / dearer)
    work = jnp.sum(cut.rounds.astype(jnp.float32)) * cut.words.shape[2]
    few = (work * dearer < float(rows * x.shape[0])) & (jnp.max(cut.rounds) <= longest)

    def by_ones(x, table, begin, cut):
        del table
        return added_rows(cut, x, begin, longest)

    def by_matrix(x, table, begin, cut):
        del cut
        return _by_matrix(x, table, begin, of_rows=False, columns=x.shape[0])  # numbers on their side take a copy

    return jax.lax.cond(few, by_ones, by_matrix, x, table, begin, cut)


def _threads() -> int:
    """Threads that share a program. XLA splits a product of matrices for all of them, what adds rows for the root of
    their number."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // max(1, getattr(jax.config, "jax_num_cpu_devices", 1)))


def _batched(given, axes, *, of_rows, columns):
    (x, words, void), (x_axis, words_axis, void_axis) = given, axes
    bind = functools.partial(_product.bind, of_rows=of_rows, columns=columns)
    if words_axis is None and void_axis is None:  # the same bits for all: more columns of x
        size = x.shape[x_axis]
        x = jnp.moveaxis(x, x_axis, 1)
        y = bind(x.reshape(x.shape[0], -1), words, void)
        return y.reshape(y.shape[0], size, -1), 1
    (size,) = {each.shape[axis] for each, axis in zip(given[1:], axes[1:], strict=True) if axis is not None}
    abreast = lambda each, axis: jnp.stack([each] * size, 1) if axis is None else jnp.moveaxis(each, axis, 1)
    words, void = abreast(words, words_axis), abreast(void, void_axis)
    if x_axis is None and not of_rows:  # the same x for all: more rows of the table, those of a step side by side
        y = bind(x, words.reshape(-1, words.shape[-1]), void.reshape(-1))
        return y.reshape(*void.shape, -1), 1
    begin = jnp.zeros((columns, size), x.dtype) if of_rows else jnp.where(void, jnp.nan, jnp.zeros((), x.dtype))
    dense = functools.partial(_by_matrix, of_rows=of_rows, columns=columns)
    return jax.vmap(dense, (x_axis, 1, 1))(x, words, begin), 0


def _transposed(cotangent, x, words, void, *, of_rows, columns):
    del x
    if isinstance(cotangent, ad.Zero):
        return None, None, None
    return _product.bind(cotangent, words, void, of_rows=not of_rows, columns=columns), None, None


_product.def_impl(jax.jit(_computed, static_argnames=("of_rows", "columns")))
_product.def_abstract_eval(_shape)
mlir.register_lowering(_product, mlir.lower_fun(_computed, multiple_results=False))
batching.primitive_batchers[_product] = _batched
ad.defjvp(_product, lambda slope, x, words, void, **shape: _product.bind(slope, words, void, **shape), None, None)
ad.primitive_transposes[_product] = _transposed
