"""A name that nothing reads is a slip: it is refused, and whatever reads a name in any way is let pass."""

import dataclasses
import json
from collections import ChainMap

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import Plan, Program
from jaxsnn.sweeps import Grid, Study, sweep
from jaxsnn.sweeps.reads import Reads, Seen

KEY = jax.random.key(0)
GRID = Grid(noise=[1.0, 2.0], seed=2)


def run(point, key):
    return {"x": point["noise"] * jax.random.normal(key) + point.get("shift", 0.0)}


def scaled(point):
    return Plan({}, {"noise": point["noise"] * point.get("scale", 1.0)})


def scattered(point, key):
    return {"x": point["noise"] * jax.random.normal(key)}


STUDY = Study("scaled", 1, scattered, scaled, {"duration": 2.0})


@pytest.mark.parametrize(
    ("study", "grid", "constants", "said"),
    [
        (
            run,
            GRID,
            {"shfit": 1.0},
            r"constants\['shfit'\]: nothing in the study reads it \(did you mean 'shift'\?\)",
        ),
        (run, GRID * Grid(delay=[1.0, 2.0]), None, "axis 'delay': nothing.*; it reads noise, shift; drop it; for repe"),
        (
            STUDY,
            GRID,
            {"scael": 1.0},
            r"constants\['scael'\]: nothing.*mean 'scale'\?\), .*; it reads noise, scale",
        ),
        (
            STUDY,
            GRID * Grid(delay=[1.0, 2.0]),
            None,
            "axis 'delay': nothing.*; it reads noise, scale",
        ),
    ],
)
def test_an_axis_or_constant_that_nothing_reads_is_refused_with_the_names_that_are_read(study, grid, constants, said):
    with pytest.raises(ValueError, match=said):
        sweep(study, grid, key=KEY, constants=constants)


@pytest.mark.parametrize(
    ("study", "constants"),
    [
        (run, {"shift": 1.0}),
        (STUDY, {"scale": 2.0}),
        (STUDY, {"duration": 3.0}),  # the study's own: it knows why
        (dataclasses.replace(STUDY, prepare=lambda point: Plan({}, {**point})), {"duration": 3.0}),
    ],
)
def test_what_is_read_is_let_pass(study, constants):
    assert sweep(study, GRID, key=KEY, constants=constants)["x"].shape == (2, 2)


class Short(Program):
    """Its length is all that depends on the axis, and the host alone asks for it."""

    def steps(self, point):
        return int(point["length"])

    def begin(self, point, key):
        return jax.random.normal(key)

    def advance(self, point, key, carry, start, steps):
        return carry + steps

    def finish(self, point, carry):
        return {"x": carry}


def test_a_name_that_only_the_host_reads_is_read():
    found = sweep(Short(), Grid(length=[1, 3], seed=2), key=KEY)
    assert found["x"].shape == (2, 2)


def test_a_choice_that_only_some_points_look_at_is_read():
    def chosen(point, key):
        return {"x": jax.random.normal(key) * (point["gain"] if point["kind"] == "scaled" else 1.0)}

    assert sweep(chosen, Grid(kind=["plain", "scaled"], gain=[1.0, 2.0], seed=2), key=KEY)["x"].shape == (2, 2, 2)


@pytest.mark.parametrize("other", [1.0, "abc", True])
def test_a_single_point_is_as_strict_about_its_names_as_a_grid(other):
    with pytest.raises(ValueError, match=r"axis 'other': nothing.*; it reads noise, shift"):
        sweep(run, Grid(noise=1.0, other=other), key=KEY)


def test_names_that_run_along_with_another_axis_may_be_labels_and_numbers_may_not():
    labelled = Grid.zip(noise=[1.0, 2.0], kind=["low", "high"])
    assert list(sweep(run, labelled, key=KEY)["kind"].values) == ["low", "high"]
    with pytest.raises(ValueError, match="axis 'delay': nothing"):
        sweep(run, Grid.zip(noise=[1.0, 2.0], delay=[1.0, 2.0]), key=KEY)


WAYS = {
    "item": lambda p: p["a"],
    "get": lambda p: p.get("a"),
    "in": lambda p: "a" in p,
    "pop": lambda p: p.pop("a"),
    "setdefault": lambda p: p.setdefault("a", 0),
    "stars": lambda p: {**p},
    "call": lambda p: dict(**p),
    "dict": dict,
    "or": lambda p: p | {"b": 1},
    "ror": lambda p: {"b": 1} | p,
    "copy": lambda p: p.copy(),
    "items": lambda p: list(p.items()),
    "values": lambda p: list(p.values()),
    "keys": lambda p: list(p.keys()),
    "loop": list,
    "reversed": lambda p: list(reversed(p)),
    "equal": lambda p: p == {"a": 1.0},
    "json": json.dumps,
    "format": "{a}".format_map,
    "popitem": lambda p: p.popitem(),
    "chain": lambda p: ChainMap({}, p)["a"],
    "tree": jax.tree.leaves,
    "map": lambda p: jax.tree.map(jnp.asarray, p),
    "update": lambda p: {}.update(p),
    "asarray": lambda p: np.asarray([p[name] for name in p]),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_reading_a_point_is_noticed(way):
    seen = Seen()
    found, wanted = WAYS[way](Reads({"a": 1.0}, seen)), WAYS[way]({"a": 1.0})
    assert seen.all == {"a"}
    assert jax.tree.all(jax.tree.map(np.array_equal, found, wanted))


def test_a_point_that_is_not_looked_at_is_not_read():
    seen = Seen()
    point = Reads({"a": 1.0, "b": 2.0}, seen)
    assert len(point) == 2
    assert point["b"] == 2.0
    assert seen.all == {"b"}


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        (Grid(noise=[1e-46, 1.0]), "noise = 1e-46: is 0 in float32, and must not be; rescale it"),
        (
            Grid(noise=[1.0, 1.0 + 1e-12]),
            r"noise = 1.0 and 1.000000000001: are one number in float32, and must be told",
        ),
        (Grid.zip(noise=[1.0, 1.0 + 1e-12], shift=[2.0, 2.0]), r"noise and shift = \(1.0, 2.0\) and \(1.0000"),
    ],
)
def test_numbers_that_the_device_cannot_hold_or_tell_apart_are_refused(grid, said):
    with pytest.raises(ValueError, match=said):
        sweep(run, grid, key=KEY)


def test_numbers_that_a_study_computes_may_come_out_as_0():
    study = Study("tails", 1, lambda p, key: {"x": p["tail"][-1] + p["one"]}, lambda p: Plan({}, tails(p["noise"])))
    assert np.all(sweep(study, Grid(noise=[100.0, 200.0]), key=KEY)["x"].values == 0)


def tails(width):
    return {"tail": np.exp(-width * np.arange(3.0)), "one": float(np.exp(-2 * width))}


def test_numbers_that_the_host_tells_apart_are_let_pass():
    """A study with a `prepare` of its own may do so in float64: here the axis is an excess over one."""
    study = Study("excess", 1, scattered, lambda point: Plan({}, {"noise": (point["noise"] - 1) * 1e12}))
    found = sweep(study, Grid(noise=[1.0, 1.0 + 1e-12], seed=2), key=KEY)["x"].values
    np.testing.assert_array_equal(found[0], 0)
    assert np.all(found[1] != 0)
