"""Sparse synapses that work by the spike: a step costs the targets of the neurons that fired, not all synapses.

    a spike of `pre` in step n adds weight[pre, k] to the current of target[pre, k] in step n + delay[pre, k]

Currents of the coming steps wait in a ring. However many neurons fire in a step, each is delivered: `delivered` in the
state counts what went through the loop (see `deliver`), `sent` what came in, and `lost` is their difference. Delays are
taken to the nearest whole step (halves go up), as with the kernel `Nearest`.

For forward runs. Gradients of the weights are right as long as the spikes do not depend on what is differentiated, and
cost the work of all synapses; a silent neuron is never looked at, so the gradient of the spikes would be missing: that
is a TypeError, and `Sparse` or `DelayedSparse` with the same lists is the way to train.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..core import Cell, Tick, check_finite, check_size, is_concrete, param, require, strong
from ..delays import DelayLine, Nearest
from ..gradients import undifferentiable
from .deliver import deliver
from .sparse import Sparse, index_list, padded


class EventSparseState(NamedTuple):
    pending: Float[Array, " slots_of_post"]  # currents of the next steps, slot after slot; of step n in n mod slots
    arriving: Float[Array, " post"]  # the current of the step that comes next
    sent: Int[Array, ""]  # spikes since the run began
    delivered: Int[Array, ""]  # and those of them whose synapses were worked through

    @property
    def lost(self) -> Int[Array, "..."]:
        """Spikes that were not delivered: zero."""
        return self.sent - self.delivered


class EventSparse(Cell):
    """Made by `EventSparse.of`. Can also be the line of a recurrent network (`read`, `write`)."""

    weight: Float[Array, "pre outgoing"] = param()
    target: Int[Array, "pre outgoing"] = eqx.field(converter=index_list)  # number of the neuron, `post` for none
    delay: Float[Array, "..."] = param()  # in the unit of dt; one for all, or [pre, outgoing]
    post: int = eqx.field(static=True, kw_only=True)
    max_delay: int = eqx.field(static=True, kw_only=True)  # steps

    def __check_init__(self):
        check_size("EventSparse.post", self.post, "pass the number of neurons")
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
    def of(cls, synapses: Sparse, delay: Any = 0.0, *, max_delay: int = 0) -> "EventSparse":
        """The same synapses by their outgoing lists; on the host. delay: one number, or of the weights' shape there."""
        rows, columns, weight = synapses.lists()
        delay = np.asarray(strong(delay))
        if delay.ndim == 0:
            (weights,), target = padded(columns, rows, (weight,), synapses.pre, synapses.post)
            return cls(weights, target, delay, post=synapses.post, max_delay=max_delay)
        shape = synapses.weight.shape
        require(delay.shape == shape, "delay.shape", delay.shape, f"must be () or {shape}", "pass one per synapse")
        each = delay[np.asarray(synapses.source) < synapses.pre]
        smallest = each.min(initial=np.inf)  # what a missing synapse is given must pass the check of delays
        (weights, delays), target = padded(columns, rows, (weight, each), synapses.pre, synapses.post)
        delays = np.where(target < synapses.post, delays, smallest if each.size else delays)
        return cls(weights, target, delays, post=synapses.post, max_delay=max_delay)

    @property
    def _line(self) -> DelayLine:
        """Knows what a delay may be."""
        return DelayLine(self.delay, size=self.weight.shape[1], max_delay=self.max_delay, kernel=Nearest())

    @property
    def input_shape(self) -> tuple[int]:
        """Shape of what it takes in a step."""
        return (self.weight.shape[0],)

    def check(self, dt):
        self.check_steps(dt, 0)

    def check_steps(self, dt: float, least: int) -> None:
        """As `DelayLine.check_steps`."""
        self._line.check_steps(dt, least)

    def init(self, key):
        del key
        none, row = jnp.zeros((), jnp.int32), jnp.zeros(self.post)
        return EventSparseState(jnp.zeros((self.max_delay + 1) * self.post), row, none, none)

    def _slot(self, index: Int[Array, ""]) -> tuple[Int[Array, ""]]:
        return (index % (self.max_delay + 1) * self.post,)

    def _delivered(self, state: EventSparseState, x: Float[Array, " pre"], tick: Tick, nxt: int) -> EventSparseState:
        """This step's spikes on their way; `arriving` is the current of `nxt` steps later.

        The slot that is emptied is that of the step before: nothing reads it any more, so the ring is changed in place.
        """
        x = undifferentiable(x, "train with Sparse or DelayedSparse on the same lists")
        old = self._slot(tick.index % (self.max_delay + 1) + self.max_delay)  # that of index - 1
        pending = jax.lax.dynamic_update_slice(state.pending, jnp.zeros_like(state.arriving), old)
        tables = (self.target, self.weight, self.delay)
        pending, sent, delivered = deliver(pending, x, *tables, tick.index, tick.dt, self.post)
        row = jax.lax.dynamic_slice(pending, self._slot(tick.index + nxt), (self.post,))
        return EventSparseState(pending, row, state.sent + sent, state.delivered + delivered)

    def read(self, state: EventSparseState, tick: Tick) -> Float[Array, " post"]:
        """The current of this step, before this step's spikes are written."""
        del tick
        return state.arriving

    def write(self, state: EventSparseState, x: Float[Array, " pre"], tick: Tick) -> EventSparseState:
        """Deliver this step's spikes to later ones."""
        return self._delivered(state, x, tick, 1)

    def step(self, state: EventSparseState, x: Float[Array, " pre"], tick: Tick):
        state = self._delivered(state, x, tick, 0)
        return state, state.arriving
