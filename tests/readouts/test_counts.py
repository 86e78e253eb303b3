"""Counts and rates are exact however long the run is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Span
from jaxsnn.readouts import Rate, Seen, SpikeCount

from .replay import BLOCKS, DT, WINDOWS, close, metered, shown


@pytest.mark.parametrize("block", BLOCKS)
def test_count_and_rate_are_those_of_the_record(block):
    record = shown()
    for first, last in WINDOWS:
        kept = record.spikes[first:last].sum(0)
        count = metered(SpikeCount("output.spikes", shape=5, first=first, last=last), record, block=block)
        rate = metered(Rate("output.count", first=first, last=last), record, block=block)
        np.testing.assert_array_equal(count.count, kept)
        close(rate.rate, kept.sum() / ((last - first) * DT))
        close(rate.time, (last - first) * DT)


@pytest.mark.parametrize("block", [1, 100])
def test_a_hundred_million_spikes_are_counted_without_losing_one(block):
    counts = np.random.default_rng(0).integers(0, 1001, 200_000 + 1).astype(np.float32)
    total = metered(SpikeCount("output"), counts, block=block).total
    assert int(total.high) + int(total.low) == counts.astype(np.int64).sum() > 9e7


def test_the_gradient_of_a_rate_reaches_every_spike():
    meter = Rate("output", first=2)
    span = Span(jnp.int32(0), jnp.float32(0.5), (), 6)
    rate = lambda xs: meter.unroll(meter.init(jax.random.key(0)), Seen(None, xs), span)[0].rate
    close(jax.jit(jax.grad(rate))(jnp.ones(6)), [0, 0, 0.5, 0.5, 0.5, 0.5])
