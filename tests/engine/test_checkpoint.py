"""A checkpoint is taken whole, by the run that wrote it, or not at all."""

import errno
import json
import os
import pickle
import signal
import subprocess
import sys
import tracemalloc
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import load_tree, save_tree
from jaxsnn.engine.checkpoint import atomic
from jaxsnn.engine.segments import drive


class State(NamedTuple):
    v: jax.Array
    spikes: jax.Array
    key: jax.Array


@pytest.fixture
def state(getkey):
    return State(jax.random.normal(getkey(), (3, 4)), jnp.arange(5, dtype=jnp.int32), jax.random.key(7))


def test_a_saved_tree_comes_back_bit_for_bit(tmp_path, state):
    save_tree(tmp_path / "run", state, {"step": 400})
    like = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), state)
    for expected in (state, like):
        back, meta = load_tree(tmp_path / "run", expected)
        assert meta == {"step": 400}
        assert back.v.tobytes() == np.asarray(state.v).tobytes()
        assert back.spikes.dtype == jnp.int32
        assert jax.random.key_data(back.key).tolist() == jax.random.key_data(state.key).tolist()


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.bool_, jnp.uint8, jnp.float16])
def test_every_kind_of_number_survives(tmp_path, dtype):
    tree = {"a": jnp.arange(6).reshape(2, 3).astype(dtype), "nothing": jnp.zeros((0, 2))}
    save_tree(tmp_path / "run", tree)
    back, _ = load_tree(tmp_path / "run", tree)
    assert back["a"].dtype == dtype
    assert back["a"].tobytes() == np.asarray(tree["a"]).tobytes()
    assert back["nothing"].shape == (0, 2)


@pytest.mark.parametrize("part", ["hash", "length", "header", "first leaf", "last byte"])
def test_one_flipped_bit_anywhere_is_found(tmp_path, state, part):
    path = tmp_path / "run"
    save_tree(path, state)
    data = bytearray(path.read_bytes())
    place = {"hash": 30, "length": 85, "header": 100, "first leaf": len(data) - 60, "last byte": len(data) - 1}[part]
    data[place] ^= 4
    path.write_bytes(bytes(data))
    with pytest.raises(ValueError, match="damaged.*delete it"):
        load_tree(path, state)


def test_a_truncated_file_is_found(tmp_path, state):
    path = tmp_path / "run"
    save_tree(path, state)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match="damaged"):
        load_tree(path, state)


def test_a_file_of_another_kind_is_refused(tmp_path, state):
    (tmp_path / "run").write_text("hello")
    with pytest.raises(ValueError, match="not a checkpoint"):
        load_tree(tmp_path / "run", state)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s._replace(v=jnp.zeros((3, 5))), r"\.v float32\[3, 4\] where \.v float32\[3, 5\]"),
        (lambda s: s._replace(spikes=jnp.zeros(5)), r"\.spikes int32\[5\] where \.spikes float32\[5\]"),
        (lambda s: (s.v, s.spikes, s.key), r"belongs to another run"),
        (lambda s: (s, jnp.zeros(2)), "belongs to another run"),
    ],
)
def test_a_checkpoint_of_another_tree_is_refused_by_name(tmp_path, state, change, said):
    save_tree(tmp_path / "run", state)
    with pytest.raises(ValueError, match=said):
        load_tree(tmp_path / "run", change(state))


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "run"
    path.write_text("old")

    def power_cut():
        with atomic(path) as file:
            file.write(b"new")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        power_cut()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def full_disk(monkeypatch):
    def refuse(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)


def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path, state, monkeypatch):
    save_tree(tmp_path / "run", state, {"step": 1})
    with monkeypatch.context() as patch:
        full_disk(patch)
        with pytest.raises(OSError, match="No space left"):
            save_tree(tmp_path / "run", state._replace(v=state.v + 1), {"step": 2})
    back, meta = load_tree(tmp_path / "run", state)
    assert meta == {"step": 1}
    assert back.v.tobytes() == np.asarray(state.v).tobytes()
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_process_that_is_killed_half_way_leaves_the_last_good_checkpoint(tmp_path, state):
    save_tree(tmp_path / "run", state, {"step": 1})
    program = (
        "import os, signal, sys\n"
        "from jaxsnn.engine.checkpoint import atomic\n"
        "with atomic(sys.argv[1]) as file:\n"
        "    file.write(b'half of it'); file.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "run")], timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert load_tree(tmp_path / "run", state)[1] == {"step": 1}


def test_ctrl_c_on_a_full_disk_still_says_where_the_run_stands(tmp_path, monkeypatch):
    def stop(progress):
        full_disk(monkeypatch)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"stopped at step 20 of 40; the state cannot be written .*No space"):
        drive(lambda carry, start: carry, jnp.zeros(2), 40, 10, on_segment=stop, checkpoint=tmp_path / "run")


