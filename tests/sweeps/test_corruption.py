"""Two hundred ways to hurt a store, all found, all mended; nothing outside `side` changes without being noticed."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr

from jaxsnn.sweeps import load, tree_hash, verify
from jaxsnn.sweeps.damage import mend
from jaxsnn.sweeps.layout import Layout

from . import handmade


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return handmade.fill(handmade.make(tmp_path_factory.mktemp("whole") / "store"))


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """Complete stores of another key, other code, another segment."""
    folder = tmp_path_factory.mktemp("twins")
    longer = Layout(2, tuple(group._replace(segment=200) for group in handmade.LAYOUT.groups))
    made = {"spec": {"key": 1}, "code": {"code": ("c" * 64, "b" * 64)}, "layout": {"layout": longer}}
    return {name: handmade.fill(handmade.make(folder / name, **change)) for name, change in made.items()}


def files(folder: Path, kind: str) -> list[Path]:
    inside = {"array": "group_*/*/c/**/*", "marker": "markers/*", "any": "**/*"}
    found = sorted(p for p in folder.glob(inside.get(kind, "**/*.json")) if p.is_file() and "side" not in p.parts)
    return [p for p in found if "markers" not in p.parts] if kind == "description" else found


def flip(rng, folder, twins, kind):
    path = rng.choice(files(folder, kind))
    data = bytearray(path.read_bytes())
    data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    path.write_bytes(bytes(data))


def truncate(rng, folder, twins):
    path = rng.choice(files(folder, "any"))
    os.truncate(path, rng.integers(path.stat().st_size))


def append(rng, folder, twins):
    with rng.choice(files(folder, "any")).open("ab") as file:
        file.write(rng.bytes(rng.integers(1, 9)))


def delete(rng, folder, twins):
    rng.choice(files(folder, "any")).unlink()


def delete_chunk(rng, folder, twins):
    """Marker and arrays both: as if it had never been computed."""
    g, c = rng.integers(2), rng.integers(3)
    (folder / "markers" / f"{g}_{c}.json").unlink()
    for name in ("error", "trace"):
        shutil.rmtree(folder / f"group_{g}" / name / "c" / str(c))


def swap(rng, folder, twins, kind):
    while True:
        one, other = rng.choice(files(folder, kind), 2, replace=False)
        if one.stat().st_size == other.stat().st_size:
            break
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)


def stale_marker(rng, folder, twins):
    name = f"markers/{rng.integers(2)}_{rng.integers(3)}.json"
    shutil.copy(twins[rng.choice(list(twins))].folder / name, folder / name)


def stale_chunk(rng, folder, twins):
    """A chunk of another store, whole, with its marker."""
    g, c = rng.integers(2), rng.integers(3)
    other = twins[rng.choice(list(twins))].folder
    for name in (f"group_{g}/error/c/{c}/0", f"group_{g}/trace/c/{c}/0/0", f"markers/{g}_{c}.json"):
        shutil.copy(other / name, folder / name)


def stale_description(rng, folder, twins):
    kind = rng.choice(list(twins))
    shutil.copy(twins[kind].folder / f"{kind}.json", folder / f"{kind}.json")


def stranger(rng, folder, twins):
    place = rng.choice(["", "markers", "group_0", "group_1/error", "group_0/trace/c/0", "markers/deep/er"])
    (folder / place).mkdir(exist_ok=True, parents=True)
    (folder / place / f"note{rng.integers(100)}.json").write_text("{}")


def rename(rng, folder, twins):
    path = rng.choice(files(folder, "any"))
    path.rename(path.with_name(path.name + "x"))


HARMS = {
    "a bit of an array": (45, lambda *a: flip(*a, "array")),
    "a bit of a marker": (30, lambda *a: flip(*a, "marker")),
    "a bit of the description": (45, lambda *a: flip(*a, "description")),
    "a truncated file": (15, truncate),
    "a longer file": (8, append),
    "a deleted file": (20, delete),
    "a deleted chunk": (4, delete_chunk),
    "two arrays swapped": (6, lambda *a: swap(*a, "array")),
    "two markers swapped": (4, lambda *a: swap(*a, "marker")),
    "a stale marker": (6, stale_marker),
    "a stale chunk": (6, stale_chunk),
    "a stale description": (3, stale_description),
    "a file of someone else": (5, stranger),
    "a renamed file": (3, rename),
}


@pytest.mark.parametrize("count", [54, pytest.param(200, marks=pytest.mark.slow)])
def test_corruptions_are_all_found_and_mended(whole, twins, tmp_path, monkeypatch, count):
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # half of the time, and no power cut is tested here
    most = 4 if count == 54 else 200  # of a kind
    harms = {kind: (min(times, most), harm) for kind, (times, harm) in HARMS.items()}
    assert sum(times for times, _ in harms.values()) == count
    before, data = tree_hash(whole.folder), load(whole.folder)
    assert verify(whole.folder) == []
    rng = np.random.default_rng(20)
    missed, accepted, unmended = [], [], []
    store = handmade.make(Path(shutil.copytree(whole.folder, tmp_path / "store")))
    for kind, (times, harm) in harms.items():
        for time in range(times):
            harm(rng, store.folder, twins)
            assert tree_hash(store.folder) != before, kind
            if not verify(store.folder):
                missed.append((kind, time))
            try:
                if not load(store.folder).equals(data):
                    accepted.append((kind, time))
            except ValueError:
                pass
            mend(store)
            handmade.fill(store)
            if verify(store.folder) or tree_hash(store.folder) != before:
                unmended.append((kind, time))
                store = handmade.make(Path(shutil.copytree(whole.folder, tmp_path / f"{kind} {time}")))
    assert not missed
    assert not accepted
    assert not unmended


@pytest.mark.parametrize("harm", ["array", "marker", "description"])
def test_a_flipped_bit_in_an_unfinished_store_is_found_too(tmp_path, harm):
    rng = np.random.default_rng(1)
    store = handmade.fill(handmade.make(tmp_path / "store"), [(0, 0), (1, 1)])
    assert verify(store.folder) == []
    flip(rng, store.folder, {}, harm)
    assert verify(store.folder)


def test_only_what_is_damaged_is_given_up(whole, tmp_path):
    folder = Path(shutil.copytree(whole.folder, tmp_path / "store"))
    flip(np.random.default_rng(0), folder / "group_1" / "error" / "c", {}, "any")
    (found,) = verify(folder, drop=True)
    store = handmade.make(folder)
    assert set(store.layout.ids) - set(store.finished()) == {found.place}
    assert verify(folder) == []


def test_what_is_no_part_of_a_store_is_set_aside_and_not_deleted(whole, tmp_path):
    folder = Path(shutil.copytree(whole.folder, tmp_path / "store"))
    for _ in range(2):
        (folder / "markers" / "thoughts.txt").write_text("why 0.7?")
        (found,) = mend(handmade.make(folder))
        assert found.what == "markers/thoughts.txt: it is no part of this store"
    kept = sorted((folder / "side" / "set_aside").iterdir())
    assert [p.read_text() for p in kept] == ["why 0.7?"] * 2


def test_a_store_of_the_first_version_is_read_and_brought_up_to_date(whole, tmp_path):
    """Its markers name no code, and it has neither manifest nor complete.json."""
    import json

    from jaxsnn.sweeps.files import write_json

    folder = Path(shutil.copytree(whole.folder, tmp_path / "store"))
    for name in ("manifest.json", "complete.json"):
        (folder / name).unlink()
    for path in (folder / "markers").iterdir():
        write_json(path, {name: v for name, v in json.loads(path.read_text()).items() if name != "code"})
    assert verify(folder) == []
    assert load(folder).equals(load(whole.folder))
    handmade.fill(handmade.make(folder))
    assert (folder / "manifest.json").read_bytes() == (whole.folder / "manifest.json").read_bytes()
    assert verify(folder) == []
    (folder / "manifest.json").unlink()
    assert verify(folder)


def test_the_arrays_are_those_that_zarr_itself_would_make(whole, tmp_path):
    group = zarr.open_group(whole.folder, path="group_1", mode="r")
    rows = np.concatenate([whole.read((1, c))["trace"] for c in range(3)])
    np.testing.assert_array_equal(group["trace"][:], rows)
    assert group["trace"].metadata.dimension_names == ("point", "seed", "trace_dim0")
    made = zarr.open_group(tmp_path, mode="w", zarr_format=3).create_array(
        "trace", shape=(6, 3, 4), chunks=(2, 3, 4), dtype="float64", fill_value=np.nan, compressors=None,
        dimension_names=("point", "seed", "trace_dim0"), attributes={"nan_is_an_answer": True},
    )  # fmt: skip
    made[:] = rows
    for name in ("trace/zarr.json", "trace/c/1/0/0", "zarr.json"):
        assert (tmp_path / name).read_bytes() == (whole.folder / "group_1" / name).read_bytes()
