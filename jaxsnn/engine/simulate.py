"""Run one cell for a number of steps and keep what `record` asks for.

    final, ys = simulate(network, xs, dt=0.1, key=key)

`simulate` is a pure function: jit it, vmap it over keys and parameters, differentiate through it. Runs too long for one
call, and grids of runs, are Programs (see `program`).
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from ..core import Cell, Tick, check_cells, check_key, check_positive, check_size, is_concrete, require, strong
from .blocks import run_steps, streams
from .inputs import check_run, check_state, explained
from .memory import footprint, nest


def output(state: PyTree, y: PyTree) -> PyTree:
    """Record every step's output (the default)."""
    del state
    return y


def nothing(state: PyTree, y: PyTree) -> None:
    """Record nothing: only the final state is wanted, with the meters in it."""
    del state, y


class _Recorded(Cell):
    """A cell whose output is `record(state, output)` of every step; takes no noise of its own."""

    cell: Cell
    record: Callable = eqx.field(static=True)

    def init(self, key):
        return self.cell.init(key)

    def draw(self, stream, steps):
        return self.cell.draw(stream, steps)

    def step(self, state, x, tick: Tick):
        state, y = self.cell.step(state, x, tick)
        return state, self.record(state, y)


def simulate(
    cell: Cell,
    inputs: PyTree = None,
    *,
    dt: Any,
    key: Any,
    steps: Any = None,
    block: Any = None,
    record: Callable[[PyTree, PyTree], PyTree] = output,
    state: PyTree = None,
    start: int = 0,
    remat: bool = False,
    memory: float | None = None,
) -> tuple[PyTree, PyTree]:
    """Simulate one network.

    inputs: arrays with a leading time axis, one row a step; or None for a network that brings its own input.
    dt: length of a step, in the unit of the cell's time constants and delays.
    key: gives the initial state and the noise. The same key gives the same path, for every block.
    steps: number of steps; taken from `inputs` when there are any.
    block: steps computed at a time (default: all at once).
    record: function of (state, output); `output` keeps every output, `nothing` keeps none, any other function is
        called after every step, which unrolls the network stepwise.
    state, start: continue from this state at this step instead of beginning anew. Delays and noise go by the number
        of the step, so a run that goes on must be told where it was left; without `start` it begins at step 0.
    remat: recompute inside blocks in the backward pass, so that memory grows with steps/block + block.
    memory: instead of block and remat: bytes that a backward pass may keep of the run. Blocks are nested as deep as
        that takes (see `memory`), and the numbers stay the same.

    Returns the final state and the record (leading time axis). Raises ValueError for a missing or contradictory number
    of steps, a dt that is not positive, and whatever the cells' own checks refuse.
    """
    check_run(cell, inputs, start, record)
    lengths = {jnp.shape(leaf)[0] for leaf in jax.tree.leaves(inputs)}
    if steps is None:
        if not lengths:
            raise ValueError("steps = None: a run without inputs needs its number of steps; pass steps=...")
        steps = next(iter(lengths))
    check_size("steps", steps)
    last = 2**31 - (int(start) if is_concrete(start) else 0)
    require(
        steps < last,
        "steps",
        steps,
        f"must be fewer than 2**31 - start = {last}",
        "run fewer: steps are counted in 32 bits",
    )
    if lengths - {steps}:
        raise ValueError(
            f"inputs have leading lengths {sorted(map(str, lengths))}: each needs one row per step, steps = {steps}; "
            "put time on the first axis, or pass another steps=..."
        )
    check_key("key", key)
    check_positive("dt", dt)
    require(jnp.shape(dt) == (), "dt.shape", jnp.shape(dt), "must be ()", "vmap over several time steps")
    check_cells(cell, dt)
    if memory is not None:
        block, remat = _within(memory, block, remat, cell, inputs, strong(dt), key, steps)
    block = steps if block is None else block
    for one in block if isinstance(block, tuple) and block else (block,):
        check_size("block", one)
    if state is not None:
        check_state(cell, state, key)
    with explained(cell, inputs):
        begun = jnp.asarray(start, jnp.int32)
        return _simulate(cell, inputs, strong(dt), key, state, begun, steps, block, record, remat)


def _within(memory, block, remat, cell, inputs, dt, key, steps) -> tuple[Any, bool]:
    """Block and remat for a memory in bytes."""
    check_positive("memory", memory, "pass bytes, for instance 2e9")
    if block is not None or remat:
        raise ValueError(f"memory = {memory:g} chooses block and remat itself; drop block = {block}, remat = {remat}")
    found = nest(steps, footprint(cell, inputs, dt=dt, key=key, steps=steps), memory)
    return (found.sizes, True) if found.sizes else (None, False)


@eqx.filter_jit
def _simulate(cell, inputs, dt, key, state, start, steps, block, record, remat):
    initial, stream = streams(key)
    state = cell.init(initial) if state is None else state
    if record not in (output, nothing):
        cell = _Recorded(cell, record)
    keep = (lambda ys: None) if record is nothing else (lambda ys: ys)
    return run_steps(
        cell, state, inputs, start=start, steps=steps, dt=dt, stream=stream, block=block, keep=keep, remat=remat
    )
