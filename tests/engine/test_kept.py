"""Traces of this library's networks are kept; whatever a user wrote is looked at anew in every sweep."""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Cell
from jaxsnn.engine import Plan, Simulation
from jaxsnn.engine.kept import own
from jaxsnn.networks import Chain, Constant
from jaxsnn.neurons import LIF
from jaxsnn.readouts import Rate, Score
from jaxsnn.sweeps import Grid, Study, sweep
from tests.catalogue import CELLS

GAIN = 1.0
every_cell = pytest.mark.parametrize("entry", CELLS, ids=[entry.name for entry in CELLS])


class Pair(NamedTuple):
    a: int
    b: int


class Louder(LIF):
    """Of a user."""


class Scaled(Cell):
    """What it computes hangs on a function, and on a global of the user's."""

    by: Callable = eqx.field(static=True, default=abs)

    def init(self, key):
        return ()

    def step(self, state, x, tick):
        return state, self.by(x) * GAIN


@every_cell
def test_every_cell_of_the_library_is_its_own(entry):
    assert own(entry.make())


@pytest.mark.parametrize(
    "value",
    [
        Louder(size=1),
        Scaled(),
        Chain(Constant([1.0]), Louder(size=1)),
        Pair(1, 2),
        lambda x: x,
        {"a": [Louder]},
        object(),
    ],
    ids=["subclass", "cell", "within", "tuple", "function", "class", "object"],
)
def test_nothing_of_a_user_is(value):
    assert not own(value)


def spikes(between=()):
    """Of neurons with two time constants, by a network of the library and cells of a user's between its parts."""
    neurons = lambda point: Score(LIF(point["tau"], size=1), {"rate": Rate("output", shape=(1,))})
    network = lambda point: Chain(Constant([1.5]), *between, neurons(point))
    result = lambda point, state: {"count": state[-1].meters["rate"].count}
    plan = lambda point: Plan({"steps": 40}, {"tau": point["tau"], "dt": 1.0})
    found = sweep(Study("spikes", 1, Simulation(network, result, block=10), plan), Grid(tau=[3.0, 6.0]), key=KEY)
    return found["count"].values.ravel()


KEY = jax.random.key(0)


def test_what_a_global_of_a_user_changes_is_changed_in_the_next_sweep(monkeypatch):
    before = spikes([Scaled()])
    monkeypatch.setattr(f"{__name__}.GAIN", 3.0)
    assert np.all(spikes([Scaled()]) > before)


def test_a_network_of_the_library_is_traced_once_and_gives_the_same_numbers(monkeypatch):
    traced, step = [], LIF.step
    monkeypatch.setattr(LIF, "step", lambda self, state, x, tick: traced.append(1) or step(self, state, x, tick))
    first = spikes()
    assert traced
    traced.clear()
    np.testing.assert_array_equal(spikes(), first)
    assert not traced
    np.testing.assert_array_equal(spikes([Scaled(jnp.abs)]), first)  # GAIN = 1: nothing is changed on the way
    assert traced
