"""What may be put into `simulate`, and one sentence for what may not, in place of a traceback through jax.

Values are looked at before the run. Shapes that do not fit are found by jax while it traces; then `explained` names the
cell at fault, the innermost one that the error went through.
"""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..core import Cell, bare, check_kind, check_row, is_concrete, require

_OF_SHAPES = re.compile(r"shape|dtype|broadcast|carry|dimension|NoneType|TypePromotion|has no attribute")


def check_run(cell: Any, inputs: PyTree, start: Any, record: Any) -> None:
    """Raise ValueError for a cell that is none, inputs that are no finite numbers or of another width, and the rest."""
    check_kind("cell", cell, Cell, "LIF(size=3)")
    for path, leaf in jax.tree_util.tree_flatten_with_path(inputs)[0]:
        _check_leaf("inputs" + jax.tree_util.keystr(path), leaf)
    check_row("inputs", cell, bare(inputs), "put time first; vmap over a batch", leading="steps")
    if is_concrete(start):
        number = np.asarray(start)
        whole = number.shape == () and number.dtype.kind in "iu" and 0 <= number < 2**31
        require(bool(whole), "start", start, "must be a step number, an integer from 0 to 2**31 - 1", "pass start=0")
    require(callable(record), "record", record, "must be a function of (state, output)", "pass record=output")


def _check_leaf(name: str, leaf: Any) -> None:
    if not is_concrete(leaf):
        return
    known = leaf if isinstance(leaf, jax.Array) else np.asarray(leaf)
    number = jnp.issubdtype(known.dtype, jnp.number) or known.dtype == bool
    real = number and not jnp.issubdtype(known.dtype, jnp.complexfloating)
    require(bool(real), name, leaf, "must be an array of real numbers", "pass an array [time, ...]")
    require(known.ndim > 0, f"{name}.shape", (), "must have one row per step", "put time on the first axis")
    if jnp.issubdtype(known.dtype, jnp.floating):
        with jax.ensure_compile_time_eval():  # known numbers are looked at within a jit, too
            finite = bool(jnp.all(jnp.isfinite(known)))
        if not finite:
            rows = np.asarray(known)
            bad = int(np.argmin(np.isfinite(rows).reshape(rows.shape[0], -1).all(axis=1)))
            remedy = "a neuron that is given NaN is silent for ever, so look where it comes from"
            require(False, f"{name}[{bad}]", rows[bad], "must be finite", remedy)


@contextmanager
def explained(cell: Cell, inputs: PyTree) -> Iterator[None]:
    """Errors of shapes and dtypes, out of jax, as a ValueError that says which cell cannot take what it is given."""
    try:
        yield
    except (TypeError, ValueError, AttributeError) as error:
        cells = [frame.f_locals.get("self") for frame, _ in traceback.walk_tb(error.__traceback__)]
        cells = [one for one in cells if isinstance(one, Cell)]
        ours = type(error) is ValueError and "; " in str(error)  # a check of a part, which says it better
        if ours or not cells or _OF_SHAPES.search(str(error)) is None:
            raise
        about = " ".join(str(error).split("\n")[0].split())[:300]
        raise ValueError(
            f"inputs = {_outline(inputs)}: {_named(cells)} cannot take what it is given ({about}); it must be given "
            "what "
            "its sizes say, so check them against the inputs and against the part before it"
        ) from error


def _named(cells: list[Cell]) -> str:
    inner, outer = type(cells[-1]).__name__, type(cells[0]).__name__
    size = getattr(cells[-1], "size", None)
    name = f"{inner}(size={size})" if isinstance(size, int) else inner
    return name if cells[-1] is cells[0] or inner == outer else f"{name} in {outer}"


def check_state(cell: Cell, state: PyTree, key: Any) -> None:
    """ValueError for the state of another cell, which may have the shapes to run and would be misread."""
    found, wanted = _outline(state), _outline(jax.eval_shape(cell.init, key))
    require(found == wanted, "state", found, f"must be {wanted}", "pass what an earlier run of this cell returned")


def _outline(tree: PyTree) -> str:
    """A tree with the dtypes and shapes of its arrays in their place."""
    show = lambda leaf: f"{jnp.result_type(leaf)}{list(jnp.shape(leaf))}"
    leaves, structure = jax.tree.flatten(tree)
    if structure == jax.tree.structure(0):
        return show(leaves[0])
    return str(jax.tree.map(show, tree)).replace("'", "")
