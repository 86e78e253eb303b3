"""Which points run together, and with which random keys."""

from collections import Counter

import jax
import numpy as np
import pytest

from jaxsnn.engine import Plan
from jaxsnn.sweeps import canonical, digest, point_key
from jaxsnn.sweeps.keys import chunk_keys
from jaxsnn.sweeps.layout import Layout, lay_out
from jaxsnn.sweeps.study import Prepared


def points(*rows):
    """(static, noise, steps) of each point."""
    plans = [Plan({"n": n}, {"a": np.float32(i)}, {"dt": dt}) for i, (n, dt, _) in enumerate(rows)]
    return [Prepared({"i": i}, plan, row[2]) for i, (plan, row) in enumerate(zip(plans, rows, strict=True))]


def cut(prepared, chunk=3, target=100, block=10, independent=False):
    return lay_out(prepared, chunk=chunk, target=target, block=block, independent=independent)


MIXED = points(*[(n, d, steps) for n in (8, 16) for d in (1, 2, 3) for steps in (50, 250, 60, 240, 55)])


@pytest.mark.parametrize("chunk", [1, 2, 3, 4, 100])
@pytest.mark.parametrize("independent", [False, True])
def test_every_point_is_in_exactly_one_chunk(chunk, independent):
    layout = cut(MIXED, chunk=chunk, independent=independent)
    counted = Counter(p for place in layout.ids for p in layout.chunk_of(place).points)
    assert counted == Counter(range(len(MIXED)))
    assert all(1 <= len(c.points) <= g.width <= chunk for g in layout.groups for c in g.chunks)


def test_a_group_is_what_can_share_a_compilation_and_a_chunk_what_can_share_noise():
    layout = cut(MIXED)
    assert [g.static for g in layout.groups] == [{"n": 8}, {"n": 16}]
    for group in layout.groups:
        for chunk in group.chunks:
            assert len({canonical(MIXED[p].plan.noise) for p in chunk.points}) == 1


def test_points_with_arrays_of_other_shapes_are_another_group():
    prepared = points((8, 1, 50), (8, 1, 50))
    prepared[1] = prepared[1]._replace(plan=prepared[1].plan._replace(arrays={"a": np.zeros(3, np.float32)}))
    assert len(cut(prepared).groups) == 2


def test_a_class_is_cut_evenly_rather_than_leaving_a_small_rest():
    layout = cut(points(*[(8, 1, 50)] * 70), chunk=64)
    assert [len(c.points) for c in layout.groups[0].chunks] == [35, 35]
    assert layout.groups[0].width == 35


def test_a_chunk_runs_as_many_segments_as_its_longest_point_needs_and_equals_go_together():
    layout = cut(points(*[(8, 1, steps) for steps in (500, 90, 480, 100)]), chunk=2, target=100)
    group = layout.groups[0]
    assert group.segment == 100
    assert [(c.points, c.segments) for c in group.chunks] == [((1, 3), 1), ((0, 2), 5)]
    assert not group.ragged
    assert cut(points((8, 1, 500), (8, 1, 90)), chunk=2).groups[0].ragged


def test_independent_points_are_packed_across_noise_classes():
    assert len(cut(MIXED, chunk=5).ids) == 6
    assert len(cut(MIXED, chunk=15).ids) == 6
    assert len(cut(MIXED, chunk=15, independent=True).ids) == 2


def test_a_layout_survives_its_json_and_its_hash_sees_the_chunk():
    layout = cut(MIXED)
    back = Layout.from_json(layout.to_json())
    assert back == layout
    assert back.hash == layout.hash
    assert cut(MIXED, chunk=2).hash != layout.hash


# Keys -----------------------------------------------------------------------------------------------------------------


def data(key):
    return tuple(np.asarray(jax.random.key_data(key)).reshape(-1, 2).tolist()[0])


def test_points_of_a_seed_share_their_key_unless_they_are_independent(getkey):
    key = getkey()
    plan, other = Plan({}, {}, {"dt": 0.1}), Plan({}, {}, {"dt": 0.2})
    a, b = {"noise": 0.5}, {"noise": 1.0}
    assert data(point_key(key, plan, a, 1)) == data(point_key(key, plan, b, 1))
    assert data(point_key(key, plan, a, 1)) != data(point_key(key, plan, a, 2))
    assert data(point_key(key, plan, a, 1)) != data(point_key(key, other, a, 1))
    assert data(point_key(key, plan, a, 1, True)) != data(point_key(key, plan, b, 1, True))
    assert data(point_key(key, plan, a, 1, True)) != data(point_key(key, plan, a, 1))


def test_a_key_is_that_of_the_numbers_however_they_are_written(getkey):
    key = getkey()
    plan, same = Plan({}, {}, {"n": 8, "dt": 1.0}), Plan({}, {}, {"dt": 1, "n": np.int64(8)})
    one = point_key(key, plan, {"a": 2.0, "b": 0.1}, 3, True)
    assert data(one) == data(point_key(key, same, {"b": np.float64(0.1), "a": 2}, 3, True))


@pytest.mark.parametrize("independent", [False, True])
def test_the_keys_of_a_chunk_are_those_of_its_points_alone(getkey, independent):
    key, seeds = getkey(), (0, 5, 2**32 - 1)
    plans = [Plan({}, {}, {"dt": 0.1 * (1 + independent * i)}) for i in range(3)]
    coordinates = [{"noise": float(i)} for i in range(3)]
    keys = chunk_keys(key, plans, coordinates, seeds, independent)
    assert keys.shape == ((3, 3) if independent else (3,))
    for p in range(3):
        for s, seed in enumerate(seeds):
            alone = point_key(key, plans[p], coordinates[p], seed, independent)
            assert data(keys[p, s] if independent else keys[s]) == data(alone)


def test_the_canonical_form_is_one_text_for_one_meaning():
    assert canonical({"b": (1.0, np.float32(0.5)), "a": None}) == '{"a":null,"b":[1,0.5]}'
    assert digest({"x": 1}) == digest({"x": 1.0}) != digest({"x": 1.5})
    with pytest.raises(ValueError, match="finite"):
        canonical([float("nan")])
    with pytest.raises(ValueError, match="cannot be part"):
        canonical(object())


@pytest.mark.parametrize("value", [1, 1.0, True, "1", 1.5, 0, 0.0, False, None, "", -0.0])
def test_values_that_are_equal_in_python_keep_their_own_texts(value):
    """Texts of simple dicts are remembered, and Python says that 1 == 1.0 == True."""
    for _ in range(2):
        for other in (1, 1.0, True, "1", 0, 0.0, False):
            canonical({"a": other})
        assert canonical({"a": value}) == canonical([{"a": value}])[1:-1]
    with pytest.raises(ValueError, match="plain"):
        canonical({"a": float("nan")})


def test_points_that_share_half_a_hash_have_noise_of_their_own(getkey):
    """Of an ordinary grid of 120 000 points these two agree in the first 32 bits of their hash."""
    one, other = {"noise": 35.318896, "delay": 3.641103}, {"noise": 35.85388, "delay": 4.619549}
    assert digest(one)[:8] == digest(other)[:8]
    key, plan = getkey(), Plan({}, {}, {})
    assert data(point_key(key, plan, one, 0, True)) != data(point_key(key, plan, other, 0, True))
