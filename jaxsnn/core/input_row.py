"""What a cell takes in a step, where its sizes say it: so that a wrong width is an error and not a broadcast."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from .checks import require


def input_row(cell: Any) -> tuple[int, ...] | None:
    """Shape of what a cell takes in a step: its `input_shape` or `size`, or that of the part given the input first."""
    if hasattr(cell, "input_shape"):
        return cell.input_shape
    if isinstance(getattr(cell, "size", None), int):
        return (cell.size,)
    cells = getattr(cell, "cells", ())
    first = getattr(cell, "cell", None) or getattr(cell, "forward", None) or (cells[0] if cells else None)
    return None if first is None else input_row(first)


def check_row(field: str, cell: Any, x: PyTree, remedy: str, of: str = "") -> None:
    """Raise a ValueError for one array that is not what the cell takes in a step, and would be broadcast.

    of: name of the axis of time, for an array that has one.
    """
    leaves, row = jax.tree.leaves(x), input_row(cell)
    if len(leaves) != 1 or row is None:
        return
    shape = jnp.shape(leaves[0])
    wanted = ", ".join([of] * bool(of) + [str(n) for n in row])
    numbers = " x ".join(map(str, row)) or "one"
    allowed = f"must be ({wanted}), since {type(cell).__name__} takes {numbers} numbers in a step"
    require(shape[bool(of) :] == row and len(shape) == len(row) + bool(of), f"{field}.shape", shape, allowed, remedy)
