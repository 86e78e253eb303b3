"""Correlation of spike counts between neurons, in bins of equal length.

    C_ij = mean over bins of (n_i - <n_i>)(n_j - <n_j>)         r_ij = C_ij / sqrt(C_ii C_jj)

Bins follow one another from the first step of the window on; one that the window or the run cuts short does not count.
A block of bins is centred on its own mean and merged (Chan, Golub & LeVeque 1979), so that nothing cancels:

    M = M_a + M_b + delta delta^T n_a n_b / n           delta = mean_b - mean_a

The matrix has neurons^2 entries: for a large network look at a part of it. A neuron whose count never changes has no
correlation: its row is NaN, and it does not enter the mean over pairs.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..core import Span, Total, check_size
from .accumulate import add, counted, keep, no_total, sum_over_time
from .binning import binned
from .score import Seen
from .window import Meter


class CorrelationState(NamedTuple):
    unfinished: Float[Array, " neuron"]  # spikes so far in the bin that is under way
    bins: Int[Array, ""]  # number of whole bins
    center: Total  # mean count [neuron]
    scatter: Total  # sum of products of deviations [neuron, neuron]

    @property
    def covariance(self) -> Float[Array, "neuron neuron"]:
        """Population covariance of the counts."""
        return self.scatter.value / self.bins.astype(self.scatter.high.dtype)

    @property
    def correlation(self) -> Float[Array, "neuron neuron"]:
        """Pearson's coefficient of each pair."""
        scatter = self.scatter.value
        size = jnp.sqrt(jnp.diagonal(scatter))
        return scatter / (size[:, None] * size[None])

    @property
    def mean_correlation(self) -> Float[Array, ""]:
        """Mean over the pairs of different neurons that have a correlation."""
        pairs = ~jnp.eye(self.unfinished.size, dtype=bool)
        return jnp.nanmean(jnp.where(pairs, self.correlation, jnp.nan))

    @property
    def chi_squared(self) -> Float[Array, ""]:
        """Synchrony of the counts: variance of their mean over neurons, over the mean of their variances."""
        scatter = self.scatter.value
        return jnp.mean(scatter) / jnp.mean(jnp.diagonal(scatter))


class Correlation(Meter):
    """Pairwise correlation of the counts in bins of `bin_steps` steps of the spikes `of` [neuron].

    Results: `state.correlation`, `state.covariance`, `state.mean_correlation`, `state.chi_squared`, `state.bins`.
    """

    bin_steps: int = eqx.field(static=True)
    neurons: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_size("bin_steps", self.bin_steps)
        check_size("neurons", self.neurons)

    def init(self, key: Array) -> CorrelationState:
        del key
        size = (self.neurons,)
        return CorrelationState(jnp.zeros(size), jnp.zeros((), jnp.int32), no_total(size), no_total(2 * size))

    def unroll(self, state: CorrelationState, xs: Seen, span: Span) -> tuple[CorrelationState, tuple]:
        spikes = keep(self.weights(span.indices), self.values(xs, (self.neurons,)))
        counts, whole, unfinished = binned(spikes, state.unfinished, self.bin_steps, self.first, self.last, span)
        weights = whole.astype(spikes.dtype)
        new = counted(weights)
        number, total = jnp.maximum(new, 1).astype(spikes.dtype), state.bins + new
        near = sum_over_time(keep(weights, counts)) / number
        deviations = keep(weights, counts - near[None])
        rest = sum_over_time(deviations) / number  # what rounding left in `near`
        within = jnp.matmul(deviations.T, deviations, precision="highest") - number * rest[:, None] * rest[None]
        share = new.astype(spikes.dtype) / jnp.maximum(total, 1).astype(spikes.dtype)
        delta = (near - state.center.high) - state.center.low + rest
        between = delta[:, None] * delta[None] * (state.bins.astype(spikes.dtype) * share)
        center, scatter = add(state.center, delta * share), add(state.scatter, within + between)
        return CorrelationState(unfinished, total, center, scatter), ()
