"""Spikes per event in a network whose inhibition is delayed.

An event starts at a step with spikes while no inhibition is in flight: every spike sent so far has arrived. The spikes
that follow until the next start, fired before or while the inhibition travels, belong to it: they are spurious.

    in flight before step n = spikes sent in steps < n - spikes arrived by the end of steps < n
    lambda_emp = spikes / events - 1

Only whole events count: from the first start in the window to the last, whose own event has no known end and is left
out. So spikes and events are counted over the same stretch, and the spikes of an event that began before the window
belong to no counted event. Fewer than two starts give NaN. Integers throughout: exact up to 2^31 - 1 spikes, and
without a gradient. The meter must see the run from its first step: it has to know what is in flight. (A scan of these
few integers is three times cheaper in a sweep than cumulative sums over the block.)
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..core import Span, Tick
from .accumulate import float_type
from .score import Seen
from .window import Meter


class EventsState(NamedTuple):
    in_flight: Int[Array, ""]  # spikes whose inhibition has not arrived
    starts: Int[Array, ""]  # events begun in the window
    spikes: Int[Array, ""]  # of the events that are over
    pending: Int[Array, ""]  # spikes since the last start

    @property
    def events(self) -> Int[Array, ""]:
        """Number of whole events."""
        return jnp.maximum(self.starts - 1, 0)

    @property
    def lambda_emp(self) -> Float[Array, ""]:
        """Spurious spikes per event."""
        return (self.spikes - self.events).astype(float_type()) / self.events.astype(float_type())


class Events(Meter):
    """Events and their spikes. of: path of the spikes sent per step; arrived: of those arriving at its end."""

    of: str = eqx.field(static=True, default="output.count")
    arrived: str = eqx.field(static=True, default="output.arrived")

    def init(self, key: Array) -> EventsState:
        del key
        zero = jnp.zeros((), jnp.int32)
        return EventsState(zero, zero, zero, zero)

    def unroll(self, state: EventsState, xs: Seen, span: Span) -> tuple[EventsState, tuple]:
        sent = jnp.round(self.values(xs, ())).astype(jnp.int32)
        arrived = jnp.round(self.values(xs, (), self.arrived)).astype(jnp.int32)
        inside = self.weights(span.indices) > 0

        def one(state: EventsState, now, tick: Tick):
            del tick
            sent, arrived, inside = now
            start = (sent > 0) & (state.in_flight == 0) & inside
            counted = jnp.where(inside & (start | (state.starts > 0)), sent, 0)
            return EventsState(
                state.in_flight + sent - arrived,
                state.starts + start.astype(jnp.int32),
                state.spikes + jnp.where(start, state.pending, 0),
                jnp.where(start, 0, state.pending) + counted,
            ), ()

        return span.part(()).each(one, state, (sent, arrived, inside))
