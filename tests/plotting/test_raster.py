"""Rasters: runs of one neuron, dense records, what is drawn where."""

import numpy as np
import pytest

from jaxsnn.plotting import MEANING, figure, raster, run_lengths, spike_times


def test_each_spike_knows_the_length_of_its_run():
    np.testing.assert_array_equal(run_lengths([3, 3, 3, 1, 3, 3, 0]), [3, 3, 3, 1, 2, 2, 1])
    assert run_lengths([0, 0]).tolist() == [2, 2]
    assert run_lengths([]).size == 0


def test_a_dense_record_gives_times_in_order_and_counts_repeat():
    spikes = np.zeros((4, 3))
    spikes[1, 2], spikes[1, 0], spikes[3, 1] = 1, 1, 2
    times, neurons = spike_times(spikes, dt=0.5, start=10)
    np.testing.assert_allclose(times, [10.5, 10.5, 11.5, 11.5])
    np.testing.assert_array_equal(neurons, [0, 2, 1, 1])


def ticks(ax, colour):
    from matplotlib.colors import to_rgba

    found = [c for c in ax.collections if np.allclose(c.get_colors()[0], to_rgba(colour)) and len(c.get_segments())]
    return sorted(tuple(segment.mean(axis=0)) for c in found for segment in c.get_segments())


def test_long_runs_are_coloured_and_the_rest_is_not():
    _, ax = figure()
    raster(ax, [5.0, 1.0, 2.0, 3.0, 4.0], [1, 0, 0, 0, 1], size=2, runs=3)  # not in order: sorted first
    assert ticks(ax, MEANING["optimum"]) == [(1, 0), (2, 0), (3, 0)]
    assert ticks(ax, MEANING["ink"]) == [(4, 1), (5, 1)]


def test_without_runs_every_spike_is_plain():
    _, ax = figure()
    raster(ax, [1.0, 2.0, 3.0], [0, 0, 0], size=2)
    assert len(ticks(ax, MEANING["ink"])) == 3
    assert not ticks(ax, MEANING["optimum"])


def test_a_silent_network_is_an_empty_raster():
    fig, ax = figure()
    raster(ax, [], [], size=8, runs=3, unit="ms")
    fig.canvas.draw()
    assert ax.get_xlabel() == "time (ms)"
    assert ax.get_ylim()[0] < 0 < 7 < ax.get_ylim()[1]


def test_many_spikes_are_stored_as_a_picture():
    _, ax = figure()
    raster(ax, np.arange(20_001.0), np.zeros(20_001, int), size=1)
    assert all(c.get_rasterized() for c in ax.collections)


def test_a_neuron_outside_the_population_is_refused():
    _, ax = figure()
    with pytest.raises(ValueError, match="in \\[0, 3\\]"):
        raster(ax, [1.0], [4], size=4)
