"""Sparse synapses by index lists: for each neuron, the inputs it listens to.

    i[post] = sum_k weight[post, k] x[source[post, k]]          source = pre where a list is shorter than the longest

Equal to `Dense` with the matrix `dense()`, in value and gradient; a pair may be listed twice, then its weights add up.
What a missing synapse's weight is does not matter: its input is zero, and so is its gradient.

A stretch of time goes over the lists once for all its steps (see `gather`), or, where neurons listen to an eighth of
the inputs or more, is one matrix product with `dense()`.

`DelayedSparse` gives each synapse a delay, and `EventSparse` costs by the spike instead of by the step.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..core import Cell, Span, Tick, check_finite, check_size, is_concrete, param, require, strong
from .gather import listened

_DENSE = 8  # pre / incoming up to which a matrix product is faster than the lists (measured)
_LARGE = 2**26  # entries of a matrix that is not made


def index_list(value: Any) -> Int[Array, "..."]:
    """Numbers of neurons as an int32 array. Raises ValueError for anything but integers."""
    array = value if isinstance(value, jax.Array) else np.asarray(value)
    if not jnp.issubdtype(array.dtype, jnp.integer):
        raise ValueError(f"an index list has dtype {array.dtype}: must be integers, the numbers of neurons from 0 on")
    return jnp.asarray(array, jnp.int32)


class Sparse(Cell):
    """Memoryless. Made by `Sparse.from_lists`, `fixed_probability`, `fixed_indegree`, or from padded lists as here."""

    weight: Float[Array, "post incoming"] = param()
    source: Int[Array, "post incoming"] = eqx.field(converter=index_list)  # number of the input, `pre` for none
    pre: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_size("Sparse.pre", self.pre, "pass the number of inputs")
        shape, lists = self.weight.shape, self.source.shape
        require(len(shape) == 2, "Sparse.weight.shape", shape, "must be (post, incoming)", "add the missing axis")
        require(lists == shape, "Sparse.source.shape", lists, f"must be that of weight, {shape}", "pass one per weight")
        check_finite("Sparse.weight", self.weight)
        if is_concrete(self.source):
            source = np.asarray(self.source)
            bad = source[(source < 0) | (source > self.pre)]
            allowed = f"must lie in 0 ... {self.pre - 1}, or be {self.pre} for no synapse"
            require(bad.size == 0, "Sparse.source", bad[:5], allowed, "count from 0, or raise pre")

    @classmethod
    def from_lists(cls, post_index: Any, pre_index: Any, weight: Any, *, post: int, pre: int) -> "Sparse":
        """From one (post, pre, weight) per synapse, in any order. weight: one number, or [synapse]. On the host.

        Raises ValueError for lists of different length, numbers that are no neuron, and weights that do not fit.
        """
        check_size("post", post, "pass the number of neurons")
        check_size("pre", pre, "pass the number of inputs")
        rows, columns = (np.asarray(index_list(given)) for given in (post_index, pre_index))
        weight = np.asarray(strong(weight))
        require(rows.ndim == 1, "post_index.shape", rows.shape, "must be (synapse,)", "pass flat lists")
        require(
            columns.shape == rows.shape, "pre_index.shape", columns.shape, f"must be {rows.shape}", "one per synapse"
        )
        fits = weight.shape in ((), rows.shape)
        require(fits, "weight.shape", weight.shape, f"must be () or {rows.shape}", "pass one, or one per synapse")
        for name, given, size in (("post_index", rows, post), ("pre_index", columns, pre)):
            bad = given[(given < 0) | (given >= size)]
            require(bad.size == 0, name, bad[:5], f"must lie in 0 ... {size - 1}", "count from 0, or raise the size")
        (weights,), source = padded(rows, columns, (np.broadcast_to(weight, rows.shape),), post, pre)
        return cls(weights, source, pre=pre)

    @property
    def post(self) -> int:
        return self.weight.shape[0]

    def dense(self) -> Float[Array, "post pre"]:
        """The matrix of the same synapses."""
        rows = jnp.broadcast_to(jnp.arange(self.post, dtype=jnp.int32)[:, None], self.source.shape)
        return jnp.zeros((self.post, self.pre), self.weight.dtype).at[rows, self.source].add(self.weight, mode="drop")

    def lists(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """post_index, pre_index and weight of every synapse; on the host."""
        there = np.asarray(self.source) < self.pre
        return np.nonzero(there)[0].astype(np.int32), np.asarray(self.source)[there], np.asarray(self.weight)[there]

    def _gathered(self, x: Float[Array, " pre"]) -> Float[Array, " post"]:
        heard = jnp.concatenate([x, jnp.zeros(1, x.dtype)])[self.source]
        return jnp.sum(self.weight * heard, axis=1)

    @property
    def input_shape(self) -> tuple[int]:
        """Shape of what it takes in a step."""
        return (self.pre,)

    def step(self, state, x: Float[Array, " pre"], tick: Tick):
        del tick
        return state, self._gathered(x)

    def unroll(self, state, xs: Float[Array, "time pre"], span: Span):
        if span.steps == 1:
            return state, self._gathered(xs[0])[None]
        incoming = self.weight.shape[1]
        if self.pre <= _DENSE * incoming and self.post * self.pre <= _LARGE:
            return state, xs @ self.dense().T
        rows = jnp.pad(xs.T, ((0, 1), (0, 0)))
        return state, listened(rows, span.steps, self.weight.T, self.source.T)


def padded(
    owner: np.ndarray, partner: np.ndarray, values: tuple[np.ndarray, ...], owners: int, partners: int
) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Flat lists as one row per owner, partners in ascending order, filled up with zeros and with `partners`."""
    order = np.lexsort((partner, owner))
    owner = owner[order]
    counts = np.bincount(owner, minlength=owners)
    place = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = (owners, max(1, int(counts.max(initial=0))))
    target = np.full(shape, partners, np.int32)
    target[owner, place] = partner[order]
    tables = []
    for value in values:
        table = np.zeros(shape, value.dtype)
        table[owner, place] = value[order]
        tables.append(table)
    return tuple(tables), target