def forge(path, header, leaves=b"", length=None):
    """A file with the right hash, whatever it says."""
    from hashlib import sha256

    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = (len(text) if length is None else length).to_bytes(8, "little") + text + leaves
    path.write_bytes(b"jaxsnn checkpoint 1\n" + sha256(body).hexdigest().encode() + b"\n" + body)


V = {"name": "", "dtype": "float32", "shape": [2]}
FORGED = {
    "a header of 2^60 bytes": {"header": {}, "length": 2**60},
    "a header beyond the end": {"header": {}, "length": 100},
    "no JSON": {"header": b"\x80\x04"},
    "a hundred thousand levels": {"header": b"[" * 100_000},
    "a list": {"header": []},
    "no leaves": {"header": {"meta": {}}},
    "leaves that are none": {"header": {"meta": {}, "leaves": [1]}},
    "10^15 numbers": {"header": {"meta": {}, "leaves": [V | {"shape": [10**15]}]}},
    "objects": {"header": {"meta": {}, "leaves": [V | {"dtype": "object"}]}, "leaves": bytes(8)},
    "fewer numbers than it says": {"header": {"meta": {}, "leaves": [V]}, "leaves": bytes(4)},
    "more numbers than it says": {"header": {"meta": {}, "leaves": [V]}, "leaves": bytes(12)},
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_checkpoint_is_refused_before_memory_is_taken(tmp_path, kind):
    forge(tmp_path / "run", **FORGED[kind])
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"checkpoint .*(damaged|belongs to another run).*delete it"):
            load_tree(tmp_path / "run", jnp.zeros(2))
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_a_truth_value_is_true_or_false(tmp_path):
    leaf = {"name": "", "dtype": "bool", "shape": [2]}
    forge(tmp_path / "run", {"meta": {}, "leaves": [leaf]}, b"\1\7")
    with pytest.raises(ValueError, match="no truth value"):
        load_tree(tmp_path / "run", jnp.zeros(2, bool))


def test_a_checkpoint_that_claims_a_terabyte_is_refused_without_reading_it(tmp_path, state):
    save_tree(tmp_path / "run", state)
    os.truncate(tmp_path / "run", 10**12)
    with pytest.raises(ValueError, match="it has 1000000000000 bytes"):
        load_tree(tmp_path / "run", state)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, state):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises((ValueError, IsADirectoryError)):
            load_tree(path, state)


def test_a_pickle_is_never_loaded(tmp_path, state):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    (tmp_path / "run").write_bytes(pickle.dumps([1])[:-1])
    with pytest.raises(ValueError, match="not a checkpoint"):
        load_tree(tmp_path / "run", state)
    forge(tmp_path / "run", pickle.dumps(os.getcwd))
    with pytest.raises(ValueError, match="damaged"):
        load_tree(tmp_path / "run", state)
    with pytest.raises(ValueError, match=r"Bomb.*holds arrays of numbers"):
        save_tree(tmp_path / "bomb", {"a": Bomb()})
    assert not (tmp_path / "exploded").exists()
    assert not (tmp_path / "bomb").exists()


def test_a_model_with_functions_in_it_is_saved_by_its_arrays(tmp_path, getkey):
    model = eqx.nn.MLP(2, 1, 3, 1, key=getkey())
    with pytest.raises(ValueError, match=r"\.activation.*equinox.filter"):
        save_tree(tmp_path / "model", model)
    arrays, rest = eqx.partition(model, eqx.is_array)
    save_tree(tmp_path / "model", arrays, {"loss": 0.5, "epoch": 3})
    back, meta = load_tree(tmp_path / "model", arrays)
    assert meta == {"loss": 0.5, "epoch": 3}
    again = eqx.combine(jax.tree.map(jnp.asarray, back), rest)
    assert again(jnp.ones(2)).tobytes() == model(jnp.ones(2)).tobytes()


def test_meta_that_cannot_be_written_is_refused_by_name(tmp_path, state):
    for meta in ({"loss": float("nan")}, {"loss": jnp.ones(2)}, {"text": "x" * (17 << 20)}):
        with pytest.raises(ValueError, match=r"meta of checkpoint .*into the tree"):
            save_tree(tmp_path / "run", state, meta)
    assert not list(tmp_path.iterdir())
