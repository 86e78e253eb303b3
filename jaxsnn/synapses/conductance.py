"""Conductance synapses: a spike opens channels, and the current depends on the neuron's own potential.

    g_c[post] = (what channel c makes of the spikes)[post]          i[post] = sum_c g_c (reversal_c - v)

The current needs v, so synapse and membrane share the work: `Conductances` turns spikes into a row of conductances per
channel, and `neurons.ConductanceLIF` integrates its membrane under them, exactly while they are constant over a step.

    Chain(Conductances(Chain(Dense(excitatory), Exponential(5.0, size=n)),
                       Chain(Dense(inhibitory), Alpha(10.0, size=n))), ConductanceLIF(size=n))

Weights of a channel should not be negative: inhibition is a channel with a low reversal potential, and a total
conductance below zero is a membrane that runs away.
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import Cell, Span, Tick, require, substreams


class Conductances(Cell):
    """`Conductances(a, b)`: all channels, cells that emit [post], see the same spikes. Emits [channel, post].

    The order of the channels is that of the neuron's `reversal`.
    """

    channels: tuple[Cell, ...]

    def __init__(self, *channels: Any):
        self.channels = channels

    def __check_init__(self):
        kinds = [type(channel).__name__ for channel in self.channels]
        are_cells = bool(kinds) and all(isinstance(channel, Cell) for channel in self.channels)
        remedy = "pass one synapse per reversal potential"
        require(are_cells, "Conductances.channels", str(kinds), "must be one or more cells", remedy)

    def init(self, key):
        keys = substreams(key, len(self.channels))
        return tuple(channel.init(key) for channel, key in zip(self.channels, keys, strict=True))

    def draw(self, stream, steps):
        streams = substreams(stream, len(self.channels))
        return tuple(channel.draw(stream, steps) for channel, stream in zip(self.channels, streams, strict=True))

    def step(self, state: tuple, x: PyTree, tick: Tick) -> tuple[tuple, Float[Array, "channel post"]]:
        parts = zip(self.channels, state, tick.noise, strict=True)
        after, gs = zip(*(c.step(held, x, tick._replace(noise=noise)) for c, held, noise in parts), strict=True)
        return after, jnp.stack(gs)

    def unroll(self, state: tuple, xs: PyTree, span: Span) -> tuple[tuple, Float[Array, "time channel post"]]:
        parts = zip(self.channels, state, span.noise, strict=True)
        after, gs = zip(*(c.unroll(held, xs, span.part(noise)) for c, held, noise in parts), strict=True)
        return after, jnp.stack(gs, axis=1)
