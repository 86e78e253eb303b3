"""Curves: points for simulation, lines for theory, families of U shapes."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from jaxsnn.plotting import MEANING, band, figure, line, points, u_curves

X = np.geomspace(0.1, 10, 7)


def test_simulation_is_points_with_bars_and_theory_a_line():
    _, ax = figure()
    points(ax, X, X, 0.1 * X, label="simulation")
    line(ax, X, X, label="theory")
    marks, theory = ax.lines
    assert (marks.get_linestyle(), marks.get_marker()) == ("None", "o")
    assert (theory.get_linestyle(), theory.get_marker()) == ("-", "None")
    assert to_hex(theory.get_color()).upper() == MEANING["theory"]
    bars = ax.collections[0].get_segments()
    np.testing.assert_allclose([b[:, 1] for b in bars], np.stack([0.9 * X, 1.1 * X], axis=-1))


def test_bars_may_be_uneven():
    _, ax = figure()
    points(ax, X, X, np.stack([0.1 * X, 0.3 * X]))
    np.testing.assert_allclose(ax.collections[0].get_segments()[0][:, 1], [0.09, 0.13])


def test_a_band_reaches_from_a_number_to_a_curve():
    _, ax = figure()
    band(ax, X, 0, X)
    assert tuple(ax.collections[0].get_datalim(ax.transData).intervaly) == pytest.approx((0, 10))


def test_a_family_of_curves_is_in_order_with_its_minima_last():
    fig, ax = figure()
    error = np.stack([1 + X, 2 / X + X, 8 / X + X])
    error[1, 0] = np.nan
    u_curves(
        ax,
        X,
        error,
        0.05 * error,
        labels=["0", "0.1", "0.4"],
        theory=(X, error),
        minima=([np.nan, 1.4, 2.8], [np.nan, 2.8, 5.6]),
        title="delay",
    )
    fig.canvas.draw()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "0.1", "0.4", "minimum"]
    assert ax.get_legend().get_title().get_text() == "delay"
    assert ax.get_xscale() == "log"
    drawn = {entry.get_label(): len(entry.lines[0].get_xdata()) for entry in ax.containers}
    assert drawn == {"0": 7, "0.1": 6, "0.4": 7}  # the value that is missing is left out


def test_curves_the_wrong_way_round_are_refused():
    _, ax = figure()
    with pytest.raises(ValueError, match="transpose"):
        u_curves(ax, list(X), np.ones((7, 2)), labels=["a", "b"])


def test_a_meaning_without_a_colour_is_refused():
    _, ax = figure()
    with pytest.raises(ValueError, match="theory, estimate"):
        line(ax, X, X, meaning="truth")
