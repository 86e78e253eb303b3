"""A small network whose statistics are known: an Ornstein-Uhlenbeck process, its variance over a window of steps.

variance = sigma^2 / (2 rate)
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxsnn.core import Cell, decay, param
from jaxsnn.engine import Plan, Program, Simulation
from jaxsnn.sweeps import Grid, Study


class Walk(NamedTuple):
    x: jax.Array
    squares: jax.Array  # sum over the window
    weight: jax.Array  # steps in the window


class Ornstein(Cell):
    rate: jax.Array = param()
    sigma: jax.Array = param()
    last: jax.Array = param()
    copies: int = 1

    def init(self, key):
        zeros = jnp.zeros(self.copies)
        return Walk(self._width() * jax.random.normal(key, (self.copies,)), zeros, jnp.int32(0))

    def _width(self):
        return self.sigma / jnp.sqrt(2 * self.rate)

    def draw(self, stream, steps):
        return jax.vmap(lambda t: jax.random.normal(jax.random.fold_in(stream, t), (self.copies,)))(steps)

    def step(self, state, x, tick):
        e = decay(self.rate, tick.dt)
        new = state.x * e + self._width() * jnp.sqrt(1 - e * e) * tick.noise
        inside = tick.index < self.last.astype(jnp.int32)
        squares = state.squares + jnp.where(inside, new * new, jnp.zeros_like(new))
        return Walk(new, squares, state.weight + inside.astype(jnp.int32)), ()


def network(point):
    return Ornstein(point["rate"], point["sigma"], point["last"], point["copies"])


def result(point, state):
    return {
        "variance": jnp.mean(state.squares) / state.weight.astype(jnp.float32),
        "steps": state.weight,  # an integer, exact in the data
        "each": state.squares,  # an axis of its own
        "x": state.x[0],
    }


program = Simulation(network, result, block=10)


def prepare(point):
    """dt follows the rate; so does the noise class. Long runs for slow processes."""
    if point["sigma"] < 0:
        raise ValueError(f"sigma = {point['sigma']}: must not be negative; pass zero or more")
    dt = 0.2 / point["rate"]
    steps = round(point.get("duration", 20.0) / dt)
    arrays = {"rate": point["rate"], "sigma": point["sigma"], "dt": dt, "steps": steps, "last": float(steps)}
    return Plan({"copies": int(point.get("copies", 1))}, arrays, {"dt": dt, "copies": point.get("copies", 1)})


STUDY = Study(
    name="ornstein",
    version=1,
    program=program,
    prepare=prepare,
    constants={"duration": 20.0},
    chunk=4,
    segment=100,
    updates=lambda point: point["copies"] * float(point["steps"]),
)
GRID = Grid(sigma=[0.5, 1.0, 2.0], rate=[0.5, 1.0, 4.0], seed=3)  # 50, 100 and 400 steps; one program


def plain(point, key):
    """A study that is a plain function."""
    draws = jax.random.normal(key, (100,))
    return {"mean": point["shift"] + point["scale"] * jnp.mean(draws), "draw": draws[0]}


PLAIN_GRID = Grid(shift=[0.0, 1.0], scale="1:100:5:log", seed=2)


class Holder(Program):
    """Its carry is the point's own number, twice, and the key."""

    def steps(self, point):
        return int(point["steps"])

    def begin(self, point, key):
        return {"a": point["a"], "again": point["a"], "key": key}

    def advance(self, point, key, carry, start, steps):
        kept = jax.random.fold_in(carry["key"], start)
        return {"a": carry["a"] + point["a"], "again": carry["again"], "key": kept}

    def finish(self, point, carry):
        return {"sum": carry["a"], "again": carry["again"], "draw": jax.random.normal(carry["key"])}


HOLDER = Study("holder", 1, Holder(), lambda p: Plan({}, {"a": p["a"], "steps": p["steps"]}), segment=10)
HOLDER_GRID = Grid(a=[1.0, 2.0, 3.0], steps=[10, 30], seed=2)
