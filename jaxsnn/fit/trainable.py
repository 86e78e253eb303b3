"""Which leaves of a model are trained: paths and bounds as data.

    {"cells.1.threshold": positive(), "cells.0.delay": between(0, 24), "*.weight": free()}

A path is what one would write in Python (`cells[1].threshold` is understood too); `*` stands for anything. What no path
names stays as it is. The optimiser sees a flat dict {path: free value}, so that a checkpoint, a history and an error
can name a parameter.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from ..core import Running, is_concrete, require
from .bounds import Bound

Values = dict[str, Array]


def leaf_paths(model: PyTree) -> dict[str, Array]:
    """The float arrays of a model by path: what may be trained, and so no running statistics."""
    found = jax.tree_util.tree_flatten_with_path(model, is_leaf=lambda node: isinstance(node, Running))[0]
    return {_written(path): leaf for path, leaf in found if _is_float(leaf)}


def _is_float(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)


def _written(path: tuple) -> str:
    name = lambda key: str(getattr(key, "name", getattr(key, "idx", getattr(key, "key", key))))
    return ".".join(name(key) for key in path)


def normalised(path: str) -> str:
    """`cells[1].weight` as `cells.1.weight`."""
    return path.replace("[", ".").replace("]", "").strip(".")


@dataclass(frozen=True)
class Trainable:
    """The trained leaves of a model: bounds by path, and the way back into the model."""

    bounds: dict[str, Bound]

    def free_values(self, model: PyTree) -> Values:
        """What the optimiser moves."""
        leaves = leaf_paths(model)
        return {path: bound.to_free(leaves[path]) for path, bound in self.bounds.items()}

    def values(self, free: Values) -> Values:
        return {path: bound.to_value(free[path]) for path, bound in self.bounds.items()}

    def settle(self, free: Values) -> Values:
        return {path: bound.settle(free[path]) for path, bound in self.bounds.items()}

    def put(self, model: PyTree, free: Values) -> PyTree:
        """The model with these values in the place of its own."""
        values = self.values(free)

        def one(path: tuple, leaf: Any) -> Any:
            return values.get(_written(path), leaf)

        return jax.tree_util.tree_map_with_path(one, model)


def choose(model: PyTree, train: Any) -> Trainable:
    """Resolve paths and check initial values.

    Raises ValueError for a path that names no float array, two paths that name the same, and a bound that excludes the
    value with which the fit would begin.
    """
    leaves = leaf_paths(model)
    if not isinstance(train, Mapping) or not train:
        example = next(iter(leaves), "weight")
        raise ValueError(f"train = {train!r}: must map paths to bounds; write {{{example!r}: free()}}")
    bounds: dict[str, Bound] = {}
    named: dict[str, str] = {}
    for written, bound in train.items():
        require(isinstance(written, str), "train", written, "must have paths for its keys", 'write "cells.0.weight"')
        if not isinstance(bound, Bound):
            raise ValueError(
                f"train[{written!r}] = {bound!r}: must be free(), positive() or between(low, high); write one of "
                "the three"
            )
        for path in _matching(written, leaves):
            if path in named:
                raise ValueError(
                    f"train names {path!r} twice, by {named[path]!r} and by {written!r}, and must do it once; drop "
                    "one of the two"
                )
            named[path] = written
            if is_concrete(leaves[path]) and not bound.contains(leaves[path]):
                shown = np.array2string(np.asarray(leaves[path]), threshold=6)
                raise ValueError(
                    f"{path} = {shown}: must be {bound} to begin a fit; move the initial value, or widen the bound"
                )
            bounds[path] = bound
    return Trainable({path: bounds[path] for path in leaves if path in bounds})


def _matching(written: str, names: Mapping[str, Any]) -> list[str]:
    wanted = normalised(written)
    found = [path for path in names if fnmatchcase(path, wanted)]
    if not found:
        near = difflib.get_close_matches(wanted, list(names), n=3, cutoff=0.3) or list(names)[:6]
        raise ValueError(
            f"train[{written!r}]: the model has no such array of floats; it has {', '.join(near) or 'none at all'}"
            f"{' ...' if len(near) < len(names) else ''}"
        )
    return found
