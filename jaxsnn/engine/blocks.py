"""The one loop over time: a scan over blocks of `draw` + `unroll`.

A block of one step is stepwise simulation in constant memory; a block of the whole run is the whole-sequence form that
training uses; some twenty steps suit sweeps, where noise and readouts are then computed once per block, are still in
the cache when they are needed, and only what is recurrent is scanned. Draws are bit-equal for every block, and values
are equal up to rounding.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from ..core import Cell, Span, least


def streams(key: Array) -> tuple[Array, Array]:
    """The key of a run, split for the initial state and for the noise of the run."""
    return jax.random.fold_in(key, 0), jax.random.fold_in(key, 1)


def run_block(
    cell: Cell, state: PyTree, xs: PyTree, start: Int[Array, ""], steps: int, dt: Float[Array, ""], stream: Array
) -> tuple[PyTree, PyTree]:
    """Draw the noise of `steps` steps and unroll the cell through them."""
    indices = start + jnp.arange(steps, dtype=jnp.int32)
    return cell.unroll(state, xs, Span(start, dt, cell.draw(stream, indices), steps))


def run_until(
    cell: Cell,
    state: PyTree,
    last: Int[Array, ""],
    *,
    start: Int[Array, ""],
    steps: int,
    dt: Float[Array, ""],
    stream: Array,
    block: int,
) -> PyTree:
    """The state after `steps` steps from `start` on, of which step `last` and those after it change nothing.

    Whole blocks while they end before `last`, then the steps of a part of a block one by one. Of networks that are
    mapped together the whole blocks are run in stretches, each up to where those of some network end: between, nothing
    has to be kept for those that have ended.
    """
    end = jnp.clip(last, start, start + steps)
    whole = start + jnp.minimum((end - start) // block, steps // block) * block
    final = -least(-whole)

    def run(size: int, upto: Int[Array, ""], begin: Int[Array, ""], state: PyTree) -> PyTree:
        def one(now):
            index, state = now
            return index + size, run_block(cell, state, None, index, size, dt, stream)[0]

        return jax.lax.while_loop(lambda now: now[0] < upto, one, (begin, state))[1]

    def stretch(now):
        begin, state = now
        upto = least(jnp.where(whole > begin, whole, start + steps))
        new = run(block, upto, begin, state)
        return upto, jax.tree.map(lambda new, old: jnp.where(whole > begin, new, old), new, state)

    _, state = jax.lax.while_loop(lambda now: now[0] < final, stretch, (start, state))
    return run(1, end, whole, state)


def run_steps(
    cell: Cell,
    state: PyTree,
    xs: PyTree,
    *,
    start: Int[Array, ""],
    steps: int,
    dt: Float[Array, ""],
    stream: Array,
    block: int | tuple[int, ...],
    keep: Callable[[PyTree], PyTree] = lambda ys: ys,
    remat: bool = False,
) -> tuple[PyTree, PyTree]:
    """`steps` steps from `start` on, in blocks; returns the state and keep(outputs) of all steps (leading time axis).

    block: steps of a block, or of the stretches at every level of a nesting, coarse to fine (see `memory`).
    keep: applied to each block's outputs; `lambda ys: None` stores nothing.
    remat: forget what happens inside a block and compute it again in the backward pass.
    """
    block, *finer = (block,) if isinstance(block, int) else block
    block = max(1, min(block, steps))
    whole, rest = divmod(steps, block)

    def one(state, xs, begin, size):
        if finer:
            within = {"steps": size, "dt": dt, "stream": stream, "block": tuple(finer), "keep": keep, "remat": remat}
            return run_steps(cell, state, xs, start=begin, **within)
        state, ys = run_block(cell, state, xs, begin, size, dt, stream)
        return state, keep(ys)

    def body(state, now):
        number, xs = now
        return one(state, xs, start + number * block, block)

    if whole == 1 and not rest and not remat:  # no loop, and no copy of the inputs to loop over
        return one(state, xs, start, block)
    cut = whole * block
    leading = jax.tree.map(lambda a: a[:cut].reshape((whole, block) + a.shape[1:]), xs)
    numbers = jnp.arange(whole, dtype=jnp.int32)
    state, kept = jax.lax.scan(jax.checkpoint(body) if remat else body, state, (numbers, leading))
    kept = jax.tree.map(lambda a: a.reshape((cut,) + a.shape[2:]), kept)
    if rest:
        state, last = one(state, jax.tree.map(lambda a: a[cut:], xs), start + cut, rest)
        kept = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), kept, last)
    return state, kept
