"""Inter-spike intervals of a stream against numpy on the spike times."""

import numpy as np
import pytest

from jaxsnn.readouts import Intervals

from .replay import BLOCKS, DT, WINDOWS, close, metered, shown


def intervals(spikes, first, last):
    """Per neuron, in time units, float64; k spikes in a step are k - 1 zeros."""
    return [np.diff(np.repeat(np.arange(first, last), s)) * DT for s in spikes[first:last].astype(int).T]


@pytest.mark.parametrize("block", BLOCKS)
def test_intervals_are_those_of_the_spike_times(block):
    record = shown()
    for first, last in WINDOWS:
        meter = Intervals("output.spikes", shape=5, first=first, last=last)
        state = metered(meter, record, block=block)
        found = intervals(record.spikes, first, last)
        some = [d for d in found if d.size]
        assert len(some) == 3, "the record has a silent neuron and one with a single spike"
        nan = [np.nan] * 2
        close(state.mean, nan + [d.mean() for d in some])
        close(state.variance, nan + [d.var() for d in some], rtol=1e-4)
        close(state.cv, nan + [d.std() / d.mean() for d in some], rtol=1e-4)
        np.testing.assert_array_equal(state.count, [d.size for d in found])
        pooled = np.concatenate(found)
        close(state.pooled_mean, pooled.mean())
        close(state.pooled_variance, pooled.var(), rtol=1e-4)
        close(state.pooled_cv, pooled.std() / pooled.mean(), rtol=1e-4)
        close(state.mean_cv, np.mean([d.std() / d.mean() for d in some]), rtol=1e-4)


def test_several_spikes_in_a_step_are_intervals_of_length_zero():
    counts = np.zeros(60, np.float32)
    counts[[4, 10, 11, 30]] = [2, 1, 3, 1]
    (expected,) = intervals(counts[:, None], 0, 60)
    state = metered(Intervals("output"), counts, block=20)
    assert state.count == 6
    close(state.mean, expected.mean())
    close(state.variance, expected.var())


def test_a_clock_has_no_variation_and_a_poisson_process_has_cv_one():
    chance, steps = 0.02, 100_000
    clock = np.zeros(steps, np.float32)
    clock[::50] = 1
    assert float(metered(Intervals("output"), clock, block=1000).cv) == 0
    poisson = (np.random.default_rng(4).random(steps) < chance).astype(np.float32)
    state = metered(Intervals("output"), poisson, block=1000)
    # geometric intervals: CV^2 = 1 - p; the standard error of the CV of n exponential intervals is 1/sqrt(n)
    assert float(state.cv) == pytest.approx(np.sqrt(1 - chance), abs=4 / np.sqrt(float(state.count)))


def test_without_two_spikes_everything_is_nan():
    state = metered(
        Intervals("output.spikes", shape=5), shown()._replace(spikes=np.eye(180, 5, dtype=np.float32)), block=7
    )
    for result in (state.mean, state.cv, state.pooled_mean, state.pooled_cv, state.mean_cv):
        assert np.all(np.isnan(result))
