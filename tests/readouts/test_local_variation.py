"""CV2 and LV of a stream against numpy on the spike times."""

import numpy as np
import pytest

from jaxsnn.readouts import Intervals, LocalVariation

from .replay import BLOCKS, WINDOWS, close, metered, shown


def contrasts(train, first, last):
    """|I' - I| / (I' + I) of each pair of intervals in a row."""
    steps = np.flatnonzero(train[first:last])
    intervals = np.diff(steps).astype(float)
    return np.abs(np.diff(intervals)) / (intervals[1:] + intervals[:-1])


@pytest.mark.parametrize("block", BLOCKS)
def test_local_variation_is_that_of_the_spike_times(block):
    record = shown()
    for first, last in WINDOWS:
        state = metered(LocalVariation("output.spikes", shape=5, first=first, last=last), record, block=block)
        found = [contrasts(train, first, last) for train in record.spikes.T]
        np.testing.assert_array_equal(state.count, [c.size for c in found])
        some = [c for c in found if c.size]
        assert len(some) == 3, "the record has a silent neuron and one with a single spike"
        close(state.cv2, [np.nan] * 2 + [2 * c.mean() for c in some])
        close(state.lv, [np.nan] * 2 + [3 * np.mean(c**2) for c in some])


def test_a_clock_has_no_local_variation_and_a_poisson_process_has_one():
    steps = 200_000
    clock = np.zeros(steps, np.float32)
    clock[::50] = 1
    state = metered(LocalVariation("output"), clock, block=1000)
    assert (float(state.cv2), float(state.lv)) == (0, 0)
    poisson = (np.random.default_rng(4).random(steps) < 0.01).astype(np.float32)
    state = metered(LocalVariation("output"), poisson, block=1000)
    # the contrast of two exponential intervals is uniform on [0, 1]; neighbouring pairs share one interval
    allowed = 5 / np.sqrt(float(state.count))
    assert float(state.cv2) == pytest.approx(1, abs=2 * allowed * np.sqrt(1 / 12) + 0.005)  # steps are a hundredth
    assert float(state.lv) == pytest.approx(1, abs=3 * allowed * np.sqrt(4 / 45) + 0.015)


def test_a_slow_change_of_the_rate_is_irregular_for_cv_and_regular_for_cv2():
    steps = np.round(20_000 * np.linspace(0, 1, 400) ** 2).astype(int)  # intervals that grow steadily
    train = np.zeros(20_001, np.float32)
    train[np.unique(steps)] = 1
    assert float(metered(Intervals("output"), train, block=500).cv) > 0.5
    assert float(metered(LocalVariation("output"), train, block=500).cv2) < 0.05


def test_spikes_in_one_step_count_as_one():
    once, thrice = np.zeros((2, 40), np.float32)
    once[[3, 10, 25]] = 1
    thrice[[3, 10, 25]] = [1, 3, 2]
    one, other = (metered(LocalVariation("output"), train, block=40) for train in (once, thrice))
    assert one.count == other.count == 1
    close(one.cv2, 2 * 8 / 22)
    close(other.cv2, 2 * 8 / 22)
