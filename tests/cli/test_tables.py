"""Results as CSV: which columns, in which order, how a number is written."""

import jax
import jax.numpy as jnp
import pytest

from jaxsnn.reproduction import table_columns, table_text
from jaxsnn.sweeps import Grid, Study, sweep


def run(point, key):
    del key
    x = point["x"]
    return {"third": x / 3.0, "odd": jnp.where(x > 2.0, jnp.nan, -0.0 * x), "many": jnp.ones(3), "n": jnp.int32(7)}


@pytest.fixture(scope="module")
def data():
    grid = Grid.zip(x=[3.0, 1.0, 2.0], side=["b", "a", "b"]) * Grid(seed=[4, 2])
    study = Study("thirds", 1, run, constants={"rate": None, "length": 2.5}, undefined=("odd",))
    return sweep(study, grid, key=jax.random.key(0))


def test_zipped_axes_have_a_column_each_and_rows_are_sorted_by_them(data):
    assert table_columns(data) == ["x", "side", "seed", "n", "odd", "third"]
    lines = table_text(data, table_columns(data)).splitlines()
    assert lines[:4] == [
        "x,side,seed,n,odd,third",
        "1,a,2,7,0,0.333333343",
        "1,a,4,7,0,0.333333343",
        "2,b,2,7,0,0.666666687",
    ]
    assert lines[5] == "3,b,2,7,,1"  # NaN is an empty field
    by_side = table_text(data, ["side", "x", "seed"]).splitlines()
    assert by_side[1:] == ["a,1,2", "a,1,4", "b,2,2", "b,2,4", "b,3,2", "b,3,4"]


def test_declared_columns_come_in_their_order_and_no_axis_is_lost(data):
    assert table_columns(data, ("third",)) == ["x", "side", "seed", "third"]
    assert table_columns(data, ("side", "seed", "third")) == ["side", "x", "seed", "third"]
    columns = table_columns(data, ("length", "x", "side", "seed", "rate"))
    assert table_text(data, columns).splitlines()[:2] == ["length,x,side,seed,rate", "2.5,1,a,2,"]
    with pytest.raises(ValueError, match="declares a column 'fourth'; the sweep has .*third"):
        table_columns(data, ("fourth",))
