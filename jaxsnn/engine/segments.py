"""The host loop: a run cut into compiled segments, with everything a person wants between them.

    carry = advance(carry, start)          one segment; compiled, gives the carry's memory back for the next

Between segments live progress and time left, the search for numbers that are no longer finite, checkpoints and Ctrl-C.
What is read from the device belongs to the segment before the one that is running, so the device never waits. A run in
segments is bit-equal to one scan over all steps, for any cut at multiples of the program's block.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from ..core import check_size, strong
from .checkpoint import load_tree, save_tree
from .fingerprint import fingerprint
from .program import Plan, Point, Program

SEGMENT = 20_000  # steps aimed at: seconds for a chunk of a sweep


class Progress(NamedTuple):
    """What is known between two segments."""

    done: int  # steps
    total: int
    seconds: float  # since the loop began
    eta: float  # seconds left, at the mean speed so far
    nonfinite: int  # numbers in the carry that have become infinite or NaN


class Driven(NamedTuple):
    """The end of a run. Numbers that are not finite are reported, not raised: the rest of a sweep is still good."""

    carry: PyTree
    done: int  # steps run; the last segment may go beyond the total
    nonfinite: int


class Checkpoint(NamedTuple):
    """Where and when `drive` saves its carry."""

    path: Path
    meta: dict[str, Any] = {}  # noqa: RUF012
    pack: Callable[[PyTree], PyTree] = lambda carry: carry  # what of the carry to save
    every: float = 30.0  # seconds


def segment_length(total: int, target: int = SEGMENT, block: int = 1) -> int:
    """Equal segments of about `target` steps that cover `total`, each a multiple of the block.

    From the numbers of the run only, never from the machine, so that a run cuts alike everywhere.
    """
    pieces = max(1, -(-total // target))
    return max(1, -(-total // (pieces * block))) * block


def settle(tree: PyTree) -> PyTree:
    """Strip weak types, which would make a second call of a compiled function compile again."""
    return jax.tree.map(lambda a: jax.lax.convert_element_type(a, jnp.asarray(a).dtype), tree)


@jax.jit
def count_nonfinite(tree: PyTree) -> list[Array]:
    """How many numbers of each array of floats are infinite or NaN."""
    floats = [a for a in jax.tree.leaves(tree) if jnp.issubdtype(a.dtype, jnp.inexact)]
    return [jnp.sum(~jnp.isfinite(a), dtype=jnp.int32) for a in floats]


def drive(
    advance: Callable[[PyTree, Any], PyTree],
    carry: PyTree,
    total: int,
    segment: int,
    *,
    start: int = 0,
    on_segment: Callable[[Progress], None] | None = None,
    checkpoint: Checkpoint | str | os.PathLike | None = None,
    count: Callable[[PyTree], list[Array]] = count_nonfinite,
) -> Driven:
    """Call `advance` segment by segment until `total` steps are covered.

    advance: (carry, int32 start) -> carry; may donate the carry.
    start: steps already in the carry.
    on_segment: told the progress after every segment.
    checkpoint: a path, or a `Checkpoint`; the carry goes there every 30 s and at Ctrl-C, together with its step.
    count: numbers of each array that are not finite; for callers that compile it themselves.

    Raises KeyboardInterrupt (with a sentence on where the run stands) after saving the checkpoint.
    """
    check_size("segment", segment)
    if checkpoint is not None and not isinstance(checkpoint, Checkpoint):
        checkpoint = Checkpoint(Path(checkpoint))
    begun = saved = time.monotonic()
    initial = count(carry)  # a maximum may start at -inf: such arrays are not watched
    bad = 0

    def report(done: int, counts: list[Array]) -> int:
        now = [int(n) for n, n0 in zip(counts, initial, strict=True) if int(n0) == 0]  # waits for that segment
        if on_segment is not None:
            seconds, end = time.monotonic() - begun, min(done, total)
            eta = seconds * (total - end) / max(end - start, 1)
            on_segment(Progress(end, total, seconds, eta, sum(now)))
        return sum(now)

    at = (carry, start)  # one name, so that an interrupt cannot come between the carry and its step
    waiting = None
    try:
        while at[1] < total:
            at = (advance(at[0], np.int32(at[1])), at[1] + segment)
            counts = count(at[0])
            if waiting is not None:
                bad = report(*waiting)
            waiting = (at[1], counts)
            if checkpoint is not None and at[1] < total and time.monotonic() - saved >= checkpoint.every:
                _save(checkpoint, *at)
                saved = time.monotonic()
        if waiting is not None:
            bad = report(*waiting)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_stop(checkpoint, *at, total)) from None
    return Driven(at[0], at[1], bad)


def _save(checkpoint: Checkpoint, carry: PyTree, done: int) -> None:
    save_tree(checkpoint.path, checkpoint.pack(carry), {**checkpoint.meta, "step": done})


def take_up(checkpoint: Checkpoint, like: PyTree) -> tuple[PyTree, int]:
    """The carry and the step of an earlier run; ValueError for those of another run, and for a step that is none."""
    carry, meta = load_tree(checkpoint.path, like)
    other = [name for name, value in checkpoint.meta.items() if meta.get(name) != value]
    step = meta.get("step")
    if type(step) is not int or not 0 <= step < 2**31:
        other.append("step")
    if other:
        raise ValueError(
            f"checkpoint {checkpoint.path} belongs to another run: its {' and '.join(other)} differ; "
            "delete it or pass another path"
        )
    return carry, step  # type: ignore[return-value]


def _stop(checkpoint: Checkpoint | None, carry: PyTree, done: int, total: int) -> str:
    """Save what can be saved, and say where the run stands."""
    where = f"stopped at step {min(done, total)} of {total}"
    if checkpoint is None:
        return where
    if any(isinstance(a, jax.Array) and a.is_deleted() for a in jax.tree.leaves(carry)):
        return f"{where}, in the middle of a segment; the last checkpoint, if there is one, is {checkpoint.path}"
    try:
        _save(checkpoint, carry, done)
    except OSError as error:
        return f"{where}; the state cannot be written to {checkpoint.path} ({error.strerror})"
    return f"{where}; {checkpoint.path} holds the state, and the same call goes on from there"


@eqx.filter_jit
def _begin(program, point, key):
    return settle(program.begin(point, key))


@eqx.filter_jit(donate="all-except-first")
def _advance(fixed, carry):
    program, point, key, start, steps = fixed
    return settle(program.advance(point, key, carry, start, steps))


@eqx.filter_jit
def _finish(program, point, carry):
    return program.finish(point, carry)


def run_program(
    program: Program,
    point: Point | Plan,
    key: Array,
    *,
    segment: int | None = None,
    on_segment: Callable[[Progress], None] | None = None,
    checkpoint: str | os.PathLike | None = None,
) -> dict[str, Array]:
    """Run one network alone.

    point: a dict (floats and arrays are traced; integers, strings and booleans are static), or a Plan.
    segment: steps between two visits of the host (default: about 20 000); any gives the same numbers.
    checkpoint: a file; when it exists the run goes on from it, and it is removed at the end.

    Raises ValueError for a point that the program refuses, and for a checkpoint of another run or other code.
    """
    if isinstance(point, Plan):
        point = {**point.static, **jax.tree.map(_array, point.arrays)}
    point = {name: strong(value) if isinstance(value, float) else value for name, value in point.items()}
    program.check(point)
    total = program.steps(point)
    segment = segment_length(total, SEGMENT, getattr(program, "block", 1)) if segment is None else segment
    carry, start, save = None, 0, None
    if checkpoint is not None:
        save = Checkpoint(Path(checkpoint), _identity(program, point, key, segment))
        if save.path.exists():
            carry, start = _restore(save, jax.eval_shape(lambda: _begin(program, point, key)))
    carry = _begin(program, point, key) if carry is None else carry
    advance = lambda carry, start: _advance((program, point, key, start, segment), carry)
    end = drive(advance, carry, total, segment, start=start, on_segment=on_segment, checkpoint=save)
    result = _finish(program, point, end.carry)
    if save is not None:
        save.path.unlink(missing_ok=True)
    return result


def _array(value: Any) -> Array:
    return strong(value) if np.asarray(value).dtype.kind == "f" else jnp.asarray(value)


def _identity(program: Program, point: Point, key: Array, segment: int) -> dict[str, Any]:
    """What must agree before a checkpoint is taken up: the code, with the point's numbers as its constants, and key."""

    def everything():
        carry = program.begin(point, key)
        return program.finish(point, program.advance(point, key, carry, jnp.int32(0), segment))

    numbers = {name: np.asarray(v).tolist() for name, v in point.items() if hasattr(v, "dtype")}
    return {"code": fingerprint(everything)[0], "point": numbers, "key": jax.random.key_data(key).tolist()}


def _restore(checkpoint: Checkpoint, like: PyTree) -> tuple[PyTree, int]:
    carry, step = take_up(checkpoint, like)
    return jax.tree.map(jnp.asarray, carry), step
