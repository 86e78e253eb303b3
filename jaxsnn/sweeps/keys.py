"""Random keys of a sweep: a function of the seed and of what the noise depends on, never of a point's place.

    common       fold_in(fold_in(key, hash of plan.noise), seed)          the default: points share their noise
    independent  fold_in(fold_in(common, hash), more of the hash of the point's coordinates)
                                                                         every point has a stream of its own

The hash is the first four bytes of the SHA-256 of the canonical JSON, and for points the four bytes after them too: of
a hundred thousand points, two would share four. So a point that is run alone, in another grid or on another machine
gets the key it had. Independent keys are `paired`: noise that nobody shares is drawn faster.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from ..core import paired
from ..engine import Plan
from .spec import digest


def _word(value: Any) -> np.uint32:
    return _words(value)[0]


def _words(value: Any) -> tuple[np.uint32, np.uint32]:
    found = digest(value)
    return np.uint32(int(found[:8], 16)), np.uint32(int(found[8:16], 16))


def _own(common: Array, words: Any) -> Array:
    return jax.random.fold_in(jax.random.fold_in(common, words[0]), words[1])


def point_key(key: Array, plan: Plan, point: Mapping[str, Any], seed: int, independent: bool = False) -> Array:
    """The key of one network.

    key: the sweep's key. plan: what the study's `prepare` made of the point. point: its coordinates, constants
    included. independent: as in the sweep.
    """
    common = jax.random.fold_in(jax.random.fold_in(key, _word(plan.noise)), np.uint32(seed))
    return paired(_own(common, _words(point))) if independent else common


def chunk_keys(
    key: Array, plans: Sequence[Plan], points: Sequence[Mapping[str, Any]], seeds: Sequence[int], independent: bool
) -> Array:
    """Keys of a chunk: [seed] when its points share their noise, [point, seed] when they are independent."""
    fold = jax.vmap(jax.random.fold_in, (None, 0))
    each_seed = np.asarray(seeds, np.uint32)
    if not independent:
        return fold(jax.random.fold_in(key, _word(plans[0].noise)), each_seed)
    bases = jax.vmap(jax.random.fold_in, (None, 0))(key, np.asarray([_word(plan.noise) for plan in plans], np.uint32))
    common = jax.vmap(fold, (0, None))(bases, each_seed)
    own = np.asarray([_words(point) for point in points], np.uint32)
    return paired(jax.vmap(jax.vmap(_own, (0, None)), (0, 0))(common, own))
