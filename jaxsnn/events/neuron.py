"""What an event-driven simulation asks of a neuron: a flow in closed form, a jump at an arrival, a reset at a spike.

    x(t + s) = flow(x(t), s)      between events; d flow / ds = field
    x -> receive(x, w)            when a spike arrives over a synapse of weight w
    x -> fire(x)                  when gap(x) = 0, reached from below: a spike

An instance holds its parameters with one leading axis, the neuron; the methods are written for one neuron, whose slice
of the parameters `one` takes out. State is a tuple of scalars.
"""

from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Float, Int, PyTree

State = Any


class EventNeuron(eqx.Module):
    """Base of the neurons that `events` can simulate and `gradients.eventprop` can differentiate."""

    def rest(self) -> State:
        """The state at time zero."""
        raise NotImplementedError

    def flow(self, x: State, s: Float[Array, ""]) -> State:
        """The state after a time s without events."""
        raise NotImplementedError

    def field(self, x: State) -> State:
        """dx/dt."""
        raise NotImplementedError

    def receive(self, x: State, w: Float[Array, ""]) -> State:
        """The state after a spike of weight w arrived."""
        raise NotImplementedError

    def gap(self, x: State) -> Float[Array, ""]:
        """Negative below threshold, zero at a spike."""
        raise NotImplementedError

    def wait(self, x: State) -> Float[Array, ""]:
        """The time until the next spike if nothing arrives, inf if there is none."""
        raise NotImplementedError

    def fire(self, x: State) -> State:
        """The state after a spike."""
        raise NotImplementedError

    def slope(self, x: State) -> Float[Array, ""]:
        """How fast `gap` closes: its derivative along the flow."""
        return jax.jvp(self.gap, (x,), (self.field(x),))[1]


def one(tree: PyTree, n: Int[Array, ""]) -> PyTree:
    """The n-th neuron's part of parameters or states."""
    return jax.tree.map(lambda a: a[n], tree)
