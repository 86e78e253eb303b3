"""Checks of numbers that are traced: made for many points at once as strictly as one by one, and in whole runs."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import (
    Cell,
    check_between,
    check_cells,
    check_positive,
    checks_of,
    is_concrete,
    not_refused,
    param,
    passing,
    require,
    when_known,
)
from jaxsnn.engine import fingerprint

VALUES = np.array([0.5, -1.0, 2.0, 2.0, np.nan, 0.25], np.float32)
POINTS = [{"a": a, "b": np.float32(3.0)} for a in VALUES]
POSITIVE = [True, False, True, True, False, True]


def test_a_check_of_many_points_passes_those_that_pass_alone():
    np.testing.assert_array_equal(passing(lambda p: check_positive("a", 2 * jnp.asarray(p["a"])), POINTS), POSITIVE)


def test_points_that_are_all_alike_are_checked_once():
    assert passing(lambda p: check_positive("b", p["b"]), [{"b": np.float32(3.0)}] * 3).tolist() == [True] * 3
    assert passing(lambda p: check_positive("b", p["b"]), [{"b": np.float32(0.0)}] * 3).tolist() == [False] * 3


def test_shared_numbers_are_known_and_checks_of_several_values_wait_for_all():
    def check(point):
        assert is_concrete(point["b"])

        def below(a, b):
            require(bool(a < b - 2), "a", a, "must be small", "lower it")

        when_known(below, point["a"], jnp.asarray(point["b"]))

    np.testing.assert_array_equal(passing(check, POINTS), [True, True, False, False, False, True])


class Positive(Cell):
    value: jax.Array = param()

    def __check_init__(self):
        check_positive("Positive.value", self.value)

    def check(self, dt):
        check_between("Positive.value", self.value, 0, 1 / dt, "shorter steps")


def test_a_cell_is_built_once_for_all_points_and_each_is_checked():
    built = []

    def check(point):
        built.append(1)
        Positive(point["a"]).check(1.0)

    np.testing.assert_array_equal(passing(check, POINTS), [True, False, False, False, False, True])
    assert len(built) == 1


def silent(point):  # steps aside without leaving word
    if is_concrete(point["a"]):
        check_positive("a", point["a"])


def host_only(point):
    if float(point["a"]) < 0:
        raise ValueError("a")


def inside_jit(point):
    jax.jit(lambda a: check_positive("a", a * 2) or a)(point["a"])


def with_traced_bound(point):
    check_between("b", point["b"], 0, point["a"], "raise a")
    check_between("a", point["a"], 0, point["a"], "raise a")


def refuses_all(point):
    raise ValueError("never")


class Structure(eqx.Module):
    a: jax.Array

    def __check_init__(self):
        when_known(lambda both: require(bool(both[0] > 0), "a", both, "must be positive", "raise it"), [self.a, self.a])


@pytest.mark.parametrize(
    "check", [silent, host_only, inside_jit, with_traced_bound, refuses_all, lambda p: Structure(p["a"])]
)
def test_what_cannot_be_checked_for_many_is_left_to_the_check_of_one(check):
    found = passing(check, POINTS)
    for point, passed in zip(POINTS, found, strict=True):
        if passed:
            check(point)
    assert not found[1]
    assert not found[4]


def test_nothing_is_deferred_outside():
    with pytest.raises(ValueError, match="a = -1"):
        check_positive("a", np.float32(-1.0))
    passing(refuses_all, POINTS)
    with pytest.raises(ValueError, match="a = -1"):
        check_positive("a", np.float32(-1.0))
    assert jax.jit(lambda a: check_positive("a", a) or a)(-1.0) == -1


def at_top(a):
    check_positive("a", 2 * a)


def in_jit(a):
    jax.jit(lambda b: at_top(b) or b)(a + 1 - 1)


def in_vmap(a):
    jax.vmap(lambda b, c: check_positive("a", jnp.stack([b, c])) or b, (0, None))(a * jnp.arange(1.0, 4.0), a)


def in_gradient(a):
    jax.grad(lambda b: at_top(b) or b**2)(a)


def in_the_first_step_of_a_scan(a):
    jax.lax.scan(lambda b, x: at_top(b * x) or (b - 5, x), a, jnp.array([1.0, -1.0]))


def in_the_last_step_of_a_scan_backwards(a):
    jax.lax.scan(lambda b, x: at_top(b * x) or (b - 5, x), a, jnp.array([-1.0, 1.0]), reverse=True)


def in_what_is_recomputed(a):
    jax.checkpoint(lambda b: at_top(b) or b**2)(a)


def in_a_custom_rule(a):
    @jax.custom_jvp
    def rule(b):
        at_top(b)
        return b

    rule.defjvp(lambda given, tangents: (rule(*given), tangents[0]))
    rule(a)


WHERE = [
    at_top,
    in_jit,
    in_vmap,
    in_gradient,
    in_the_first_step_of_a_scan,
    in_the_last_step_of_a_scan_backwards,
    in_what_is_recomputed,
    in_a_custom_rule,
]


@pytest.mark.parametrize("run", WHERE)
def test_a_check_is_found_wherever_the_run_surely_comes_to_it(run):
    checks_of(run)(jnp.float32(0.5))
    with pytest.raises(ValueError, match="a = .*must be finite and positive"):
        checks_of(run)(jnp.float32(-1.0))
    np.testing.assert_array_equal(not_refused(run, list(VALUES)), POSITIVE)
    np.testing.assert_array_equal(passing(run, list(VALUES)), POSITIVE)


def endless(a):
    return jax.lax.while_loop(lambda b: b < jnp.inf, lambda b: b * 0.5, a)


def test_what_checks_need_is_computed_and_no_loop_is_run():
    computed = []

    def run(a):
        at_top(a)
        jax.pure_callback(lambda b: computed.append("unasked") or b, a, a)
        asked = jax.pure_callback(lambda b: computed.append("asked") or b, a, a)
        check_positive("asked", asked)
        check_positive("after the loop", endless(a))

    checks_of(run)(jnp.float32(0.5))
    assert computed == ["asked"]
    assert not passing(run, list(VALUES)).any()  # one check was not made
    np.testing.assert_array_equal(not_refused(run, list(VALUES)), POSITIVE)


def test_what_jax_traced_before_is_traced_again_for_its_checks_and_keeps_its_fingerprint():
    def made():
        inner = jax.jit(lambda b: at_top(b) or jnp.sin(b))  # which jax traces once
        return lambda a: jnp.sum(jax.vmap(inner, 1)(a * jnp.ones((2, 2))))

    half, untouched, used = jnp.float32(0.5), made(), made()
    jax.jit(used)(half)
    with pytest.raises(ValueError, match="a = "):
        checks_of(used)(-half)
    assert jax.jit(used)(half) == jax.jit(untouched)(half)
    assert fingerprint(used, half)[0] == fingerprint(untouched, half)[0]


def test_a_check_that_left_no_word_in_what_was_traced_before_is_known_to_be_missing():
    inner = jax.jit(lambda a: a if is_concrete(a) else 2 * a)
    for _ in range(2):
        assert not passing(lambda p: inner(p["a"]) or None, POINTS).any()


def test_checks_of_more_numbers_than_fit_are_not_made():
    big = lambda p: check_positive("a", p["a"] * jnp.ones(2**23, jnp.float32))
    assert not passing(big, POINTS).any()
    assert not_refused(big, POINTS).all()


def test_numbers_that_all_points_share_count_once():
    shared = jnp.ones(2**23, jnp.float32)

    def positive(a, b):
        require(bool(a * b[0] > 0), "a", a, "must be positive", "raise it")

    run = lambda p: when_known(positive, 2 * jnp.asarray(p["a"]), 2 * shared)
    np.testing.assert_array_equal(not_refused(run, POINTS), POSITIVE)


class Keyed(Cell):
    """Its check looks at one of its leaves, as it is where all numbers are known."""

    value: jax.Array = param()
    key: jax.Array = eqx.field(default=None, kw_only=True)

    def check(self, dt):
        if float(self.value.at[()].multiply(dt)) > 1:
            raise ValueError("Keyed.value: too high")


def test_a_cell_is_made_again_for_its_own_check_whatever_else_it_holds():
    made = lambda v: Keyed(v, key=jax.random.key(1))
    values = [np.float32(0.5), np.float32(2.0)]
    assert not_refused(lambda v: check_cells(made(v), 1.0), values).tolist() == [True, False]
    assert not_refused(lambda dt: check_cells(made(0.6), dt), values).tolist() == [True, False]


def test_a_half_precision_number_is_a_number():
    check_positive("a", jnp.bfloat16(0.5))
    with pytest.raises(ValueError, match="a = -0.5: must be finite and positive"):
        check_positive("a", jnp.bfloat16(-0.5))


class HostOnly(Cell):
    value: jax.Array = param()

    def check(self, dt):
        if jnp.any(self.value > dt):
            raise ValueError("HostOnly.value: must be below dt")


def test_a_check_that_is_written_for_known_numbers_waits_for_them():
    jax.jit(lambda v: check_cells(HostOnly(v), 1.0) or v)(2.0)
    cell = HostOnly(2.0)
    for dt in (1.0, jnp.float32(1.0), np.float32(1.0)):
        with pytest.raises(ValueError, match=r"HostOnly.value"):
            check_cells(cell, dt)
        with pytest.raises(ValueError, match=r"HostOnly.value"):
            jax.jit(lambda v, dt=dt: check_cells(cell, dt) or v)(2.0)
    values = [np.float32(0.5), np.float32(2.0)]
    assert passing(lambda v: check_cells(HostOnly(v), 1.0), values).tolist() == [True, False]
    assert passing(lambda dt: check_cells(HostOnly(1.0), 2 * dt), values).tolist() == [True, True]
    assert passing(lambda dt: check_cells(HostOnly(1.0), dt), values).tolist() == [False, True]
