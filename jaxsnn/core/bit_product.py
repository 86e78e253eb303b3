"""Products of a table of bits with a matrix: rows of the matrix added up wherever there is a one.

    y[row, m] = sum_column bit[row, column] x[column, m]        of the columns
    y[column, m] = sum_row bit[row, column] x[row, m]           of the rows: the one's gradient is the other

Spikes are rare, and so this takes a fraction of the time of a product of matrices. Whether to add rows
(`core.added_rows`) or to multiply is decided by counting the ones, each time, where the table and x are large and the
ones are not too uneven; on other devices than processors it is always a product of matrices. So it is under a `vmap`
that maps both, or the cotangent of each network: there every network has a product of its own.

A row of x that meets no one may be left out, also where it holds a NaN.
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
from .bits import WORD, flipped, unpacked, word_count
from .checks import require

Words = UInt32[Array, "row word"]

WORTH, LEAST = 1 << 22, 64  # multiplications, and rows, columns and columns of x, from which it pays to count ones
ADDED, FOUND = 3, 150  # multiplications of a product of matrices in the time of adding a number, of finding a one


def bit_product(
    words: Words, x: Float[Array, "column m"], void: Bool[Array, " row"] | None = None
) -> Float[Array, "row m"]:
    """The table of bits (`core.packed`) times x, which has a row for each column of the table. Linear in x, and
    differentiable in it in both modes.

    void: rows of the table whose products are not a number; then no number of the gradient is one.
    """
    remedy = "pack as many columns as x has rows"
    require(words.shape[1] == word_count(x.shape[0]), "words.shape", words.shape, f"x has {x.shape[0]} rows", remedy)
    void = jnp.zeros(words.shape[0], bool) if void is None else void
    return _product.bind(*_varying_alike(x, words, void), of_rows=False, columns=x.shape[0])


def _varying_alike(*arrays: Array) -> list[Array]:
    """Within `shard_map`: what one device shares with the others beside what is its own. So a gradient is summed."""
    along = [getattr(getattr(jax.typeof(a), "manual_axis_type", None), "varying", frozenset()) for a in arrays]
    whole = frozenset().union(*along)
    cast = lambda a, own: jax.lax.pcast(a, tuple(sorted(whole - own)), to="varying") if whole - own else a
    return [cast(a, own) for a, own in zip(arrays, along, strict=True)]


_product = Primitive("bit_product")


def _shape(x, words, void, *, of_rows, columns):
    del void
    return x.update(shape=(columns if of_rows else words.shape[0], x.shape[1]))


def _begin(x: Array, void: Array, of_rows: bool, columns: int) -> Array:
    """What the sums of each row begin with: 0, or NaN."""
    number = lambda wrong: jnp.where(wrong, jnp.nan, jnp.zeros((), x.dtype))
    return jnp.broadcast_to(number(jnp.any(void)), (columns,)) if of_rows else number(void)


def _computed(x: Array, words: Array, void: Array, *, of_rows: bool, columns: int) -> Array:
    begin = _begin(x, void, of_rows, columns)
    sizes = words.shape[0], columns, x.shape[1]
    if not all(isinstance(size, int) for size in sizes) or math.prod(sizes) < WORTH:
        return _by_matrix(x, words, begin, of_rows=of_rows, columns=columns)
    pays = min(sizes) >= LEAST and x.dtype.itemsize >= 4  # numbers of half the size would be added up in half precision
    by_rows = lambda chosen: lambda x, words, begin: chosen(x, flipped(words)[:columns] if of_rows else words, begin)
    chosen = by_rows(_chosen if pays else _multiplied)
    dense = functools.partial(_by_matrix, of_rows=of_rows, columns=columns)
    return jax.lax.platform_dependent(x, words, begin, cpu=chosen, default=dense)


def _by_matrix(x: Array, words: Array, begin: Array, *, of_rows: bool, columns: int) -> Array:
    ones = unpacked(words, columns).astype(x.dtype)
    return (ones.T if of_rows else ones) @ x + begin[:, None]


def _multiplied(x: Array, table: Array, begin: Array) -> Array:
    """The table lies as it is needed: to turn numbers, in place of bits, takes a copy of them."""
    return _by_matrix(x, table, begin, of_rows=False, columns=x.shape[0])


def _chosen(x: Array, table: Array, begin: Array) -> Array:
    """By whichever of the two ways should take less time, with lists that are not too long."""
    (rows, m), cut = (table.shape[0], x.shape[1]), tiles(table, x.shape[1])
    dearer = (ADDED + FOUND / m) * math.sqrt(_threads())
    longest = math.ceil(cut.words.shape[-1] * WORD / dearer)
    work = jnp.sum(cut.rounds.astype(jnp.float32)) * cut.words.shape[2]
    few = (work * dearer < float(rows * x.shape[0])) & (jnp.max(cut.rounds) <= longest)
    by_ones = lambda x, table, begin, cut: added_rows(cut, x, begin, longest)
    return jax.lax.cond(few, by_ones, lambda *given: _multiplied(*given[:3]), x, table, begin, cut)


def _threads() -> int:
    """Threads that share a program: XLA takes as many as the process may run on. A product of matrices is split for
    all of them; adding rows gains less: on two threads it takes 0.7 of its time on one, and for more the root of their
    number is a guess. With other cores the choice, and so the last bits, may be another."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // max(1, getattr(jax.config, "jax_num_cpu_devices", 1)))


def _batched(given, axes, *, of_rows, columns):
    (x, words, void), (x_axis, words_axis, void_axis) = given, axes
    bind = functools.partial(_product.bind, of_rows=of_rows, columns=columns)
    if words_axis is None and void_axis is None:  # the same bits for all: more columns of x
        x = jnp.moveaxis(x, x_axis, 1)
        rows, size, m = x.shape
        y = bind(x.reshape(rows, size * m), words, void)
        return y.reshape(y.shape[0], size, m), 1
    (size,) = {each.shape[axis] for each, axis in zip(given[1:], axes[1:], strict=True) if axis is not None}
    in_second = lambda each, axis: jnp.stack([each] * size, 1) if axis is None else jnp.moveaxis(each, axis, 1)
    words, void = in_second(words, words_axis), in_second(void, void_axis)
    if x_axis is None and not of_rows:  # the same x for all: more rows of the table, those of a step side by side
        rows, m = void.shape[0], x.shape[1]
        y = bind(x, words.reshape(rows * size, words.shape[2]), void.reshape(rows * size))
        return y.reshape(rows, size, m), 1

    def alone(x, words, void):
        return _by_matrix(x, words, _begin(x, void, of_rows, columns), of_rows=of_rows, columns=columns)

    return jax.vmap(alone, (x_axis, 1, 1))(x, words, void), 0


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
