"""What is measured of all membranes together: synchrony, the packet, and which neuron fires."""

import itertools

import numpy as np
import pytest

from jaxsnn.readouts import Packet, SameNeuron, Synchrony

from .replay import BLOCKS, WINDOWS, close, metered, shown


@pytest.mark.parametrize("block", BLOCKS)
def test_synchrony_is_that_of_the_record(block):
    record = shown()
    for first, last in WINDOWS:
        state = metered(Synchrony(neurons=5, first=first, last=last), record, block=block)
        v = record.v[first:last].astype(float)
        chi_squared = v.mean(1).var() / v.var(0).mean()
        close(state.chi_squared, chi_squared)
        close(state.chi, np.sqrt(chi_squared))


def test_synchrony_runs_from_one_over_n_to_one():
    alone = np.random.default_rng(6).normal(size=(4000, 8)).astype(np.float32)
    together = np.repeat(alone[:, :1], 8, axis=1) + np.arange(8, dtype=np.float32)
    chi_squared = lambda v: float(metered(Synchrony("output", neurons=8), v).chi_squared)
    assert chi_squared(alone) == pytest.approx(1 / 8, abs=4 / 8 * np.sqrt(2 / 4000))
    assert chi_squared(together) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize(("every", "block"), [(1, 180), (3, 1), (3, 7), (50, 20)])
def test_packet_is_that_of_the_sampled_record(block, every):
    record = shown()
    for first, last in WINDOWS:
        state = metered(Packet(every=every, first=first, last=last), record, block=block)
        v = np.array([record.v[n] for n in range(first, last) if n % every == 0], float)
        assert state.count == len(v)
        close(state.mean, v.mean())
        close(state.variance, v.var(1).mean())
        close(state.width, v.std(1).mean())
        close(state.maximum, v.max(1).mean())
        close(state.peak, v.max())


def test_a_packet_of_identical_membranes_has_width_zero():
    state = metered(Packet(), shown()._replace(v=np.full((180, 5), 1.5, np.float32)), block=180)
    assert (float(state.width), float(state.mean), float(state.peak)) == (0, 1.5, 1.5)


# Which neuron ---------------------------------------------------------------------------------------------------------


def repeats(order):
    return sum(a == b for a, b in itertools.pairwise(order))


@pytest.mark.parametrize("block", BLOCKS)
def test_one_spike_a_step_is_counted_plainly(block):
    rng = np.random.default_rng(7)
    who = rng.integers(0, 3, 180)
    spikes = np.eye(3, dtype=np.float32)[who] * (rng.random((180, 1)) < 0.4)
    for first, last in WINDOWS:
        state = metered(SameNeuron("output", neurons=3, first=first, last=last), spikes, block=block)
        order = [who[n] for n in range(first, last) if spikes[n].any()]
        assert float(state.spikes.value) == len(order) - 1
        close(state.fraction, repeats(order) / (len(order) - 1))


@pytest.mark.parametrize("block", [1, 5])
def test_simultaneous_spikes_count_as_the_mean_over_their_orders(block):
    spikes = np.array([[1, 1, 0], [0, 0, 0], [2, 1, 0], [0, 1, 1], [0, 0, 3]], np.float32)
    steps = [np.repeat(np.arange(3), row.astype(int)) for row in spikes]
    orders = [sum(parts, ()) for parts in itertools.product(*(itertools.permutations(s) for s in steps))]
    expected = np.mean([repeats(order) for order in orders]) / (spikes.sum() - 1)
    close(metered(SameNeuron("output", neurons=3), spikes, block=block).fraction, expected)


def test_spikes_of_one_neuron_in_one_step_repeat_for_certain():
    spikes = np.array([[0, 4], [0, 0], [0, 2]], np.float32)
    assert float(metered(SameNeuron("output", neurons=2), spikes).fraction) == 1
    alone = np.array([[0, 0], [0, 1], [0, 0]], np.float32)
    assert np.isnan(metered(SameNeuron("output", neurons=2), alone).fraction)
