"""Spike counts in bins of equal length that follow one another from the first step of a window on."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ..core import Span


def binned(
    spikes: Float[Array, "time ..."],
    unfinished: Float[Array, "..."],
    bin_steps: int,
    first: Int[Array, ""],
    last: Int[Array, ""],
    span: Span,
) -> tuple[Float[Array, "bin ..."], Bool[Array, " bin"], Float[Array, "..."]]:
    """The counts of the bins that a block touches, which of them are whole, and the spikes of the one under way.

    spikes: of the block, zero outside the window first <= step < last. unfinished: spikes so far in the bin that is
    under way as the block begins. A bin that the window cuts short is never whole.
    """
    so_far = jnp.concatenate([jnp.zeros_like(spikes[:1]), jnp.cumsum(spikes, axis=0)])
    since = span.start - first
    number, phase = since // bin_steps, since % bin_steps  # of the bin under way at the block's start
    bins = (span.steps + bin_steps - 1) // bin_steps + 1  # bins that a block can touch
    edges = jnp.arange(bins + 1, dtype=jnp.int32) * bin_steps - phase
    at_edges = so_far[jnp.clip(edges, 0, span.steps)]
    counts = (at_edges[1:] - at_edges[:-1]).at[0].add(unfinished)
    numbers = number + jnp.arange(bins, dtype=jnp.int32)
    whole = (edges[1:] <= span.steps) & (numbers >= 0) & (span.start + edges[1:] <= last)
    return counts, whole, counts[(phase + span.steps) // bin_steps]
