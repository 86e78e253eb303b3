"""Recipes that the constructors of trained networks take: what makes a neuron, a synapse, a readout of a given size.

    neuron      size -> Cell                 `spiking_neurons()`; size: a number, or (channel, height, width)
    synapse     (weight, key) -> Cell        `dense_synapses` or `delayed_synapses(max_delay)`
    readout     classes -> Cell, or None     None: the last synapse's current is the output of every step
    weights     (key, shape) -> array        `layers.kaiming_uniform`

Time is counted in steps: run these networks with dt = 1.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import jax
from jaxtyping import Array, Float

from ..core import Cell, Shape, as_tuple, check_between, check_key, check_size, require
from ..delays import Kernel, Linear
from ..gradients import ArcTan, SpikeRule
from ..layers import Dropout, Norm, kaiming_uniform
from ..neurons import DiscreteIntegrator, DiscreteLIF
from ..synapses import DelayedDense, Dense

Neuron = Callable[[Shape], Cell]
Synapse = Callable[[Array, Array], Cell]
Weights = Callable[[Array, tuple[int, ...]], Array]


def spiking_neurons(
    beta: Any = 0.5,
    *,
    threshold: Any = 1.0,
    rule: Callable[[], SpikeRule] = ArcTan,
    reset: str = "zero",
    detach_reset: bool = False,
) -> Neuron:
    """Neurons of the per-step form; `rule()` makes a spike rule for each layer, so each has parameters of its own."""
    return lambda size: DiscreteLIF(beta, threshold, rule(), size=size, reset=reset, detach_reset=detach_reset)


def leaky_readout(beta: Any = 0.9) -> Callable[[int], Cell]:
    """A leaky readout."""
    return lambda size: DiscreteIntegrator(beta, size=size)


def dense_synapses(weight: Float[Array, "post pre"], key: Array) -> Cell:
    """Synapses without delays."""
    del key
    return Dense(weight)


def delayed_synapses(
    max_delay: int, kernel: Callable[[], Kernel] = Linear, *, least: float = 0.0, per: str = "synapse"
) -> Synapse:
    """Synapses whose delays begin uniform on [least, max_delay] steps; per="synapse", "input" or "layer".

    In a loop pass least=1, the shortest delay there is.
    """
    shapes = {"synapse": lambda shape: shape, "input": lambda shape: shape[1:], "layer": lambda shape: ()}
    require(per in shapes, "per", per, f"must be one of {tuple(shapes)}", "pass one of them")
    check_size("max_delay", max_delay, "pass the longest delay in steps")
    check_between("least", least, 0, max_delay, "pass the shortest delay in steps")

    def make(weight: Float[Array, "post pre"], key: Array) -> Cell:
        delay = jax.random.uniform(key, shapes[per](weight.shape), minval=least, maxval=max_delay)
        return DelayedDense(weight, delay, max_delay=max_delay, kernel=kernel())

    return make


@dataclass
class Recipe:
    """What the constructors share. Every array comes from `key` and its number in the network."""

    key: Any
    neuron: Neuron = field(default_factory=spiking_neurons)
    synapse: Synapse = dense_synapses
    readout: Callable[[int], Cell] | None = None
    weights: Weights = kaiming_uniform
    norm: bool = True
    gain: Any = 1.0
    dropout: float = 0.0

    def __post_init__(self):
        check_key("key", self.key)
        check_between("dropout", self.dropout, 0, 1, "pass the share of spikes to lose, such as 0.4")
        self.keys: Iterator[Array] = (jax.random.fold_in(self.key, n) for n in count())

    def weight(self, *shape: int) -> Array:
        return self.weights(next(self.keys), shape)

    def normed(self, features: int) -> list[Cell]:
        """Batch norm in its training mode, or nothing."""
        return [Norm(features, axis="batch", gain=self.gain)] if self.norm else []

    def spikes(self, size: Shape) -> list[Cell]:
        return [*self.normed(as_tuple(size)[0]), self.neuron(size)]

    def thinned(self, size: Shape) -> list[Cell]:
        cells: list[Cell] = []
        if self.dropout > 0:
            cells.append(Dropout(self.dropout, size=size))
        return cells

    def dense(self, pre: int, post: int) -> Cell:
        return self.synapse(self.weight(post, pre), next(self.keys))

    def head(self, sizes: Sequence[int]) -> list[Cell]:
        """Hidden layers from the first size on, the last size being the number of classes."""
        cells: list[Cell] = []
        for pre, post in zip(sizes[:-2], sizes[1:-1], strict=True):
            cells += [self.dense(pre, post), *self.spikes(post), *self.thinned(post)]
        cells.append(self.dense(*sizes[-2:]))
        return cells if self.readout is None else [*cells, self.readout(sizes[-1])]


def check_sizes(sizes: Any) -> None:
    known = isinstance(sizes, Sequence) and not isinstance(sizes, str) and len(sizes) >= 2
    require(known, "sizes", sizes, "must be a list of at least two sizes", "pass (inputs, hidden, ..., classes)")
    for place, size in enumerate(sizes):
        check_size(f"sizes[{place}]", size)
