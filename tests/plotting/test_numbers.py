"""The numbers behind a figure: nine digits, empty cells for what is missing, columns that fit."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.plotting import write_csv


def written(tmp_path, data):
    return write_csv(tmp_path / "f.csv", data).read_bytes().decode()


def test_floats_have_nine_digits_and_integers_are_whole(tmp_path):
    text = written(
        tmp_path, {"x": [0.1, 1 / 3, 1e-12, 123456789.123], "n": np.arange(4), "name": ["a", "b,c", "d", "e"]}
    )
    assert text == 'x,n,name\n0.1,0,a\n0.333333333,1,"b,c"\n1e-12,2,d\n123456789,3,e\n'


def test_what_is_not_a_number_is_an_empty_cell(tmp_path):
    assert written(tmp_path, {"x": [math.nan, 1.0], "y": [math.inf, -0.5]}) == "x,y\n,inf\n1,-0.5\n"


def test_a_map_is_written_from_its_axes(tmp_path):
    noise, delay = np.array([0.1, 0.2]), np.array([1.0, 2.0, 3.0])
    text = written(tmp_path, {"noise": noise[:, None], "delay": delay, "error": noise[:, None] * delay})
    assert text.splitlines() == [
        "noise,delay,error",
        "0.1,1,0.1",
        "0.1,2,0.2",
        "0.1,3,0.3",
        "0.2,1,0.2",
        "0.2,2,0.4",
        "0.2,3,0.6",
    ]


def test_series_of_different_lengths_stand_below_each_other(tmp_path):
    text = written(tmp_path, {"simulation": {"x": [1.0, 2.0], "se": [0.1, 0.2]}, "theory": {"x": [1.5]}})
    assert text == "series,x,se\nsimulation,1,0.1\nsimulation,2,0.2\ntheory,1.5,\n"


def test_rows_may_lack_what_others_have(tmp_path):
    assert written(tmp_path, [{"a": 1}, {"a": 2.5, "b": None}, {"b": "x"}]) == "a,b\n1,\n2.5,\n,x\n"


def test_arrays_of_any_library_and_single_numbers_are_columns(tmp_path):
    assert written(tmp_path, {"x": jnp.asarray([0.5, 1.5], jnp.float32), "y": 2}) == "x,y\n0.5,2\n1.5,2\n"


def test_the_same_numbers_give_the_same_bytes(tmp_path):
    data = {"x": np.random.default_rng(0).standard_normal(50)}
    assert written(tmp_path, data) == written(tmp_path, data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"x": [1, 2], "y": [1, 2, 3]}, r"x \(2,\), y \(3,\).*series of different lengths"),
        ({"a": {"x": [1]}, "loose": [1]}, "'loose' stands beside"),
        ([{"x": np.arange(3)}], "must be a number"),
    ],
)
def test_columns_that_do_not_fit_are_refused(tmp_path, data, words):
    with pytest.raises(ValueError, match=words):
        write_csv(tmp_path / "f.csv", data)
