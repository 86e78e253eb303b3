"""Sums over the steps of a stretch, row by row.

Under `vmap` an expression of arrays with a leading time axis is moved to have the networks first, and back: in a sweep
that costs more than the sum. A scan keeps every row as it lies in memory.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

SHORT = 256  # rows above which a sum in chunks is faster than a scan, and rounds less


def sum_rows(of: Callable[[PyTree], PyTree], rows: PyTree) -> PyTree:
    """The sum over the leading axis of of(row), for at most SHORT rows."""

    def one(total: PyTree, row: PyTree) -> tuple[PyTree, None]:
        return jax.tree.map(jnp.add, total, of(row)), None

    shapes = jax.eval_shape(of, jax.tree.map(lambda a: a[0], rows))
    zero = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), shapes)
    return jax.lax.scan(one, zero, rows)[0]
