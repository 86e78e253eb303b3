"""A run in segments is the run: for any cut, after a restore, and with someone watching."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Cell, decay, param
from jaxsnn.engine import (
    Checkpoint,
    Once,
    Plan,
    Program,
    Simulation,
    drive,
    load_tree,
    run_program,
    segment_length,
    simulate,
)


class Walk(NamedTuple):
    x: jax.Array
    total: jax.Array


class Leaky(Cell):
    """An Ornstein-Uhlenbeck process and the sum of its squares."""

    rate: jax.Array = param(1.0)

    def init(self, key):
        return Walk(jax.random.normal(key), jnp.zeros(()))

    def draw(self, stream, steps):
        return jax.vmap(lambda t: jax.random.normal(jax.random.fold_in(stream, t)))(steps)

    def step(self, state, x, tick):
        e = decay(self.rate, tick.dt)
        new = state.x * e + jnp.sqrt(1 - e * e) * tick.noise
        return Walk(new, state.total + new * new), new


program = Simulation(lambda p: Leaky(p["rate"]), lambda p, s: {"x": s.x, "total": s.total}, block=10)
POINT = {"rate": 2.0, "dt": 0.1, "steps": 300}


def test_any_cut_into_segments_is_bit_equal_to_one_scan(getkey):
    key = getkey()
    whole, _ = simulate(Leaky(jnp.float32(2.0)), dt=0.1, key=key, steps=300, block=10)
    for segment in (300, 100, 10):
        result = run_program(program, POINT, key, segment=segment)
        assert result["x"] == whole.x
        assert result["total"] == whole.total


def test_a_plan_and_a_plain_dict_are_the_same_point(getkey):
    key = getkey()
    plan = Plan({"steps": 300}, {"rate": np.float64(2.0), "dt": 0.1})
    assert run_program(program, plan, key) == run_program(program, POINT, key)


def test_a_plain_function_is_a_program_of_one_segment(getkey):
    result = run_program(
        Once(lambda point, key: {"y": point["a"] * jax.random.normal(key)}), {"a": 2.0}, key := getkey()
    )
    assert result["y"] == 2 * jax.random.normal(key)


def counting(total, segment, **options):
    """Drive a counter that adds up its starts."""
    seen = []
    advance = jax.jit(lambda c, start: {"sum": c["sum"] + start, "x": c["x"] * 2}, donate_argnums=0)
    carry = {"sum": jnp.int32(0), "x": jnp.float32(1.0)}
    return drive(advance, carry, total, segment, on_segment=seen.append, **options), seen


def test_every_segment_is_run_once_and_reported_once():
    end, seen = counting(total=25, segment=10)
    assert int(end.carry["sum"]) == 0 + 10 + 20
    assert end.done == 30
    assert [p.done for p in seen] == [10, 20, 25]
    assert all(p.total == 25 for p in seen)
    assert seen[-1].eta == 0
    assert seen[0].eta >= seen[0].seconds  # three fifths are left


def test_numbers_that_stop_being_finite_are_reported_and_the_run_goes_on():
    end, seen = counting(total=200, segment=1)
    assert end.done == 200
    assert end.nonfinite == 1
    first = next(p.done for p in seen if p.nonfinite)
    assert first == 128  # 2**128 is the first power of two beyond float32


def test_a_maximum_that_starts_at_minus_infinity_raises_no_alarm():
    end = drive(lambda c, start: c, {"max": jnp.array([-jnp.inf, 1.0])}, 3, 1)
    assert end.nonfinite == 0


def test_ctrl_c_saves_the_state_and_says_where(tmp_path):
    path = tmp_path / "run.checkpoint"
    done = []

    def stop(progress):
        done.append(progress.done)
        if len(done) == 2:
            raise KeyboardInterrupt

    advance = jax.jit(lambda c, start: c + start, donate_argnums=0)
    with pytest.raises(KeyboardInterrupt, match=r"stopped at step 30 of 50; .*run\.checkpoint holds the state"):
        drive(advance, jnp.int32(0), 50, 10, on_segment=stop, checkpoint=path)
    carry, meta = load_tree(path, jnp.int32(0))
    assert meta["step"] == 30
    assert carry == 0 + 10 + 20
    end = drive(advance, jnp.asarray(carry), 50, 10, start=meta["step"])
    assert end.carry == 0 + 10 + 20 + 30 + 40


def test_ctrl_c_without_a_checkpoint_still_says_where():
    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="stopped at step 20 of 50$"):
        drive(lambda c, start: c, jnp.zeros(()), 50, 10, on_segment=stop)


def test_ctrl_c_in_the_middle_of_a_segment_points_to_the_last_checkpoint(tmp_path):
    """The state was given away to a segment that never returned it: what is on disk stays as it is."""
    compiled = jax.jit(lambda c, start: c + 1, donate_argnums=0)

    def advance(carry, start):
        after = compiled(carry, start)
        if start == 20:
            raise KeyboardInterrupt
        return after

    keep = Checkpoint(tmp_path / "run", every=0.0)
    with pytest.raises(
        KeyboardInterrupt, match="stopped at step 20 of 50, in the middle of a segment; the last checkp"
    ):
        drive(advance, jnp.zeros(1000, jnp.int32), 50, 10, checkpoint=keep)
    carry, meta = load_tree(keep.path, jnp.zeros(1000, jnp.int32))
    assert meta["step"] == 20
    assert (carry == 2).all()


def test_a_run_that_was_stopped_goes_on_bit_for_bit(tmp_path, getkey):
    key, path = getkey(), tmp_path / "run"

    def stop(progress):
        if progress.done == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="goes on from there"):
        run_program(program, POINT, key, segment=50, on_segment=stop, checkpoint=path)
    starts = []
    resumed = run_program(program, POINT, key, segment=50, on_segment=lambda p: starts.append(p.done), checkpoint=path)
    assert starts == [200, 250, 300]
    assert resumed == run_program(program, POINT, key, segment=50)
    assert not path.exists()


@pytest.mark.parametrize(
    ("change", "named"),
    [({"point": {**POINT, "rate": 3.0}}, "point"), ({"key": 5}, "key"), ({"program": 1}, "code")],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, change, named):
    path = tmp_path / "run"

    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_program(program, POINT, jax.random.key(3), segment=50, on_segment=stop, checkpoint=path)
    other = Simulation(program.network, lambda p, s: {"x": s.x + 1, "total": s.total}, block=10)
    with pytest.raises(ValueError, match=f"another run: its .*{named}"):
        run_program(
            other if "program" in change else program,
            change.get("point", POINT),
            jax.random.key(change.get("key", 3)),
            segment=50,
            checkpoint=path,
        )


def test_the_state_is_saved_again_and_again_while_a_run_lasts(tmp_path):
    saved = []
    keep = Checkpoint(tmp_path / "run", {"name": "x"}, pack=lambda c: saved.append(int(c)) or c, every=0.0)
    drive(jax.jit(lambda c, start: c + 1, donate_argnums=0), jnp.int32(0), 50, 10, checkpoint=keep)
    assert saved == [1, 2, 3, 4]  # not at the end, where the result is
    assert load_tree(keep.path, jnp.int32(0))[1] == {"name": "x", "step": 40}


class Holder(Program):
    """Its carry is the point's own number, twice, and the key."""

    def steps(self, point):
        return 30

    def begin(self, point, key):
        return {"a": point["a"], "again": point["a"], "key": key}

    def advance(self, point, key, carry, start, steps):
        kept = jax.random.fold_in(carry["key"], start)
        return {"a": carry["a"] + point["a"], "again": carry["again"], "key": kept}

    def finish(self, point, carry):
        return {"a": carry["a"], "again": carry["again"], "draw": jax.random.normal(carry["key"])}


