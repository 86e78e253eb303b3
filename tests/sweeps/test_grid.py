"""How people write grids, and what they are told when it cannot be read."""

import json

import hypothesis
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies as st

from jaxsnn.sweeps import Grid, geometric, linear


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("0.1:10:3:log", (0.1, 1.0, 10.0)),
        ("0:2:5", (0.0, 0.5, 1.0, 1.5, 2.0)),
        (" 0 : 2 : 5 : lin ", (0.0, 0.5, 1.0, 1.5, 2.0)),
        ("16:1024:4:log", (16, 64, 256, 1024)),
        ("2:0:3", (2, 1, 0)),
        ("-100:-1:3:log", (-100, -10, -1)),
        ("3:3:1", (3,)),
        ("0,0.1,0.4", (0.0, 0.1, 0.4)),
        ("1, 2, 4", (1, 2, 4)),
        ("1e-3", (0.001,)),
        ("instant,delayed", ("instant", "delayed")),
        ("instant", ("instant",)),
        ([0, 0.1], (0.0, 0.1)),
        ((8, 16), (8, 16)),
        (range(3), (0, 1, 2)),
        (np.array([1.5, 2.5]), (1.5, 2.5)),
        (np.float32(0.5), (0.5,)),
        (jnp.arange(2), (0, 1)),
        ([np.int64(3), jnp.float32(0.25)], (3.0, 0.25)),
        (-0.0, (0.0,)),
        (7, (7,)),
        (True, (True,)),
    ],
)
def test_every_form_of_an_axis_is_read(form, expected):
    values = tuple(point["x"] for point in Grid(x=form).points())
    assert values == expected
    assert [type(v) for v in values] == [type(v) for v in expected]
    assert all("-" not in str(v) for v in values if v == 0)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ([], "empty axis"),
        ("", "empty entry"),
        ("1,,2", "empty entry"),
        ([0.1, float("nan")], "must be finite"),
        ("0.1,nan", "must be finite"),
        (float("inf"), "must be finite"),
        ([1, 1.0], "appears more than once"),
        ("0.1,0.2,0.1", "0.1 appears more than once"),
        ("0:1:-3", "count must be an integer of at least 1"),
        ("0:1:0", "count must be an integer of at least 1"),
        ("0:1:2.5", "count must be an integer of at least 1"),
        ("0:1:1", "one value cannot have two ends"),
        ("0:1:5:log", "cannot touch or cross zero; use a linear one"),
        ("-1:1:5:log", "cannot touch or cross zero"),
        ("0:inf:3", "ends must be finite"),
        ("0:1", "not a range; write a range"),
        ("0:1:3:cubic", "not a range"),
        ("a:1:3", "not a number"),
        ("1,fast", "mixes numbers and names"),
        ([1, "fast"], "one axis holds numbers, names or booleans"),
        ([True, 2], "one axis holds numbers, names or booleans"),
        (None, "unknown form"),
        ({"a": 1}, "unknown form"),
        (np.zeros((2, 2)), "one-dimensional"),
        ([[1, 2], [3, 4]], "one axis holds numbers"),
        (1j, "unknown form"),
    ],
)
def test_an_axis_that_cannot_be_read_is_refused_by_name(form, said):
    with pytest.raises(ValueError, match=said) as error:
        Grid(noise=form)
    assert "noise" in str(error.value)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (3, (0, 1, 2)),
        ("2", (0, 1)),
        ([3], (3,)),
        ([5, 2], (5, 2)),
        (jnp.array([5]), (5,)),
        ("4,7", (4, 7)),
        (None, (0,)),
    ],
)
def test_seeds_are_a_number_or_a_list(form, expected):
    assert Grid(x=1, seed=form).seeds == expected


@pytest.mark.parametrize("form", [0, -2, [1, 1], [-1], [0.5], 1.5, "a", True, [2**32], []])
def test_seeds_that_are_not_distinct_whole_numbers_are_refused(form):
    with pytest.raises(ValueError, match="seed"):
        Grid(x=1, seed=form)


def test_a_product_runs_through_all_combinations_last_axis_fastest():
    grid = Grid(a=[1, 2], b="x,y", seed=4)
    assert grid.points() == [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}]
    assert (grid.dims, grid.shape, grid.networks) == (("a", "b"), (2, 2), 16)
    assert grid == Grid(a=[1, 2]) * Grid(b=["x", "y"]) * Grid(seed=4)


def test_zipped_axes_run_together_and_share_a_dimension():
    grid = Grid.zip(a=[1, 1, 2], b=[0.1, 0.2, 0.2]) * Grid(c=[5, 6])
    assert grid.points()[:3] == [{"a": 1, "b": 0.1, "c": 5}, {"a": 1, "b": 0.1, "c": 6}, {"a": 1, "b": 0.2, "c": 5}]
    assert (grid.dims, grid.shape) == (("a_b", "c"), (3, 2))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Grid.zip(a=[1, 2], b=[1]), "a has 2, b has 1"),
        (lambda: Grid.zip(a=[1, 1], b=[2, 2]), "a and b = .1, 2. appears more than once"),
        (lambda: Grid.zip(a=[1], seed=3), "never zipped"),
        (lambda: Grid.zip(), "no axes"),
        (lambda: Grid(a=1) * Grid(a=2), "'a' appears twice"),
        (lambda: Grid(a_b=1) * Grid.zip(a=[1], b=[2]), "'a_b' appears twice"),
        (lambda: Grid(a=1, seed=2) * Grid(b=1, seed=3), "both grids name their seeds"),
    ],
)
def test_grids_that_contradict_themselves_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_a_grid_cannot_be_changed_after_it_was_made():
    grid = Grid(a=[1, 2])
    with pytest.raises(AttributeError, match="immutable"):
        grid.seeds = (1,)


names = st.sampled_from(["noise", "delay", "leak"])
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: float(f"{v:.9g}"))


@hypothesis.given(st.dictionaries(names, st.lists(numbers, min_size=1, max_size=4, unique_by=lambda v: v + 0.0)))
def test_a_grid_survives_its_json(axes):
    grid = Grid(**axes, seed=2)
    back = Grid.from_json(json.loads(json.dumps(grid.to_json())))
    assert back == grid
    assert back.points() == grid.points()
    assert hash(back) == hash(grid)


def test_the_helpers_give_both_ends_exactly():
    assert linear(0.1, 0.7, 4) == [0.1, 0.3, 0.5, 0.7]
    values = geometric(0.05, 40, 24)
    assert (values[0], values[-1], len(values)) == (0.05, 40.0, 24)
    assert np.allclose(np.diff(np.log(values)), np.log(800) / 23, rtol=1e-9)
    assert values == [point["x"] for point in Grid(x="0.05:40:24:log").points()]
