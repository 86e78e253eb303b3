"""Fano factor: variance over mean of the spike count in bins of equal length.

Bins follow one another from the first step of the window on; one that the window or the run cuts short does not count.
Variance is the population variance. A Poisson process has Fano factor 1, a clock 0; without spikes it is NaN.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Span, check_size
from .accumulate import Spread, gather, keep, no_spread
from .binning import binned
from .score import Seen
from .window import Meter, shape_of


class FanoState(NamedTuple):
    unfinished: Float[Array, "..."]  # spikes so far in the bin that is under way
    counts: Spread

    @property
    def fano(self) -> Float[Array, "..."]:
        return self.counts.variance / self.counts.mean

    @property
    def bins(self) -> Array:
        """Number of whole bins."""
        return self.counts.count


class Fano(Meter):
    """Fano factor of the counts in bins of `bin_steps` steps, per entry of `of` (shape: of one step)."""

    bin_steps: int = eqx.field(static=True)
    shape: tuple[int, ...] = eqx.field(static=True, default=(), converter=shape_of, kw_only=True)

    def __check_init__(self):
        check_size("bin_steps", self.bin_steps)

    def init(self, key: Array) -> FanoState:
        del key
        return FanoState(jnp.zeros(self.shape), no_spread(self.shape))

    def unroll(self, state: FanoState, xs: Seen, span: Span) -> tuple[FanoState, tuple]:
        spikes = keep(self.weights(span.indices), self.values(xs, self.shape))
        counts, whole, unfinished = binned(spikes, state.unfinished, self.bin_steps, self.first, self.last, span)
        return FanoState(unfinished, gather(state.counts, counts, whole.astype(spikes.dtype))), ()