def test_a_carry_may_hold_the_point_itself_and_the_key(getkey):
    """Its memory is given away at every segment, the point's and the key's must not be."""
    point, key = {"a": jnp.float32(2.0)}, getkey()
    result = run_program(Holder(), point, key, segment=10)
    assert result["a"] == 2 + 3 * 2
    assert result["again"] == 2
    expected = jax.random.normal(jax.random.fold_in(jax.random.fold_in(jax.random.fold_in(key, 0), 10), 20))
    assert result["draw"] == expected
    assert point["a"] == 2


@pytest.mark.parametrize(
    ("total", "target", "block", "expected"),
    [(100, 1000, 1, 100), (1000, 300, 1, 250), (1001, 300, 100, 300), (50, 20_000, 100, 100), (1, 20_000, 1, 1)],
)
def test_segments_are_equal_cover_the_run_and_are_whole_blocks(total, target, block, expected):
    segment = segment_length(total, target, block)
    assert segment == expected
    assert segment % block == 0


def test_no_segment_compiles_after_the_first(getkey, caplog):
    done = {}

    def watch(progress):
        done.setdefault("first", len(caplog.records))

    with jax.log_compiles(), caplog.at_level("WARNING"):
        run_program(program, {**POINT, "rate": 2.5}, getkey(), segment=100, on_segment=watch)
    later = [r.getMessage() for r in caplog.records[done["first"] :] if "Compiling" in r.getMessage()]
    assert [m for m in later if "_finish" not in m] == []
