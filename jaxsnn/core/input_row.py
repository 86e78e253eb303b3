"""What a cell takes in a step, where its sizes say it: so that a wrong width is an error and not a broadcast."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from .checks import require


def input_row(cell: Any) -> tuple[int, ...] | None:
    """Shape of what a cell takes in a step: its `input_shape`, or its `size`. None: it does not say."""
    if hasattr(cell, "input_shape"):
        return cell.input_shape
    size = getattr(cell, "size", None)
    return (size,) if isinstance(size, int) else None


def check_row(field: str, cell: Any, x: PyTree, remedy: str, leading: str = "") -> None:
    """Raise a ValueError for one array that is not what the cell takes in a step, and would be broadcast.

    leading: name of the axis of time, for an array that has one.
    """
    leaves, row = jax.tree.leaves(x), input_row(cell)
    if len(leaves) != 1 or row is None:
        return
    shape = jnp.shape(leaves[0])
    wanted = ", ".join([leading] * bool(leading) + [str(n) for n in row])
    numbers = "1 number" if row == (1,) else f"{' x '.join(map(str, row))} numbers"
    comma = "," if len(row) + bool(leading) == 1 else ""
    allowed = f"must be ({wanted}{comma}), since {type(cell).__name__} takes {numbers} in a step"
    require(
        shape[bool(leading) :] == row and len(shape) == len(row) + bool(leading),
        f"{field}.shape",
        shape,
        allowed,
        remedy,
    )
