"""A checkpoint is taken whole, by the run that wrote it, or not at all."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import fingerprint, load_tree, save_tree
from jaxsnn.engine.checkpoint import atomic


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


def test_the_fingerprint_sees_every_change_of_the_computation_and_nothing_else():
    table = np.arange(4.0, dtype=np.float32)

    def run(scale, held):
        return lambda x: jnp.sum(jax.jit(lambda a: jnp.where(a > 0, a * scale, 0.0))(x) * jnp.asarray(held))

    x = jnp.ones(4)
    code, shapes = fingerprint(run(2.0, table), x)
    assert shapes.shape == ()
    fingerprint(lambda y: jnp.where(y > 0, jnp.exp(y), y), jnp.ones((2, 2)))  # other work in between changes nothing
    assert fingerprint(run(2.0, table.copy()), x)[0] == code
    assert fingerprint(run(2.5, table), x)[0] != code
    changed = table.copy()
    changed[3] += 1
    assert fingerprint(run(2.0, changed), x)[0] != code
