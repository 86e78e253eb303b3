"""Mini-batches by number: the batch of step n is a function of (key, n) alone.

Every epoch is a permutation of the samples, drawn from the key and the epoch. So a fit that was stopped in the middle
of an epoch goes on with the very batch that was next.
"""

from functools import lru_cache
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, PyTree

from ..core import check_key, require


class Batches:
    """batches(step) -> the samples of that step; arrays [sample, ...] of one leading length.

    size: samples in a batch; what does not fill the last batch of an epoch waits for another epoch.
    """

    def __init__(self, arrays: PyTree, size: Any, *, key: Array):
        self.arrays = jax.tree.map(np.asarray, arrays)
        for path, leaf in jax.tree_util.tree_flatten_with_path(self.arrays)[0]:
            name = "arrays" + jax.tree_util.keystr(path)
            require(leaf.dtype.kind in "iufb", name, leaf, "must be an array of numbers", "encode labels as integers")
        check_key("key", key)
        lengths: set[Any] = {leaf.shape[0] if leaf.ndim else None for leaf in jax.tree.leaves(self.arrays)}
        if len(lengths) != 1 or None in lengths:
            raise ValueError(
                f"arrays have leading lengths {sorted(map(str, lengths))}: must be one number of samples; put "
                "samples first"
            )
        self.samples = lengths.pop()
        whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
        if not whole or not 1 <= size <= self.samples:
            raise ValueError(
                f"size = {size!r}: must be an integer from 1 to the number of samples, {self.samples}; pass another"
            )
        self.size = int(size)
        self.each_epoch = self.samples // self.size
        self._order = lru_cache(maxsize=2)(lambda epoch: _permutation(key, epoch, self.samples))

    def epoch(self, step: int) -> int:
        return step // self.each_epoch

    def __call__(self, step: int) -> Any:
        epoch, place = divmod(step, self.each_epoch)
        chosen = self._order(epoch)[place * self.size : (place + 1) * self.size]
        return jax.tree.map(lambda array: array[chosen], self.arrays)


def _permutation(key: Array, epoch: int, samples: int) -> np.ndarray:
    return np.asarray(jax.random.permutation(jax.random.fold_in(key, epoch), samples))
