"""The one protocol: everything that lives in time is a Cell.

    state = cell.init(key)
    noise = cell.draw(stream, steps)                      standard variates; the only place that draws
    state, y = cell.step(state, x, tick)                  one step of time, deterministic given the noise
    state, ys = cell.unroll(state, xs, span)              a stretch of time; by default a scan of `step`

A cell is written for one network and one sample; batches, seeds and grids are `jax.vmap` outside.
Time is counted in steps of `dt`; dt, time constants and delays share one unit.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from .deferred import known, when_known


class Tick(NamedTuple):
    """What a step is told about the present."""

    index: Int[Array, ""]  # number of this step since the run began
    dt: Float[Array, ""]  # length of a step, in the unit of the cell's time constants
    noise: PyTree  # this step's slice of what `draw` returned


class Span(NamedTuple):
    """A stretch of time: `steps` steps from step `start` on, with their noise (leading time axis)."""

    start: Int[Array, ""]
    dt: Float[Array, ""]
    noise: PyTree
    steps: int  # static

    @property
    def indices(self) -> Int[Array, " time"]:
        return self.start + jnp.arange(self.steps, dtype=jnp.int32)

    def part(self, noise: PyTree) -> "Span":
        """The same stretch with the noise of one child of a composite."""
        return self._replace(noise=noise)

    def each(self, step: Callable, state: PyTree, xs: PyTree) -> tuple[PyTree, PyTree]:
        """Scan `step(state, x, tick)` over the stretch; xs has a leading time axis, or is None."""

        def body(state, now):
            x, n = now
            noise = jax.tree.map(lambda z: jax.lax.dynamic_index_in_dim(z, n, 0, keepdims=False), self.noise)
            return step(state, x, Tick(self.start + n, self.dt, noise))

        # Noise is looked up and not scanned over: drawn for many networks it lies network by network, and what a scan
        # is given would first be copied into the order of time.
        numbers = jnp.arange(self.steps, dtype=jnp.int32)
        return jax.lax.scan(body, state, (xs, numbers), length=self.steps)


class Cell(eqx.Module):
    """Leaves are parameters (arrays), static fields are structure; state lives outside, in a NamedTuple.

    A cell with an integer `size` takes so many numbers in a step, and others are refused. One that takes something
    else has an `input_shape`: a tuple, or None for whatever it is given.
    """

    reads_mask: ClassVar[bool] = False  # whether it takes a `Masked` input, when a composition is given one

    def init(self, key: Array) -> PyTree:
        """The state before the first step."""
        del key
        return ()

    def draw(self, stream: Array, steps: Int[Array, " time"]) -> PyTree:
        """Standard variates for these steps, leading time axis: a function of (stream, step), never of a parameter."""
        del stream, steps
        return ()

    def step(self, state: PyTree, x: PyTree, tick: Tick) -> tuple[PyTree, PyTree]:
        """One step of time."""
        raise NotImplementedError(f"{type(self).__name__} defines neither step nor unroll")

    def unroll(self, state: PyTree, xs: PyTree, span: Span) -> tuple[PyTree, PyTree]:
        """A stretch of time; equal to scanning `step`, and overridden only to be faster."""
        return span.each(self.step, state, xs)

    def check(self, dt: float) -> None:
        """Raise a ValueError for values that a run at this dt would misread in silence. Called on the host."""
        del dt


def check_cells(cell: Cell, dt: Any) -> None:
    """Run every cell's own `check`, the composite's parts included; those that meet traced values step aside."""
    for part in jax.tree.leaves(cell, is_leaf=lambda node: isinstance(node, Cell) and node is not cell):
        if isinstance(part, Cell):
            check_cells(part, dt)
    if type(cell).check is not Cell.check:
        _check_one(cell, dt)


def _check_one(cell: Cell, dt: Any) -> None:
    if known((cell, dt)):
        with jax.ensure_compile_time_eval():  # known numbers are looked at within a jit, too
            cell.check(float(dt))
        return
    if known(dt):
        try:
            cell.check(float(dt))
            return
        except jax.errors.JAXTypeError:  # it is written for known numbers
            pass
    is_key = lambda leaf: jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)  # no number, and not what a check looks at
    waits, rest = eqx.partition(cell, lambda leaf: not known(leaf) and not is_key(leaf))
    traced, structure = jax.tree.flatten(waits)

    def again(dt, *numbers):
        numbers = jax.tree.unflatten(structure, map(jnp.asarray, numbers))
        eqx.combine(numbers, rest).check(float(dt))

    when_known(again, dt, *traced)


def substreams(stream: Array, count: int) -> list[Any]:
    """One independent stream for each child of a composite."""
    return [jax.random.fold_in(stream, slot) for slot in range(count)]
