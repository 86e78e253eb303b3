"""Rows of the benchmarks: medians, ratios within a turn, and what counts as slower."""

from dataclasses import replace

import pytest

from benchmarks.__main__ import moved
from benchmarks.bars import Bar
from benchmarks.rows import Row, paired, rows, table

SECONDS = {"jaxsnn": [1.0, 2.0, 4.0], "peer": [3.0, 5.0, 8.0]}


def test_a_rate_is_work_over_time_and_a_ratio_is_taken_within_a_turn():
    ours, peer = rows("work", "updates per second", 16.0, SECONDS, "jaxsnn", cores=2, compile_s={"peer": 9.0})
    assert (ours.value, ours.low, ours.high, ours.ratio) == (8.0, 4.0, 16.0, 1.0)
    assert (peer.value, peer.ratio) == (16 / 5, 2.5)  # the median of 3, 2.5 and 2, not 5 over 2
    assert (peer.compile_s, ours.compile_s, peer.cores) == (9.0, None, 2)


def test_a_time_stays_a_time_and_a_peer_that_did_half_is_twice_as_slow():
    _, peer = rows("work", "s", {"jaxsnn": 1.0, "peer": 0.5}, SECONDS, "jaxsnn")
    assert peer.value == 10.0
    assert peer.ratio == 5.0


def test_turns_call_everybody_once_and_peers_time_themselves():
    called = []
    calls = {"a": lambda turn: called.append(("a", turn)), "b": lambda turn: {"seconds": 7.0 * turn}}
    seconds = paired(calls, 3)
    assert called == [("a", 1), ("a", 2), ("a", 3)]
    assert seconds["b"] == [7.0, 14.0, 21.0]


def test_rows_survive_being_written():
    row = rows("work", "s", None, SECONDS, "jaxsnn")[1]
    assert Row.from_json({"workload": "sweep", **row.to_json()}) == row
    assert "peer" in table([row])


def test_ours_is_slower_where_a_peers_ratio_falls_or_our_own_rises():
    peer = rows("work", "s", None, SECONDS, "jaxsnn")[1]
    variant = replace(peer, implementation="jaxsnn, variant")
    grown = lambda row, by: [replace(row, ratio=row.ratio * by)]
    assert moved([peer], grown(peer, 0.7))[0]
    assert moved([variant], grown(variant, 1.4))[0]
    assert moved([peer], grown(peer, 1.4)) == ([], [moved([peer], grown(peer, 1.4))[1][0]])
    assert moved([peer], grown(peer, 0.8)) == ([], [])
    assert moved([], [peer]) == ([], [])


@pytest.mark.parametrize(
    ("number", "verdict"), [(3.0, "met, stretch too"), (1.5, "met"), (1.0, "**not met**"), (None, "not measured")]
)
def test_a_bar_is_met_or_not_or_not_measured(number, verdict):
    assert Bar("x", lambda found: number, least=1.2, stretch=2).line({}).endswith(f"| {verdict} |")
