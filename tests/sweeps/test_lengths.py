"""A point makes exactly its own steps, whatever else is in its grid and however that is cut."""

import jax
import numpy as np
import pytest

from jaxsnn.engine import Plan, Simulation, run_program
from jaxsnn.sweeps import Grid, Study, sweep

from .toys import network

LENGTHS = [1, 7, 20, 50, 105, 333]  # of blocks of 10 and segments of 100, or less
NUMBERS = {"rate": 1.0, "dt": 0.1, "last": 1e9}  # its meters never end by themselves
PROGRAM = Simulation(network, lambda point, state: {"made": state.weight, "x": state.x[0]}, block=10)


def study(*static):
    """These are static, the rest traced."""

    def prepare(point):
        point = {**NUMBERS, **point}
        return Plan({"copies": 1, **{name: point.pop(name) for name in static}}, point)

    return Study("lengths", 1, PROGRAM, prepare, segment=100)


@pytest.mark.parametrize("options", [{}, {"chunk": 1}, {"independent": True}], ids=str)
def test_points_of_many_lengths_are_what_they_are_alone(options, getkey):
    key = getkey()
    together = sweep(study(), Grid(sigma=1.0, steps=LENGTHS), key=key, **options)
    assert together["made"].values.ravel().tolist() == LENGTHS
    for steps in (7, 105, 333):
        alone = sweep(study(), Grid(sigma=1.0, steps=steps), key=key, **options)
        same = together["x"].sel(steps=steps).values.ravel()
        np.testing.assert_allclose(alone["x"].values.ravel(), same, rtol=1e-5)


@pytest.mark.parametrize("steps", [35, 250, 400])
def test_a_length_may_be_traced_or_static(steps, getkey):
    grid, key = Grid(sigma=[1.0, 2.0], steps=steps), getkey()
    traced, static = (sweep(of, grid, key=key) for of in (study(), study("steps")))
    assert np.all(static["made"].values == steps)
    np.testing.assert_allclose(static["x"].values, traced["x"].values, rtol=1e-5)


def test_a_single_run_makes_its_own_steps_too(getkey):
    found = run_program(PROGRAM, Plan({"copies": 1}, {**NUMBERS, "sigma": 1.0, "steps": 35}), key=getkey(), segment=20)
    assert int(found["made"]) == 35


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"steps": 100.7}, "steps = 100.7: must be a whole number"),
        ({"steps": "100"}, "steps = '100': must be a whole number"),
        ({"dt": 0.0}, "dt = 0.*: must be finite and positive"),
        ({"dt": -0.1}, "dt = -0.1: must be finite and positive"),
    ],
    ids=str,
)
def test_lengths_and_steps_of_no_sense_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        sweep(study("steps"), Grid(sigma=[1.0, 2.0]), key=jax.random.key(0), constants={"steps": 100, **given})
