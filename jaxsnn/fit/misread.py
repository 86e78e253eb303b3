"""What a fit would misread in silence, refused before anything is compiled.

Within a fit the trained numbers are traced, so cells cannot refuse them: a delay beyond `max_delay` would read the
oldest row. Their checks are made here, for the values that the fit begins with and for both ends of every `between`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..core import checks_of, not_refused
from .trainable import Trainable, Values


def refuse_misread(
    objective: Callable[[Any, Values], Any], trainable: Trainable, starts: Sequence[tuple[Any, Values]]
) -> None:
    """Raise a ValueError for the first start, or end of a bound, at which a cell refuses what the loss gives it.

    starts: of each fit its point and its free values, both arrays; the ends are looked at for the first. Checks that
    wait for a loop are not made.
    """
    names, points = [], []
    for i, (point, begun) in enumerate(starts):
        for words, free in _reached(trainable, begun) if i == 0 else [("", begun)]:
            names.append((f"fit {i}: " if len(starts) > 1 else "", words))
            points.append(jax.tree.map(np.asarray, (point, free)))
    passed = not_refused(lambda at: objective(*at), points)
    for (which, words), at, good in zip(names, points, passed, strict=True):
        if good:
            continue
        try:
            checks_of(objective)(*at)
        except ValueError as error:
            raise ValueError(f"{which}{error}{words}") from error
        except Exception:  # the fit itself says that better
            return


def _reached(trainable: Trainable, free: Values) -> Iterator[tuple[str, Values]]:
    """The free values to begin with, and those with one parameter at an end of its bound."""
    yield "", free
    for path, bound in trainable.bounds.items():
        for end in bound.ends:
            at_end = bound.to_free(jnp.full_like(free[path], end))
            yield f" (the bound of {path} lets it reach {end:g}: narrow it)", {**free, path: at_end}
