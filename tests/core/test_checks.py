"""Checks of many points at once: as strict as one by one, whatever the check looks like."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Cell, check_between, check_positive, is_concrete, param, passing, require, when_known

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
