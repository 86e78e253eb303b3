"""A grid is checked at once, and refuses the point that a check of one after the other would refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.timcheck_2022 import STUDY
from jaxsnn import Grid, sweep
from jaxsnn.core import Cell, check_not_negative, param
from jaxsnn.delays import DelayLine
from jaxsnn.engine import Plan, Simulation, simulate
from jaxsnn.networks import Chain
from jaxsnn.noise import WhiteNoise
from jaxsnn.sweeps import Study
from jaxsnn.sweeps.study import as_study, prepare_grid, prepare_point


class Quiet(Cell):
    level: jax.Array = param()

    def __check_init__(self):
        check_not_negative("Quiet.level", self.level)

    def step(self, state, x, tick):
        return state, self.level


def prepare(point):
    if point["a"] > 8:
        raise ValueError("a is too large")
    steps = 0 if point["a"] == 7 else 5
    return Plan({"kind": point.get("kind", "x")}, {"a": float(point["a"]), "dt": point.get("dt", 0.1), "steps": steps})


BUILT = []


def network(point):
    BUILT.append(point)
    return Quiet(point["a"] - 1.0)


TOY = Study("toy", 1, Simulation(network, lambda point, state: {"a": point["a"]}), prepare)


def test_one_build_serves_all_points_that_share_their_sizes():
    BUILT.clear()
    assert len(prepare_grid(TOY, Grid(kind=["x", "y"], a=[1, 2, 3, 4, 5]), {})) == 10
    assert len(BUILT) == 2
    BUILT.clear()
    prepare_grid(TOY, Grid(dt=[0.1, 0.2, 0.4], a=[1, 2, 3, 4, 5]), {})
    assert len(BUILT) == 1


@pytest.mark.parametrize("values", [[1, 0, 9, 7], [1, 9, 0], [1, 7, 0], [2, 3, 7, 0], [0, 7, 9], [1, 2, 3, 0.5]])
def test_the_first_bad_point_is_named_as_alone(values):
    def alone():
        for a in values:
            prepare_point(TOY, {"a": a})

    with pytest.raises(ValueError, match="at the point a = ") as one_by_one:
        alone()
    with pytest.raises(ValueError, match="at the point a = ") as together:
        prepare_grid(TOY, Grid(a=values), {})
    assert str(together.value) == str(one_by_one.value)


def test_the_balanced_network_is_checked_for_many_points_at_once():
    point = {"neurons": 16, "leak": 0.1, "delay": 0.4, **STUDY.constants}
    plans = [prepare_point(STUDY, {**point, "noise": noise}).plan for noise in (0.5, 1.0, 2.0)]
    assert np.all(STUDY.program.passes(plans))
    spoilt = lambda plan, **other: plan._replace(arrays={**plan.arrays, **other})
    late = [spoilt(plan, delay=plan.arrays["delay"] * np.float32(10)) for plan in plans[:2]]
    assert STUDY.program.passes([*plans, *late]).tolist() == [True] * 3 + [False] * 2
    never = [spoilt(plan, first=plan.arrays["steps"]) for plan in plans[:2]]
    assert STUDY.program.passes([*never, *plans]).tolist() == [False] * 2 + [True] * 3


def plain(point, key):
    """A study that is a function: its numbers are traced, and so are those of the cells that it makes."""

    def heard(key):
        line = DelayLine(2 * point["delay"], size=1, max_delay=8)
        return simulate(Chain(line, WhiteNoise(point["noise"], size=1)), jnp.ones((5, 1)), dt=point["dt"], key=key)[1]

    return {"mean": jnp.mean(jax.vmap(heard)(jax.random.split(key, 3)))}


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ({"delay": [1.0, 4.5, 5.0]}, r"at the point.* delay = 4.5.*DelayLine.delay = 9.*in \[0, 8\]"),
        (
            {"noise": [0.5, -0.5]},
            "at the point.* noise = -0.5.*WhiteNoise.sigma = -0.5: must be finite and not negative",
        ),
        ({"dt": [1.0, 0.5, 0.25]}, r"at the point.* dt = 0.25.*DelayLine.delay = 4.*in \[0, 2\]"),
        ({"noise": [-1.0]}, "at the point.* noise = -1.0"),
        ({"noise": [-1.0], "seed": [1, 2, 3]}, "at the point.* noise = -1.0"),
    ],
)
def test_a_plain_function_refuses_the_points_that_its_cells_refuse(axes, words):
    constants = {name: value for name, value in {"delay": 2.0, "noise": 0.1, "dt": 1.0}.items() if name not in axes}
    with pytest.raises(ValueError, match=words):
        prepare_grid(as_study(plain), Grid(**axes), constants)


def test_a_plain_function_is_traced_once_for_all_points_that_pass():
    traced = []

    def run(point, key):
        traced.append(1)
        return plain(point, key)

    values = {"delay": np.linspace(1, 4, 7), "noise": np.linspace(0, 1, 5)}
    assert len(prepare_grid(as_study(run), Grid(**values), {"dt": 1.0})) == 35
    assert len(traced) == 1


def test_a_delay_is_refused_where_dt_is_computed():
    def run(point, key):
        line = DelayLine(point["delay"], size=1, max_delay=8)
        return {"mean": jnp.mean(simulate(line, jnp.ones((5, 1)), dt=point["tau"] / 10, key=key)[1])}

    assert len(prepare_grid(as_study(run), Grid(delay=[4.0, 8.0]), {"tau": 10.0})) == 2
    with pytest.raises(ValueError, match=r"at the point.* delay = 8.0: DelayLine.delay = 8.*steps of dt = 0.5"):
        prepare_grid(as_study(run), Grid(delay=[4.0, 8.0]), {"tau": 5.0})


def test_a_function_that_jax_knew_before_is_checked_all_the_same_and_its_store_fits(tmp_path):
    @jax.jit
    def trial(gain, noise, key):
        cell = Chain(WhiteNoise(noise, size=2), DelayLine(gain[0], size=2, max_delay=8))
        return jnp.mean(simulate(cell, jnp.ones((5, 2)), dt=1.0, key=key)[1])

    def run(point, key):
        return {"mean": jnp.mean(jax.vmap(trial, (1, None, None))(jnp.ones((2, 3)), point["noise"], key))}

    before = sweep(run, Grid(noise=[0.1, 0.2]), key=jax.random.key(0), store=tmp_path / "a")
    trial(jnp.ones(2), jnp.float32(0.1), jax.random.key(0))
    after = sweep(run, Grid(noise=[0.1, 0.2]), key=jax.random.key(0), store=tmp_path / "a")
    np.testing.assert_array_equal(before["mean"], after["mean"])
    with pytest.raises(ValueError, match="at the point noise = -0.2: WhiteNoise.sigma"):
        prepare_grid(as_study(run), Grid(noise=[0.1, -0.2]), {})


@pytest.mark.parametrize("error", [TypeError, KeyError, RuntimeError])
def test_a_function_that_cannot_be_traced_is_left_to_say_so_when_it_runs(error):
    def run(point, key):
        raise error("of its own")

    assert len(prepare_grid(as_study(run), Grid(a=[1.0, 2.0]), {})) == 2
