"""Sparse synapses that work by the spike: a step costs the targets of the neurons that fired, not all synapses.

    a spike of `pre` in step n adds weight[pre, k] to the current of target[pre, k] in step n + delay[pre, k]

Currents of the coming steps wait in a ring. At most `capacity` spikes are delivered in a step, in the order of neurons;
`lost` in the state counts those beyond it, and has to be zero for a run to be right. Delays are taken to the nearest
whole step (halves go up), as with the kernel `Nearest`.

For forward runs. Gradients of the weights are right as long as the spikes do not depend on what is differentiated; a
silent neuron is never looked at, so the gradient of the spikes would be missing: that is a TypeError, and `Sparse` or
`DelayedSparse` with the same lists is the way to train.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..core import Cell, Tick, check_finite, check_size, is_concrete, param, require, strong
from ..delays import DelayLine, Nearest, in_steps
from ..gradients import undifferentiable
from .sparse import Sparse, index_list, padded


class EventSparseState(NamedTuple):
    pending: Float[Array, "slot post"]  # currents of this step and the next ones; that of step n in slot n mod slots
    lost: Int[Array, ""]  # spikes that were not delivered, since the run began


class EventSparse(Cell):
    """Made by `EventSparse.of`. Can also be the line of a recurrent network (`read`, `write`)."""

    weight: Float[Array, "pre outgoing"] = param()
    target: Int[Array, "pre outgoing"] = eqx.field(converter=index_list)  # number of the neuron, `post` for none
    delay: Float[Array, "..."] = param()  # in the unit of dt; one for all, or [pre, outgoing]
    post: int = eqx.field(static=True, kw_only=True)
    max_delay: int = eqx.field(static=True, kw_only=True)  # steps
    capacity: int = eqx.field(static=True, kw_only=True)  # spikes of one step

    def __check_init__(self):
        check_size("EventSparse.post", self.post, "pass the number of neurons")
        check_size("EventSparse.capacity", self.capacity, "pass the most spikes that may be in one step")
        shape, lists, given = self.weight.shape, self.target.shape, self.delay.shape
        require(len(shape) == 2, "EventSparse.weight.shape", shape, "must be (pre, outgoing)", "add the missing axis")
        require(lists == shape, "EventSparse.target.shape", lists, f"must be that of weight, {shape}", "one per weight")
        remedy = "pass one delay, or one per synapse"
        require(given in ((), shape), "EventSparse.delay.shape", given, f"must be () or {shape}", remedy)
        check_finite("EventSparse.weight", self.weight)
        if is_concrete(self.target):
            target = np.asarray(self.target)
            bad = target[(target < 0) | (target > self.post)]
            allowed = f"must lie in 0 ... {self.post - 1}, or be {self.post} for no synapse"
            require(bad.size == 0, "EventSparse.target", bad[:5], allowed, "count from 0, or raise post")
        _ = self._line  # checks the rest

    @classmethod
    def of(cls, synapses: Sparse, delay: Any = 0.0, *, max_delay: int = 0, capacity: int) -> "EventSparse":
        """The same synapses by their outgoing lists; on the host. delay: one number, or of the weights' shape there."""
        rows, columns, weight = synapses.lists()
        delay = np.asarray(strong(delay))
        if delay.ndim == 0:
            (weights,), target = padded(columns, rows, (weight,), synapses.pre, synapses.post)
            return cls(weights, target, delay, post=synapses.post, max_delay=max_delay, capacity=capacity)
        shape = synapses.weight.shape
        require(delay.shape == shape, "delay.shape", delay.shape, f"must be () or {shape}", "pass one per synapse")
        each = delay[np.asarray(synapses.source) < synapses.pre]
        smallest = each.min(initial=np.inf)  # what a missing synapse is given must pass the check of delays
        (weights, delays), target = padded(columns, rows, (weight, each), synapses.pre, synapses.post)
        delays = np.where(target < synapses.post, delays, smallest if each.size else delays)
        return cls(weights, target, delays, post=synapses.post, max_delay=max_delay, capacity=capacity)

    @property
    def _line(self) -> DelayLine:
        """Knows what a delay may be."""
        return DelayLine(self.delay, size=self.weight.shape[1], max_delay=self.max_delay, kernel=Nearest())

    def check(self, dt):
        self.check_steps(dt, 0)

    def check_steps(self, dt: float, least: int) -> None:
        """As `DelayLine.check_steps`."""
        self._line.check_steps(dt, least)

    def init(self, key):
        del key
        return EventSparseState(jnp.zeros((self.max_delay + 1, self.post)), jnp.zeros((), jnp.int32))

    def _delivered(self, state: EventSparseState, x: Float[Array, " pre"], tick: Tick) -> EventSparseState:
        x = undifferentiable(x, "train with Sparse or DelayedSparse on the same lists")
        fired, slots, pre = x != 0, self.max_delay + 1, self.weight.shape[0]
        active = jnp.nonzero(fired, size=self.capacity, fill_value=pre)[0].astype(jnp.int32)
        row = lambda table, fill: table.at[active].get(mode="fill", fill_value=fill)
        steps = jnp.floor(in_steps(self.delay, tick.dt) + 0.5).astype(jnp.int32)
        steps = jnp.clip(row(steps, 0) if steps.ndim else steps, 0, self.max_delay)
        target = row(self.target, self.post)
        slot = jnp.broadcast_to((tick.index + steps) % slots, target.shape)
        currents = row(x, 0.0)[:, None] * row(self.weight, 0.0)
        lost = jnp.maximum(jnp.sum(fired, dtype=jnp.int32) - self.capacity, 0)
        return EventSparseState(state.pending.at[slot, target].add(currents, mode="drop"), state.lost + lost)

    def read(self, state: EventSparseState, tick: Tick) -> Float[Array, " post"]:
        """The current of this step, before this step's spikes are written."""
        return state.pending[tick.index % (self.max_delay + 1)]

    def _forgotten(self, state: EventSparseState, tick: Tick) -> EventSparseState:
        return state._replace(pending=state.pending.at[tick.index % (self.max_delay + 1)].set(0))

    def write(self, state: EventSparseState, x: Float[Array, " pre"], tick: Tick) -> EventSparseState:
        """Deliver this step's spikes to later ones."""
        return self._delivered(self._forgotten(state, tick), x, tick)

    def step(self, state: EventSparseState, x: Float[Array, " pre"], tick: Tick):
        state = self._delivered(state, x, tick)
        return self._forgotten(state, tick), self.read(state, tick)
