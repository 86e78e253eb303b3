"""A store from someone else is read as data: nothing in it is executed, no path leaves it, no claim takes memory."""

import itertools
import json
import os
import pickle
import random
import tracemalloc
from pathlib import Path

import pytest

from jaxsnn.engine.checkpoint import open_regular
from jaxsnn.sweeps import load, sweep, verify
from jaxsnn.sweeps.description import make_manifest
from jaxsnn.sweeps.files import render
from jaxsnn.sweeps.store import read_store

from . import handmade

HUGE = 10**15


@pytest.fixture
def folder(tmp_path):
    return handmade.fill(handmade.make(tmp_path / "store"), [(0, 0), (1, 2)]).folder


def change(folder, name, edit, indent=1):
    """Forge a file, in the way in which a store writes it, and the manifest with it."""
    path = folder / name
    value = json.loads(path.read_text())
    edit(value)
    path.write_bytes(render(value) if indent == 1 else json.dumps(value, indent=indent).encode())
    forge_manifest(folder)


def forge_manifest(folder):
    names = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_bytes(make_manifest(folder, names))


def grown_spec(spec):
    spec["grid"]["factors"] = [[[f"axis{i}", [float(v) for v in range(1000)]]] for i in range(5)]


CLAIMS = {
    "a result of 10^15 numbers": lambda f: [
        change(f, f"group_{g}/trace/zarr.json", lambda z: _shape(z, HUGE), 2) for g in (0, 1)
    ],
    "10^15 points in an array": lambda f: change(f, "group_0/trace/zarr.json", lambda z: _rows(z, HUGE), 2),
    "a grid of 10^15 points": lambda f: change(f, "spec.json", grown_spec),
    "chunks of 10^15 points": lambda f: change(f, "layout.json", lambda x: x["groups"][0].update(width=HUGE)),
    "a spec of a terabyte": lambda f: os.truncate(f / "spec.json", 10**12),
    "a marker of a terabyte": lambda f: os.truncate(f / "markers" / "0_0.json", 10**12),
    "a chunk of a terabyte": lambda f: os.truncate(f / "group_0" / "trace" / "c" / "0" / "0" / "0", 10**12),
    "a million levels": lambda f: (f / "spec.json").write_text("[" * 10**6 + "]" * 10**6),
    "a hundred levels": lambda f: (f / "layout.json").write_text("[" * 100 + "]" * 100),
    "a number of a million digits": lambda f: (f / "layout.json").write_text('{"chunk": ' + "9" * 10**6 + "}"),
}


def _shape(metadata, size):
    metadata["shape"][2] = metadata["chunk_grid"]["configuration"]["chunk_shape"][2] = size


def _rows(metadata, size):
    metadata["shape"][0] = size


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_of_size_is_refused_before_memory_is_taken(folder, claim):
    CLAIMS[claim](folder)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"damaged|takes|at most"):
            load(folder)
        assert verify(folder)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


CODECS = {
    "pickled objects": lambda z: z.update(codecs=[{"name": "numcodecs.pickle"}]),
    "a compressor": lambda z: z["codecs"].append({"name": "gzip", "configuration": {"level": 5}}),
    "big-endian bytes": lambda z: z["codecs"][0]["configuration"].update(endian="big"),
    "objects": lambda z: z.update(data_type="object"),
    "another kind of number": lambda z: z.update(data_type="complex64"),
    "a storage transformer": lambda z: z.update(storage_transformers=[{"name": "run"}]),
    "a key of its own": lambda z: z["chunk_key_encoding"]["configuration"].update(separator="/../../"),
    "something more": lambda z: z.update(must_understand=False),
}


@pytest.mark.parametrize("codec", CODECS)
def test_metadata_that_ask_for_anything_but_plain_numbers_are_refused(folder, codec):
    change(folder, "group_0/trace/zarr.json", CODECS[codec], 2)
    with pytest.raises(ValueError, match="trace/zarr.json is damaged: it is not what a store"):
        load(folder)
    assert verify(folder)


LINKS = [
    "spec.json",
    "manifest.json",
    "markers",
    "markers/0_0.json",
    "group_0",
    "group_1/trace/c/2/0/0",
    "side",
    "side/x",
]


@pytest.mark.parametrize("name", LINKS)
def test_a_link_out_of_the_store_is_refused_and_what_it_points_to_left_alone(folder, tmp_path, name):
    outside = tmp_path / "outside"
    if (folder / name).exists():
        (folder / name).rename(outside)
    else:
        outside.write_text("mine")
    before = sorted((p, p.stat().st_mtime_ns) for p in [outside, *outside.rglob("*")])
    (folder / name).symlink_to(outside)
    with pytest.raises(ValueError, match=f"holds '{name}', which is a link|is a link"):
        load(folder)
    (found,) = verify(folder, drop=True)
    assert found.what == f"{name}: a link, or no file; a store has neither"
    with pytest.raises(ValueError, match=r"is a link|holds 'side' and no sweep"):
        _resume(folder)
    assert sorted((p, p.stat().st_mtime_ns) for p in [outside, *outside.rglob("*")]) == before


