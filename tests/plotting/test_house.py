"""The house style: reproducible files, no global state, fixed meanings."""

import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from jaxsnn.plotting import MEANING, SERIES, figure, letter, line, log_axis, ordered, points, save, series, style

X = np.geomspace(0.1, 10, 5)
DATA = {"x": X, "y": X**2}


def drawn(width="single"):
    fig, ax = figure(width)
    points(ax, X, X**2, 0.1 * X, label="simulation")
    line(ax, X, X**2, label="theory")
    log_axis(ax, "xy")
    with style():
        ax.set_xlabel(r"noise $\sigma$")
        ax.legend()
    return fig


def test_a_figure_is_saved_with_its_numbers_and_the_same_bytes_twice(tmp_path):
    first, second = save(drawn(), tmp_path / "a", "f", DATA), save(drawn(), tmp_path / "b", "f", DATA)
    assert list(first) == ["pdf", "png", "csv"]
    for kind, path in first.items():
        assert path.name == f"f.{kind}"
        assert path.read_bytes() == second[kind].read_bytes()
    assert b"CreationDate" not in first["pdf"].read_bytes()


def test_a_figure_has_the_width_of_its_column(tmp_path):
    for width, inches in (("single", 3.5), ("double", 7.2)):
        with Image.open(save(drawn(width), tmp_path, width, DATA)["png"]) as picture:
            assert picture.size[0] == round(300 * inches)


def test_a_figure_does_not_depend_on_the_settings_around_it(tmp_path):
    plain = save(drawn(), tmp_path / "plain", "f", DATA)["png"].read_bytes()
    with matplotlib.rc_context({"font.size": 20.0, "axes.linewidth": 5.0, "lines.linewidth": 9.0}):
        odd = save(drawn(), tmp_path / "odd", "f", DATA)["png"].read_bytes()
        assert matplotlib.rcParams["font.size"] == 20.0  # and gives the settings back as they were
    assert odd == plain


def test_drawing_leaves_no_trace_in_pyplot(tmp_path):
    code = (
        "import sys, jaxsnn.plotting as p; fig, ax = p.figure(); p.points(ax, [1, 2], [1, 2]);"
        f"p.save(fig, {str(tmp_path)!r}, 'f', {{'x': [1, 2]}}); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_each_meaning_and_each_group_has_a_colour_of_its_own():
    parts = [
        MEANING[name] for name in ("theory", "estimate", "simulation", "optimum", "noise", "synchrony", "baseline")
    ]
    assert len(set(parts)) == len(parts)
    assert len(set(SERIES)) == len(SERIES)
    assert len({tuple(series(i).values()) for i in range(6)}) == 6


def test_an_ordered_parameter_goes_from_dark_to_light():
    light = [np.dot([0.299, 0.587, 0.114], to_rgb(colour)) for colour in ordered(5)]
    assert all(np.diff(light) > 0)


def test_a_log_axis_has_plain_numbers():
    fig, ax = figure()
    ax.set_xlim(0.05, 40)
    ax.set_ylim(0.3, 2)
    log_axis(ax, "xy")
    fig.canvas.draw()
    assert [t.get_text() for t in ax.get_xticklabels() if 0.05 <= t.get_position()[0] <= 40] == ["0.1", "1", "10"]
    assert [t.get_text() for t in ax.get_yticklabels() if 0.3 <= t.get_position()[1] <= 2] == ["0.5", "1", "2"]


def test_panels_are_lettered_in_reading_order():
    _, axes = figure("double", rows=2, columns=2)
    letter(axes)
    assert [ax.texts[0].get_text() for ax in axes.flat] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("options", "words"), [({"width": "huge"}, "single, middle, double"), ({"rows": 0}, "at least 1 panel")]
)
def test_a_figure_that_cannot_be_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        figure(**options)
