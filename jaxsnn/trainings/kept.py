"""What a training has done already, kept for the case that it is killed while it does the rest."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

import jax
from jaxtyping import PyTree

from ..core import require
from ..engine import load_tree, save_tree


def kept(path: str | PathLike, like: PyTree, make: Callable[[], PyTree]) -> Any:
    """`make()`, the first time; afterwards what it gave then, from the file.

        model = kept(checkpoint.with_name("checkpoint-trained"), start, lambda: fit(..., checkpoint=checkpoint).model)

    A fit removes its checkpoint when it ends, so a run that is killed while it evaluates the model would train again.
    like: a tree of arrays of the same structure, shapes and dtypes, such as the model before the fit. Names that begin
    with the checkpoint's are cleared away when the run is finished.
    Raises ValueError for a file that is damaged or holds something else, and where `make` gives something else.
    """
    place = Path(path)
    if place.exists():
        return jax.tree.map(jax.numpy.asarray, load_tree(place, like)[0])
    made = make()
    same = jax.tree.structure(made) == jax.tree.structure(like)
    alike = same and all(a.shape == b.shape for a, b in zip(*map(jax.tree.leaves, (made, like)), strict=True))
    require(
        alike, "like", "a tree", "must have the structure and shapes of what is made", "pass the model before the fit"
    )
    save_tree(place, made)
    return made
