"""Shape checks of cells that hold a population: every parameter is one for all, or one for each."""

from typing import Any

from ..core import check_size, require


def check_one_or_each(cell: Any, *names: str) -> None:
    """Raise ValueError unless `cell.size` is a size and each named parameter has shape () or (cell.size,)."""
    owner = type(cell).__name__
    check_size(f"{owner}.size", cell.size)
    for name in names:
        shape = getattr(cell, name).shape
        remedy = "pass one number, or one per neuron; vmap over anything else"
        require(shape in ((), (cell.size,)), f"{owner}.{name}.shape", shape, f"must be () or ({cell.size},)", remedy)
