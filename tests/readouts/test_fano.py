"""Fano factor of binned counts against numpy."""

import numpy as np
import pytest

from jaxsnn.readouts import Fano

from .replay import WINDOWS, close, metered, shown


def fano(spikes, first, last, bin_steps):
    bins = (min(last, len(spikes)) - first) // bin_steps
    counts = spikes[first : first + bins * bin_steps].astype(float).reshape(bins, bin_steps, -1).sum(1)
    with np.errstate(invalid="ignore"):
        return counts.var(0) / counts.mean(0), bins


@pytest.mark.parametrize(("bin_steps", "block"), [(1, 20), (10, 1), (10, 7), (37, 20), (37, 180)])
def test_fano_factor_is_that_of_the_binned_record(block, bin_steps):
    record = shown()
    for first, last in [*WINDOWS, (21, 10_000)]:
        state = metered(Fano("output.spikes", bin_steps, shape=5, first=first, last=last), record, block=block)
        expected, bins = fano(record.spikes, first, last, bin_steps)
        assert state.bins == bins
        close(state.fano, expected, rtol=1e-4)


def test_a_clock_has_fano_factor_zero_and_a_poisson_process_one():
    clock = np.zeros(20_000, np.float32)
    clock[::8] = 1
    assert float(metered(Fano("output", 40), clock, block=1000).fano) == 0
    counts = np.random.default_rng(5).poisson(0.1, 20_000).astype(np.float32)
    state = metered(Fano("output", 40), counts, block=1000)
    assert float(state.fano) == pytest.approx(1, abs=4 * np.sqrt(2 / float(state.bins)))


def test_no_whole_bin_or_no_spike_gives_nan():
    meter = lambda first: Fano("output.spikes", 37, shape=5, first=first)
    assert np.isnan(metered(meter(150), shown(), block=180).fano[4])
    assert np.isnan(metered(meter(0), shown(), block=180).fano[0])
