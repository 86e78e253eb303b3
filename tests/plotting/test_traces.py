"""Traces: readouts over targets and bands."""

import numpy as np
import pytest

from jaxsnn.plotting import figure, traces

TIME = np.linspace(0, 1, 11)


def lines(ax):
    return {line.get_label(): line.get_ydata() for line in ax.lines}


def test_one_signal_is_drawn_over_its_constant_target():
    _, ax = figure()
    traces(ax, TIME, TIME**2, 0.5, band=0.1, unit="ms")
    np.testing.assert_allclose(lines(ax)["readout"], TIME**2)
    np.testing.assert_allclose(lines(ax)["target"], 0.5)
    low, high = ax.collections[0].get_datalim(ax.transData).intervaly
    assert (low, high) == pytest.approx((0.4, 0.6))
    assert ax.get_xlabel() == "time (ms)"


def test_several_signals_have_a_target_each_and_it_is_named_once_and_last():
    _, ax = figure()
    both = np.stack([np.sin(TIME), np.cos(TIME)], axis=-1)
    traces(ax, TIME, both, both + 0.1, band=(both - 1, both + 1), labels=["x", "y"])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["x", "y", "target"]
    assert len(ax.collections) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"readout": TIME[:-1]}, "10 steps, time 11"),
        ({"band": 0.1}, "has no centre"),
        ({"target": np.zeros(5)}, "first axis"),
        ({"labels": ["a", "b"]}, "2 labels for 1 signals"),
    ],
)
def test_signals_that_do_not_fit_are_refused(options, words):
    _, ax = figure()
    arguments = {"readout": TIME, **options}
    with pytest.raises(ValueError, match=words):
        traces(ax, list(TIME), **{k: list(v) if isinstance(v, np.ndarray) else v for k, v in arguments.items()})
