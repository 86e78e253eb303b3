"""Sizes of populations: a number of neurons, or the shape (channel, height, width) of feature maps."""

from typing import Any

from .checks import check_size, require

Shape = int | tuple[int, ...]


def as_tuple(size: Shape) -> tuple[int, ...]:
    return size if isinstance(size, tuple) else (size,)


def check_shape(field: str, size: Any) -> None:
    """ValueError unless `size` is a positive integer or a tuple of such."""
    if not isinstance(size, tuple) or not size:
        check_size(field, size, "pass a positive integer, or a tuple of them for feature maps")
        return
    for place, one in enumerate(size):
        check_size(f"{field}[{place}]", one)


def check_one_each_or_by_channel(cell: Any, *names: str) -> None:
    """As `check_one_or_each` for a `cell.size` that may be a shape: each named parameter has shape (), that of the
    population or, for feature maps, (channel, 1, 1)."""
    owner, size = type(cell).__name__, cell.size
    check_shape(f"{owner}.size", size)
    whole = as_tuple(size)
    allowed = ((), whole) if len(whole) == 1 else ((), whole, whole[:1] + (1,) * (len(whole) - 1))
    for name in names:
        shape = getattr(cell, name).shape
        words = " or ".join(map(str, allowed))
        remedy = "pass one number, or one per neuron; vmap over anything else"
        require(shape in allowed, f"{owner}.{name}.shape", shape, f"must be {words}", remedy)
