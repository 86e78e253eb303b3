"""What every meter shares: the path of what it looks at, and the steps it counts.

A meter counts the steps with first <= index < last. Both are traced integers, so points of a sweep may differ in their
warm-up and their length. A meter reduces a block of steps at once, and a single step is a block of one; a meter without
a counted step gives NaN where a number would be an invention.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from ..core import Cell, Span, Tick, require, when_known
from .accumulate import float_type
from .score import Seen, look

FOREVER = 2**31 - 1


def step_number(field: str) -> Callable[[Any], Int[Array, ""]]:
    """The converter of a field that holds the number of a step: a traced integer."""

    def is_step(value: Any) -> None:
        number = np.asarray(value)
        whole = number.shape == () and number.dtype.kind in "iuf" and number == np.floor(number)
        require(bool(whole), field, value, "must be one whole number of steps", "divide times by dt and round")
        require(bool(0 <= number <= FOREVER), field, value, f"must lie in 0 ... {FOREVER}", "use longer steps")

    def convert(value: Any) -> Int[Array, ""]:
        when_known(is_step, value)
        return jnp.asarray(value).astype(jnp.int32)

    return convert


def shape_of(value: Any) -> tuple[int, ...]:
    """A shape given as a tuple, or as one number for a vector."""
    shape = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 1 for n in shape):
        raise ValueError(f"shape = {value!r}: must be a positive integer or a tuple of them; pass () for a scalar")
    return tuple(int(n) for n in shape)


def _in_order(first: Any, last: Any) -> None:
    in_order = bool(np.asarray(first) < np.asarray(last))  # jnp would trace inside a jit
    require(in_order, "last", last, f"must be more than first = {int(first)}", "count at least one step")


class Meter(Cell):
    """Abstract. of: dotted path into `Seen`. first, last: only steps first <= index < last count."""

    of: str = eqx.field(static=True)
    first: Int[Array, ""] = eqx.field(default=0, converter=step_number("first"), kw_only=True)
    last: Int[Array, ""] = eqx.field(default=FOREVER, converter=step_number("last"), kw_only=True)

    def __check_init__(self):
        allowed = "must be a dotted path into what a meter sees"
        require(isinstance(self.of, str), f"{type(self).__name__}.of", self.of, allowed, 'pass for instance "output"')
        if self.first.shape == self.last.shape == ():
            when_known(_in_order, self.first, self.last)

    def weights(self, indices: Int[Array, " time"]) -> Float[Array, " time"]:
        """One for the steps that count, zero for the others."""
        return ((indices >= self.first) & (indices < self.last)).astype(float_type())

    def values(self, seen: Seen, shape: tuple[int, ...] | None, of: str | None = None) -> Float[Array, "time ..."]:
        """What the meter looks at, as floats. shape: what it was built for (None: any); ValueError for another."""
        of = self.of if of is None else of
        values = jnp.asarray(look(seen, of))
        if shape is not None and values.shape[1:] != shape:
            raise ValueError(
                f"{type(self).__name__}(of={self.of!r}) was built for shape {shape}, but {of!r} has shape "
                f"{values.shape[1:]} in each step, and must have the same; build the meter for that shape, or pick "
                "another field"
            )
        return values.astype(float_type())

    def step(self, state: PyTree, x: Seen, tick: Tick) -> tuple[PyTree, tuple]:
        block = jax.tree.map(lambda a: jnp.asarray(a)[None], x)
        return self.unroll(state, block, Span(tick.index, tick.dt, (), 1))

    def unroll(self, state: PyTree, xs: Seen, span: Span) -> tuple[PyTree, tuple]:
        raise NotImplementedError(f"{type(self).__name__} does not define unroll")