def _resume(folder):
    """As `sweep` does: the store is opened first."""
    read_store(folder)
    handmade.fill(handmade.make(folder))


def test_a_pipe_in_a_store_is_refused_and_not_waited_for(folder):
    (folder / "markers" / "0_1.json").unlink(missing_ok=True)
    os.mkfifo(folder / "markers" / "0_1.json")
    with pytest.raises(ValueError, match="markers/0_1.json"):
        load(folder)
    assert verify(folder)


FORGED_NAMES = {
    "manifest.json": ({"../../secret": "0" * 64}, "../../secret: the file is missing"),
    "markers/0_0.json": (
        {"arrays": {"../../../secret": "0" * 64, "/secret": "0" * 64}},
        "its marker names other results",
    ),
}


@pytest.mark.parametrize("name", FORGED_NAMES)
def test_no_name_that_a_file_gives_is_opened(folder, monkeypatch, name):
    """Names in the manifest and in markers are compared and never used as paths."""
    opened = []

    def watched(path, **options):
        opened.append(path)
        return open_regular(path, **options)

    for module in ("files", "damage", "store"):
        monkeypatch.setattr(f"jaxsnn.sweeps.{module}.open_regular", watched)
    forged, said = FORGED_NAMES[name]
    (folder / name).write_bytes(render(json.loads((folder / name).read_text()) | forged))
    assert any(said in damage.what for damage in verify(folder))
    assert opened
    assert not [path for path in opened if "secret" in str(path) or not Path(path).resolve().is_relative_to(folder)]


@pytest.mark.parametrize("name", ["..", ".", "", "../up", "/abs", "a\\b", "zarr.json", ".hidden", "a\nb", "x" * 300])
def test_a_result_that_no_folder_can_be_named_after_is_refused_before_anything_is_written(tmp_path, name):
    import jax

    from jaxsnn.sweeps import Grid

    with pytest.raises(ValueError, match=r"has a name that no folder can have|has the name of an axis"):
        sweep(lambda point, key: {name: point["a"]}, Grid(a=[1.0]), key=jax.random.key(0), store=tmp_path / "store")
    assert not (tmp_path / "store").exists()


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize(
    "name", ["spec.json", "code.json", "markers/0_0.json", "group_0/error/c/0/0", "group_0/zarr.json", "side/runs.json"]
)
def test_a_pickle_in_place_of_any_file_is_never_loaded(folder, tmp_path, name):
    (folder / name).write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    if name == "side/runs.json":
        load(folder)
    else:
        assert verify(folder)
        with pytest.raises(ValueError, match="damaged"):
            load(folder)
    assert not (tmp_path / "exploded").exists()


FORGED_RUNS = [
    "[1]", "{}", "null", '[{"wall_seconds": "1"}]', '[{"wall_seconds": 1, "compile_seconds": 1, "run_seconds": 1}]',
    '[{"wall_seconds": NaN}]', "[" * 99 + "]" * 99,
]  # fmt: skip


@pytest.mark.parametrize("text", FORGED_RUNS)
def test_facts_about_times_that_make_no_sense_are_passed_over(folder, text):
    (folder / "side" / "runs.json").write_text(text)
    assert "wall_seconds" not in load(folder).attrs


VALUES = [None, True, -1, 0, 1, 2**40, HUGE, 0.5, "", "..", "/etc", [], {}, [[]], [1], {"a": 1}, "x" * 1000]


def mutate(rng, value):
    """One place of a JSON value changed: replaced, dropped or doubled."""
    places = []

    def walk(node):
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(value)
    node, key = rng.choice(places)
    kind = rng.randrange(3)
    if kind == 0:
        node[key] = rng.choice(VALUES)
    elif kind == 1:
        del node[key]
    elif isinstance(node, list):
        node.insert(key, node[key])
    else:
        node[rng.choice(["x", "..", "a/b"])] = node[key]


def test_whatever_the_description_says_it_is_read_or_refused_in_a_sentence(folder):
    """Forged with its manifest, so that only its sense can speak against it."""
    rng = random.Random(5)
    names = ["spec.json", "layout.json", "code.json", "group_0/trace/zarr.json", "markers/0_0.json", "manifest.json"]
    whole = {name: (folder / name).read_bytes() for name in [*names, "manifest.json"]}
    refused = 0
    for name, _ in itertools.product(names, range(25)):
        value = json.loads(whole[name])
        for _ in range(rng.randrange(1, 3)):
            mutate(rng, value)
        (folder / name).write_bytes(json.dumps(value, indent=2).encode() if "zarr" in name else render(value))
        if name != "manifest.json":
            forge_manifest(folder)
        verify(folder)
        try:
            load(folder)
        except ValueError as error:
            refused += 1
            said = str(error)
            assert 20 < len(said) < 2000  # noqa: PT017
        for kept, content in whole.items():
            (folder / kept).write_bytes(content)
    assert refused > 120
