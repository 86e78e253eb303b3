"""A cell that replays a record, so that a meter can be held against numpy on the whole of it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxsnn.core import Cell
from jaxsnn.engine.simulate import nothing, simulate
from jaxsnn.readouts import Score

STEPS = 180
BLOCKS = [1, 7, STEPS]
WINDOWS = [(0, STEPS), (13, 151)]
DT = 0.1


class Replay(Cell):
    """Gives out what comes in."""

    def step(self, state, x, tick):
        del tick
        return state, x

    def unroll(self, state, xs, span):
        del span
        return state, xs


class Shown(NamedTuple):
    """A record with the fields of a balanced network."""

    spikes: np.ndarray  # [time, neuron]
    v: np.ndarray  # [time, neuron]
    count: np.ndarray  # [time]
    arrived: np.ndarray  # [time]
    error: np.ndarray  # [time, signal]


def shown(steps=STEPS, neurons=5, seed=0, delay=4) -> Shown:
    """Random spikes, one neuron silent and one with a single spike, in float32."""
    rng = np.random.default_rng(seed)
    chance = np.linspace(0.02, 0.2, neurons)
    spikes = (rng.random((steps, neurons)) < chance).astype(np.float32)
    spikes[:, 0] = 0
    spikes[:, 1] = 0
    spikes[steps // 2, 1] = 1
    count = spikes.sum(1)
    arrived = np.concatenate([np.zeros(delay - 1, np.float32), count])[:steps]
    v = rng.normal(size=(steps, neurons)).cumsum(0) * 0.2 + rng.normal(size=(steps, 1))
    return Shown(spikes, v.astype(np.float32), count, arrived, rng.normal(size=(steps, 2)).astype(np.float32))


def metered(meter, record, *, block=None, dt=DT, **options):
    """State of the meter after it has seen the record."""
    record = jax.tree.map(jnp.asarray, record)
    final, _ = simulate(
        Score(Replay(), {"meter": meter}),
        record,
        dt=dt,
        key=jax.random.key(0),
        block=block,
        record=nothing,
        **options,
    )
    return final.meters["meter"]


def close(ours, theirs, rtol=2e-5, atol=1e-6):
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=rtol, atol=atol)
