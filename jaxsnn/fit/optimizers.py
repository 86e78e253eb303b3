"""One optax optimiser for all trained parameters, or one for each group of paths.

    optimizer=optax.adam(1e-3)
    optimizer={"*.delay": optax.adam(0.1), "*": optax.adam(1e-3)}          delays learn at another rate

A path belongs to the first pattern that fits it. Rates are those of the free values (see `bounds`): of the logarithm
for `positive()`, of the parameter itself for `between(low, high)`.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import optax

from .trainable import normalised


def grouped(optimizer: Any, paths: list[str]) -> optax.GradientTransformation:
    """The optimiser of these paths. Raises ValueError for a path without one, and for a group that names nothing."""
    if isinstance(optimizer, optax.GradientTransformation):
        return optimizer
    if not isinstance(optimizer, Mapping) or not optimizer:
        raise ValueError(
            f"optimizer = {optimizer!r}: must be an optax optimiser, or a dict of them by path; pass optax.adam(1e-3)"
        )
    for pattern, one in optimizer.items():
        if not isinstance(one, optax.GradientTransformation):
            raise ValueError(f"optimizer[{pattern!r}] = {one!r}: must be an optax optimiser, such as optax.adam(1e-3)")
    home = {path: next((p for p in optimizer if fnmatchcase(path, normalised(p))), None) for path in paths}
    lost = [path for path, pattern in home.items() if pattern is None]
    if lost:
        raise ValueError(
            f"optimizer has nothing for {lost[0]!r}, and every path needs one; add an entry for it, or '*' for all "
            "the rest"
        )
    idle = [pattern for pattern in optimizer if pattern not in home.values()]
    if idle:
        raise ValueError(
            f"optimizer[{idle[0]!r}] moves no trained parameter; trained are {', '.join(paths)}, and the first pattern "
            "that fits a path takes it"
        )
    return optax.partition({str(p): one for p, one in optimizer.items()}, {k: str(v) for k, v in home.items()})
