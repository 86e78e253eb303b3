"""Sequences of different lengths, padded to one: which steps are data travels beside them.

    final, ys = simulate(network, Masked(xs, mask), dt=1.0, key=key)          mask [time]: 1 for data, 0 for padding

A composition hands the mask to those of its cells that read it (`reads_mask`: the compositions themselves, and `Norm`,
whose statistics leave padding out) and the bare sequence to all others. Every cell returns its bare output. Nothing is
cut off: padded steps are simulated like any others, and the loss leaves them out with the same mask.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Array, Float, PyTree


class Masked(NamedTuple):
    """Inputs, and the weight of their steps."""

    x: PyTree  # [time, ...]; of one step in `step`
    mask: Float[Array, "..."]  # [time], 1 or 0; () in `step`


def bare(x: PyTree) -> PyTree:
    """The sequence without its mask."""
    return x.x if isinstance(x, Masked) else x


def beside_mask(call: Callable, reads_mask: bool, state: PyTree, x: PyTree, when: Any) -> tuple[PyTree, PyTree]:
    """`call(state, x, when)`, a cell's step or unroll, for a part of a composition: the mask goes on to the next."""
    if not isinstance(x, Masked):
        return call(state, x, when)
    state, y = call(state, x if reads_mask else x.x, when)
    return state, Masked(y, x.mask)
