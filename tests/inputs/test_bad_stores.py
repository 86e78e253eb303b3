"""Stores that are not what is asked for, or no longer what they were: refused, and left as they are."""

import json
import shutil

import jax
import numpy as np
import pytest

from jaxsnn.sweeps import Grid, Study, load, sweep, tree_hash

from .messages import check_message

GRID = Grid(a=[1.0, 2.0, 3.0], seed=2)


def toy(point, key):
    return {"y": point["a"] + jax.random.normal(key)}


def other(point, key):
    return {"y": point["a"] - jax.random.normal(key)}


def run(store, program=toy, grid=GRID, version=1, number=0, constants=None, **options):
    study = Study("toy", version, program, constants=constants or {}, chunk=2)
    return sweep(study, grid, key=jax.random.key(number), store=store, **options)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores") / "store"
    run(folder)
    return folder


@pytest.fixture
def store(made, tmp_path):
    shutil.copytree(made, tmp_path / "store")
    return tmp_path / "store"


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        ({"grid": Grid(a=[1.0, 4.0], seed=2)}, "grid", "4"),
        ({"grid": Grid(a=[1.0, 2.0, 3.0], seed=3)}, "grid", '"seed":[0,1,2]'),
        ({"number": 1}, "key", "[0,1]"),
        ({"version": 2}, "version", '"2" here'),
        ({"constants": {"b": 1.0}}, "constants", '{"b":1} here'),
        ({"independent": True}, "independent", "true here"),
        ({"chunk": 1}, "chunk", "chunk = 2, not 1"),
        ({"program": other}, "code", "go back to that version"),
    ],
    ids=["grid", "seeds", "key", "version", "constants", "independent", "chunk", "stale code"],
)
def test_a_store_of_another_sweep_is_refused_and_left_alone(store, options, field, value):
    before = tree_hash(store)
    with pytest.raises(ValueError, match="was made (by|with)") as error:
        run(store, **options)
    check_message(str(error.value), field, value)
    assert tree_hash(store) == before


def cut(name):
    return lambda store: (store / name).write_bytes((store / name).read_bytes()[:-9])


def written(name, value):
    return lambda store: (store / name).write_text(value if isinstance(value, str) else json.dumps(value))


def flipped(store):
    path = next(path for path in sorted(store.glob("group_0/y/c/**/*")) if path.is_file())
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(bytes(content))


def linked(store):
    shutil.move(store / "group_0", store.parent / "elsewhere")
    (store / "group_0").symlink_to(store.parent / "elsewhere")


@pytest.mark.parametrize(
    ("harm", "field"),
    [
        (cut("spec.json"), "spec.json"),
        (written("spec.json", ""), "spec.json"),
        (written("spec.json", "[" * 5000), "spec.json"),
        (written("spec.json", {"format": 2}), "spec.json"),
        (written("spec.json", "NaN"), "spec.json"),
        (cut("layout.json"), "layout.json"),
        (written("layout.json", {"chunk": -1, "groups": []}), "layout.json"),
        (written("code.json", {"code": 1}), "code.json"),
        (written("manifest.json", []), "manifest.json"),
        (written("markers/0_0.json", "{}"), "0_0.json"),
        (cut("group_0/y/zarr.json"), "zarr.json"),
        (flipped, "chunk"),
        (linked, "group_0"),
        (lambda store: (store / "layout.json").unlink(), "layout.json"),
        (lambda store: shutil.rmtree(store / "group_0"), "group_0"),
    ],
)
def test_a_damaged_store_is_refused_by_load_and_left_alone(store, harm, field):
    harm(store)
    before = sorted(path.relative_to(store) for path in store.rglob("*"))
    with pytest.raises(ValueError, match="store") as error:
        load(store)
    check_message(str(error.value), field, str(store))
    assert sorted(path.relative_to(store) for path in store.rglob("*")) == before


def test_a_folder_with_other_files_is_no_store(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match=r"thesis\.txt") as error:
        run(tmp_path)
    check_message(str(error.value), str(tmp_path), "'thesis.txt'")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_store_that_all_of_these_are_made_of_is_whole(made):
    assert np.isfinite(load(made)["y"]).all()
