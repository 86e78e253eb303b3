"""Heat maps: cells where the numbers belong."""

import numpy as np
import pytest

from jaxsnn.plotting import add_bar, cell_edges, contour, figure, heatmap, ridge

X, Y = np.array([0.1, 1.0, 10.0]), np.array([1.0, 2.0, 4.0, 8.0])
VALUES = np.arange(1.0, 13.0).reshape(4, 3)


def test_edges_lie_half_way_in_the_logarithm():
    np.testing.assert_allclose(cell_edges([1.0, 100.0], log=True), [0.1, 10.0, 1000.0])
    np.testing.assert_allclose(cell_edges([0.0, 1.0, 3.0], log=False), [-0.5, 0.5, 2.0, 4.0])
    np.testing.assert_allclose(cell_edges([4.0], log=True), [4 / 2**0.5, 4 * 2**0.5])
    np.testing.assert_allclose(cell_edges([4.0], log=False), [3.5, 4.5])


@pytest.mark.parametrize("log", ["", "x", "y", "xy"])
def test_every_grid_point_lies_in_the_cell_of_its_value(log):
    _, ax = figure()
    mesh = heatmap(ax, X, Y, VALUES, label="error", log=log, bar=False)
    corners = mesh.get_coordinates()
    for row, y in enumerate(Y):
        for column, x in enumerate(X):
            low, high = corners[row, column], corners[row + 1, column + 1]
            assert low[0] < x < high[0]
            assert low[1] < y < high[1]
    np.testing.assert_array_equal(np.asarray(mesh.get_array()), VALUES)
    assert (ax.get_xscale(), ax.get_yscale()) == tuple("log" if name in log else "linear" for name in "xy")


def test_missing_values_are_left_to_the_hatching_and_do_not_set_the_scale():
    _, ax = figure()
    values = VALUES.copy()
    values[0, 0], values[1, 1] = np.nan, -1.0
    mesh = heatmap(ax, X, Y, values, label="error", log_values=True, bar=False)
    assert mesh.get_array().mask.sum() == 2
    assert mesh.get_clim() == (2.0, 12.0)
    assert ax.patch.get_hatch()


def test_the_colour_bar_names_quantity_and_unit():
    fig, ax = figure()
    heatmap(ax, X, Y, VALUES, label="readout error", unit="1/N", log_values=True)
    assert fig.axes[1].get_ylabel() == "readout error (1/N)"


def test_theory_and_measurement_lie_on_one_map():
    fig, axes = figure("double", columns=2)
    for ax in axes:
        mesh = heatmap(ax, X, Y, VALUES, label="error", bar=False, limits=(0, 20))
        contour(ax, X, Y, VALUES, [3, 6], label="T4")
        ridge(ax, X, [1.5, 2.5, 5.0], label="optimum of T4")
        ridge(ax, X, [1.5, 2.5, 5.0], [0.1, 0.2, 0.3], measured=True, meaning="optimum", label="measured")
        assert ax.get_legend_handles_labels()[1] == ["T4", "optimum of T4", "measured"]
    add_bar(axes, mesh, "error")
    fig.canvas.draw()
    assert len(fig.axes) == 3


@pytest.mark.parametrize(
    ("x", "values", "words"),
    [
        ([0.0, 1.0, 2.0], VALUES, "points above zero"),
        ([1.0, 1.0, 2.0], VALUES, "strictly increasing"),
        (list(X), [[1.0, 2.0, 3.0]], "transpose"),
        (list(X), np.full((4, 3), np.nan), "nothing to draw"),
    ],
)
def test_a_map_that_cannot_be_drawn_is_refused(x, values, words):
    _, ax = figure()
    with pytest.raises(ValueError, match=words):
        heatmap(ax, x, list(Y), values if isinstance(values, list) else values.tolist(), label="error")
