"""Spikes per event against a plain loop over the record."""

import numpy as np
import pytest

from jaxsnn.readouts import Events

from .replay import BLOCKS, WINDOWS, close, metered, shown


def by_hand(count, arrived, first, last):
    """Spikes of each whole event that begins in the window."""
    in_flight, events = 0, []
    for n, (sent, back) in enumerate(zip(count, arrived, strict=True)):
        if first <= n < last:
            if sent and in_flight == 0:
                events.append(0)
            if events:
                events[-1] += sent
        in_flight += sent - back
    return events[:-1]


def volleys(counts, delay):
    """A record in which each spike arrives `delay` steps after it was sent."""
    counts = np.asarray(counts, np.float32)
    arrived = np.concatenate([np.zeros(delay - 1, np.float32), counts])[: len(counts)]
    return {"count": counts, "arrived": arrived}


@pytest.mark.parametrize("block", BLOCKS)
def test_events_are_those_of_the_record(block):
    for delay in (1, 2, 4):
        record = shown(delay=delay)
        for first, last in WINDOWS:
            state = metered(Events(first=first, last=last), record, block=block)
            events = by_hand(record.count, record.arrived, first, last)
            assert state.events == len(events) > 3
            assert int(state.spikes) == int(sum(events))
            close(state.lambda_emp, np.mean(events) - 1)


def test_spikes_during_the_delay_belong_to_the_event_that_began_it():
    #                        event        event     event ...
    record = volleys([0, 1, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0], delay=3)
    state = metered(Events(), record)
    assert (int(state.events), int(state.spikes)) == (2, 4)
    assert float(state.lambda_emp) == 1


def test_a_spike_in_the_step_after_the_last_arrival_begins_a_new_event():
    record = volleys([1, 0, 0, 1, 0, 1, 0, 0], delay=3)  # arrives at the end of step 2; the one of step 5 is too early
    assert int(metered(Events(), record).starts) == 2


def test_an_event_that_began_before_the_window_is_left_out_with_its_spikes():
    record = volleys([0, 5, 7, 0, 0, 0, 2, 0, 0, 0, 1, 0], delay=3)
    for block in (1, 4):
        state = metered(Events(first=2), record, block=block)
        assert (int(state.events), int(state.spikes)) == (1, 2)


def test_without_two_starts_there_is_no_rate():
    assert np.isnan(metered(Events(), volleys([0, 1, 1, 0, 0], 2)).lambda_emp)


def test_a_hundred_million_spikes_are_counted_without_losing_one():
    counts = np.random.default_rng(8).integers(0, 1001, 200_000).astype(np.float32)
    state = metered(Events(), volleys(counts, 1), block=100)
    last = np.flatnonzero(counts)[-1]
    assert int(state.spikes) == counts[:last].astype(np.int64).sum()
    assert int(state.events) == np.count_nonzero(counts) - 1
