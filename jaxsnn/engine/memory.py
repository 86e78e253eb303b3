"""How to cut a run so that its backward pass fits into a given memory.

A backward pass needs what every step left behind (`step` bytes), unless a stretch of time is forgotten and computed
again. Nested d deep, with n stretches a level and blocks of b steps, n^d b = T:

    memory    (d n) state + b step            least at n = (T step/state)^(1/(d+1)), b = n state/step
    time      d + 1 forward passes and the backward one

So the shallowest nesting that fits is the fastest. What a step leaves behind is read off its own linearisation, by
tracing two lengths and taking the difference: no guess, and nothing is computed.
"""

import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from ..core import Cell
from .blocks import run_block, streams

DEEPEST = 4
_SAMPLE = 3  # steps whose residuals are counted


class Footprint(NamedTuple):
    """Bytes that a backward pass keeps: of the carried state, and of each step between two states."""

    state: int
    step: int

    def plain(self, steps: int) -> int:
        """When nothing is computed again."""
        return steps * self.step


class Nesting(NamedTuple):
    """Steps of a stretch at every level, coarse to fine; the last is the block. Empty: keep everything."""

    sizes: tuple[int, ...]
    memory: int  # bytes, estimated


def _bytes(tree: PyTree) -> int:
    arrays = [leaf for leaf in jax.tree.leaves(tree) if hasattr(leaf, "dtype")]
    return sum(math.prod(a.shape) * (a.dtype.itemsize if not _is_key(a) else 8) for a in arrays)


def _is_float(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.inexact)


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


@eqx.filter_jit  # is traced once for cells of one kind, however often it is asked for their shapes
def _kept(cell: Cell, state: PyTree, xs: PyTree, count: int, dt: Array, stream: Array) -> list[Array]:
    """What a backward pass through `count` steps keeps."""
    floats, rest = eqx.partition((cell, state), _is_float)

    def forward(floats, xs):
        cell, state = eqx.combine(floats, rest)
        return run_block(cell, state, xs, jnp.int32(0), count, dt, stream)

    return [leaf for leaf in jax.tree.leaves(jax.vjp(forward, floats, xs)[1]) if hasattr(leaf, "dtype")]


def footprint(cell: Cell, inputs: PyTree, *, dt: Array, key: Array, steps: int) -> Footprint:
    """Bytes of state and step of a run that is differentiated with respect to everything that is a float.

    inputs: as in `simulate`; only shapes matter. Outputs that the loss keeps ([time, ...]) come on top.
    """
    initial, stream = streams(key)
    state = jax.eval_shape(cell.init, initial)

    def residuals(count: int) -> int:
        xs = jax.tree.map(lambda a: jax.ShapeDtypeStruct((count, *a.shape[1:]), a.dtype), inputs)
        return _bytes(eqx.filter_eval_shape(_kept, cell, state, xs, count, dt, stream))

    long = min(2 * _SAMPLE, max(steps, 2))
    short = long // 2
    step = (residuals(long) - residuals(short)) / (long - short)
    return Footprint(max(1, _bytes(state)), max(1, math.ceil(step)))


def nest(steps: int, of: Footprint, memory: float) -> Nesting:
    """The shallowest nesting within `memory` bytes. Raises ValueError when the deepest does not fit."""
    if of.plain(steps) <= memory:
        return Nesting((), of.plain(steps))
    least = of.plain(steps)
    for depth in range(1, DEEPEST + 1):
        stretches = max(2, round((steps * of.step / of.state) ** (1 / (depth + 1))))
        sizes = []
        left = steps
        for _ in range(depth):
            left = max(1, math.ceil(left / stretches))
            sizes.append(left)
        needed = depth * stretches * of.state + sizes[-1] * of.step
        least = min(least, needed)
        if needed <= memory:
            return Nesting(tuple(sizes), needed)
    raise ValueError(
        f"memory = {memory:.4g} bytes: a backward pass through {steps} steps needs at least {least:.4g}; allow more, "
        "run fewer steps, or take the forward mode, which keeps nothing"
    )
