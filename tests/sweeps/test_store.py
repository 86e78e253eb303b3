"""A sweep that is stopped anywhere goes on as if it had not been, and a store tells what is wrong with it."""

import json
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from jaxsnn.engine import Simulation
from jaxsnn.sweeps import Grid, Study, load, plan_sweep, sweep, tree_hash, verify
from jaxsnn.sweeps.files import write_json

from .toys import GRID, HOLDER, HOLDER_GRID, STUDY, network, result

KEY = jax.random.key(11)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A store that was made in one go, and its data."""
    folder = tmp_path_factory.mktemp("straight") / "store"
    return folder, sweep(STUDY, GRID, key=KEY, chunk=2, store=folder)


@pytest.fixture
def copy(straight, tmp_path):
    """The same, to be damaged."""
    import shutil

    return shutil.copytree(straight[0], tmp_path / "copy")


def test_a_store_gives_back_the_data_without_running_anything(straight):
    folder, data = straight
    assert data.equals(sweep(STUDY, GRID, key=KEY, chunk=2))
    found = load(folder)
    assert found.equals(data)
    assert found.attrs == data.attrs
    assert found.attrs["chunks_finished"] == found.attrs["chunks"] == 6
    assert verify(folder) == []


def test_two_stores_of_one_sweep_are_the_same_bytes(straight, tmp_path):
    sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path)
    assert tree_hash(tmp_path) == tree_hash(straight[0])


def test_a_finished_store_is_read_and_not_run_again(straight):
    def forbidden(job, ids, watch):
        assert not ids
        return iter(())

    assert sweep(STUDY, GRID, key=KEY, chunk=2, store=straight[0], engine=forbidden).equals(straight[1])


class Killed(Exception):
    pass


@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_a_sweep_that_dies_goes_on_and_leaves_the_same_bytes(straight, tmp_path, chunks):
    seen = set()

    def die(place, progress):
        seen.add(place)
        if len(seen) > chunks:
            raise Killed

    with pytest.raises(Killed):
        sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path, on_segment=die)
    part = load(tmp_path)
    assert part.attrs["chunks_finished"] == chunks
    assert int(np.isfinite(part["x"]).sum()) == chunks * 3 * 2 - 3 * (chunks > 1)  # the second chunk has one point
    assert plan_sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path).finished == chunks
    ran = set()
    data = sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path, on_segment=lambda place, _: ran.add(place))
    assert len(ran) == 6 - chunks
    assert data.equals(straight[1])
    assert tree_hash(tmp_path) == tree_hash(straight[0])


def test_ctrl_c_in_the_middle_of_a_chunk_costs_nothing_that_was_done(straight, tmp_path):
    def stop(place, progress):
        if place == (0, 4) and progress.done == 200:
            raise KeyboardInterrupt

    said = r"sweep stopped with 4 of 6 chunks finished \(stopped at step 300 of 400"
    with pytest.raises(KeyboardInterrupt, match=said):
        sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path, on_segment=stop)
    seen = []
    data = sweep(
        STUDY, GRID, key=KEY, chunk=2, store=tmp_path, on_segment=lambda place, p: seen.append((place, p.done))
    )
    assert seen[0] == ((0, 4), 400)  # three of its four segments were kept
    assert data.equals(straight[1])
    assert tree_hash(tmp_path) == tree_hash(straight[0])
    assert [p.name for p in (tmp_path / "side").iterdir()] == ["runs.json"]


def test_a_sweep_that_was_stopped_goes_on_with_another_number_of_devices(straight, tmp_path):
    def stop(place, progress):
        if place == (0, 2) and progress.done == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path, on_segment=stop, cores=2)
    data = sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path, cores=1)
    xr.testing.assert_allclose(data, straight[1], rtol=2e-6)


def test_a_state_that_holds_random_keys_is_kept_too(tmp_path):
    def stop(place, progress):
        if progress.done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="stopped at step 30 of 30"):
        sweep(HOLDER, HOLDER_GRID, key=KEY, store=tmp_path, on_segment=stop)
    seen = []
    data = sweep(HOLDER, HOLDER_GRID, key=KEY, store=tmp_path, on_segment=lambda place, p: seen.append(p.done))
    assert seen == []  # nothing was left to do but to finish
    assert data.equals(sweep(HOLDER, HOLDER_GRID, key=KEY))


def test_ctrl_c_without_a_store_says_that_nothing_is_kept():
    def stop(place, progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="nothing is kept without a store"):
        sweep(STUDY, GRID, key=KEY, on_segment=stop)


def test_leftovers_of_a_killed_write_are_swept_away(straight, tmp_path):
    sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path)
    (tmp_path / "markers" / "0_3.json").unlink()
    (tmp_path / "markers" / ".0_3.json.12ab.tmp").write_text("{")
    sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path)
    assert tree_hash(tmp_path) == tree_hash(straight[0])


def chunk_file(folder, name="x", chunk=1):
    (path,) = [p for p in (folder / "group_0" / name / "c" / str(chunk)).rglob("*") if p.is_file()]
    return path


def flip(path):
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    path.write_bytes(bytes(data))


DAMAGES = {
    "flipped": (lambda f: flip(chunk_file(f)), "x: the numbers are not those that were written"),
    "truncated": (lambda f: chunk_file(f).write_bytes(b"123"), "x: the file of the chunk has 3 bytes instead of 24"),
    "missing": (lambda f: chunk_file(f).unlink(), "x: the file of the chunk is missing"),
    "marker": (lambda f: (f / "markers" / "0_1.json").write_text("{"), "marker .* is damaged"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_chunk_is_found_and_computed_again(copy, straight, kind):
    hurt, said = DAMAGES[kind]
    hurt(copy)
    (found,) = verify(copy)
    assert found.place == (0, 1)
    import re

    assert re.search(said, found.what)
    for use in (lambda: load(copy), lambda: sweep(STUDY, GRID, key=KEY, chunk=2, store=copy)):
        with pytest.raises(ValueError, match=r"damaged: 1 chunk.*verify\(store, drop=True\)"):
            use()
    assert len(verify(copy, drop=True)) == 1
    assert verify(copy) == []
    ran = set()
    again = sweep(STUDY, GRID, key=KEY, chunk=2, store=copy, on_segment=lambda place, _: ran.add(place))
    assert ran == {(0, 1)}
    assert again.equals(straight[1])
    assert tree_hash(copy) == tree_hash(straight[0])


def test_a_changed_description_is_found_and_written_again_without_running_anything(copy, straight):
    spec = json.loads((copy / "spec.json").read_text())
    spec["constants"]["duration"] = 21.0
    write_json(copy / "spec.json", spec)
    (copy / "group_0" / "x" / "zarr.json").unlink()
    found = {damage.what.partition(":")[0] for damage in verify(copy)}
    assert found == {"spec.json", "group_0/x/zarr.json"}
    for use in (lambda: load(copy), lambda: sweep(STUDY, GRID, key=KEY, chunk=2, store=copy)):
        with pytest.raises(ValueError, match=r"damaged|made by another sweep"):
            use()

    def forbidden(job, ids, watch):
        assert not ids
        return iter(())

    data = sweep(STUDY, GRID, key=KEY, chunk=2, store=copy, engine=forbidden, repair=True)
    assert data.equals(straight[1])
    assert verify(copy) == []
    assert tree_hash(copy) == tree_hash(straight[0])


def test_damaged_chunks_are_mended_in_one_call(copy, straight):
    flip(chunk_file(copy))
    (copy / "markers" / "0_4.json").unlink()
    ran = set()
    options = {"key": KEY, "chunk": 2, "store": copy, "repair": True}
    assert sweep(STUDY, GRID, on_segment=lambda place, _: ran.add(place), **options).equals(straight[1])
    assert ran == {(0, 1), (0, 4)}
    assert tree_hash(copy) == tree_hash(straight[0])


def test_a_store_of_another_sweep_is_not_mended_into_this_one(copy, straight):
    (copy / "group_0" / "x" / "zarr.json").unlink()
    before = tree_hash(copy)
    with pytest.raises(ValueError, match="another sweep .key"):
        sweep(STUDY, GRID, key=jax.random.key(1), chunk=2, store=copy, repair=True)
    assert tree_hash(copy) == before


def test_every_marker_knows_the_spec_it_belongs_to(copy):
    """As in a store of the first version, which has no manifest."""
    spec = json.loads((copy / "spec.json").read_text())
    spec["constants"]["duration"] = 21.0
    write_json(copy / "spec.json", spec)
    for name in ("manifest.json", "complete.json"):
        (copy / name).unlink()
    for path in (copy / "markers").iterdir():
        write_json(path, {name: v for name, v in json.loads(path.read_text()).items() if name != "code"})
    assert [damage.what for damage in verify(copy)] == ["its marker belongs to another spec or layout"] * 6


other_result = Simulation(network, lambda p, s: {**result(p, s), "x": s.x[0] + 1}, block=10)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"key": jax.random.key(1)}, r"another sweep \(key: .*\[0,11\].* there, .*\[0,1\].* here\)"),
        ({"grid": GRID * Grid(copies=2)}, "another sweep .grid"),
        ({"constants": {"duration": 30.0}}, "another sweep .constants: .*20.* there, .*30.* here"),
        ({"independent": True}, "another sweep .independent: false there, true here"),
        ({"run": replace(STUDY, version=2)}, "another sweep .version"),
        ({"run": replace(STUDY, name="other")}, "another sweep .study"),
        ({"chunk": 3}, "made with chunk = 2, not 3.*; pass chunk=2"),
        ({"run": replace(STUDY, segment=50)}, "other chunks or segments"),
        ({"run": replace(STUDY, program=other_result)}, "made by other code"),
    ],
)
def test_a_store_of_another_sweep_is_refused_and_left_alone(copy, straight, options, said):
    arguments = {"run": STUDY, "grid": GRID, "key": KEY, "chunk": 2, "store": copy, **options}
    with pytest.raises(ValueError, match=said):
        sweep(arguments.pop("run"), arguments.pop("grid"), **arguments)
    assert tree_hash(copy) == tree_hash(straight[0])


def test_a_folder_with_other_things_in_it_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ValueError, match="holds 'thesis.tex' and no sweep"):
        sweep(STUDY, GRID, key=KEY, store=tmp_path)
    with pytest.raises(ValueError, match="is a file"):
        sweep(STUDY, GRID, key=KEY, store=tmp_path / "thesis.tex")
    with pytest.raises(ValueError, match="holds no sweep"):
        load(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_store_of_several_programs_and_names_is_unstacked_on_loading(tmp_path):
    def run(point, key):
        value = jnp.float32(len(point["kind"])) + point["a"]
        return (
            {"y": value, "n": jnp.int32(7), "only": value / 0}
            if point["kind"] == "b"
            else {"y": value, "n": jnp.int32(3)}
        )

    grid = Grid(kind="b,aa", a=[0.0, 10.0, 20.0], seed=[4, 9])
    data = sweep(run, grid, key=KEY, store=tmp_path, chunk=2)
    assert data["y"].sel(a=20.0).values.tolist() == [[21, 21], [22, 22]]
    assert data["n"].sel(kind="aa").values.tolist() == [[3, 3]] * 3
    assert np.isnan(data["only"].sel(kind="aa")).all()  # what a program does not give is NaN, and no cause for alarm
    assert data.attrs["warning"].startswith("6 of 12 networks")
    found = load(tmp_path)
    assert found.equals(data)
    assert found["kind"].values.tolist() == ["b", "aa"]
    assert found.attrs["warning"] == data.attrs["warning"]


def test_a_chunk_of_nothing_but_nan_is_a_result(tmp_path):
    def run(point, key):
        return {"y": point["a"] * 0 / 0}

    study = Study("nothing", 1, run, undefined=("y",))
    first = sweep(study, Grid(a=[1.0, 2.0], seed=2), key=KEY, store=tmp_path)
    assert np.isnan(first["y"]).all()
    assert verify(tmp_path) == []
    assert "warning" not in load(tmp_path).attrs
    assert sweep(study, Grid(a=[1.0, 2.0], seed=2), key=KEY, store=tmp_path).equals(first)
    chunk_file(tmp_path, "y", 0).unlink()  # gone is not the same as NaN
    assert len(verify(tmp_path)) == 1


def test_facts_about_the_run_stand_beside_the_results(straight):
    (run,) = json.loads((straight[0] / "side" / "runs.json").read_text())
    assert run["chunks"] == 6
    assert run["updates"] == 9 * (50 + 100 + 400)
    assert {"host", "platform", "versions", "started", "wall_seconds", "compile_seconds"} <= set(run)
