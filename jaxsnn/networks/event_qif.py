"""A network of oscillating quadratic integrate-and-fire neurons in continuous time, with pseudospikes.

    tau dv/dt = v (v - 1) + drive      v_n -> v_n + weight[n, m] at t + delay[n, m], for each spike of m at t
    v = +inf: a spike, v -> -inf       v(0) = start, drive > 1/4

A spike of such a neuron cannot be pushed under a threshold: when a parameter changes it only moves, and so it appears
and vanishes at the end of the trial, where it has no effect (Klos & Memmesheimer, arXiv 2309.14523: idea and model;
equations in `events.qif`). To keep its time defined there, the neuron is thought to oscillate on after the trial: with
phase psi at t_end, n spikes within the trial and a free period P,

    spike n + k is at  t_end + k P - psi        k = 1, 2, ...        pseudospikes: all later than t_end, sent to nobody

so a neuron that is silent in the trial has spike times, and gradients, too. These pseudospikes, without interaction,
are those of a phase oscillator in the authors' code; there the jump that a spike makes in *other* neurons when it
crosses the end is bridged by a rate network. With delays another bridge is natural, and it is ours: a spike sent at t
in the trial whose arrival t + d would lie after it acts at t_end with the part of its weight

    w (t_end - t) / d                    t <= t_end < t + d

which is w for an arrival at t_end and 0 for a spike sent at t_end. So every time in `times` is a continuous function of
all weights, delays and input times, over every crossing of t_end by a spike or by an arrival, if the delays are
positive. It has kinks where something crosses t_end and where two arrivals at one neuron change places, and is smooth
elsewhere. (A synapse with delay zero has no bridge.)
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..core import check_finite, check_positive, check_size, param, require, strong, when_known
from ..events import (
    OscillatoryQIF,
    SpikeTimes,
    Wiring,
    check_inputs,
    check_network,
    connect,
    in_one_dtype,
    most_events,
    optional,
    sane_inputs,
)
from ..gradients import event_times


class EventQIF(eqx.Module):
    """Call it with input spike times and the end of the trial; one sample, vmap for more.

    `times` [neuron, spike] holds `count` spikes of the trial and then pseudospikes, so it is always full and finite;
    `final` holds the phases at t_end. spikes, max_events as in `EventLIF`.
    """

    weight_in: Float[Array, "neuron input"] = param()  # units of v
    weight_rec: Float[Array, "neuron neuron"] | None = eqx.field(converter=optional, default=None)
    delay_in: Float[Array, "..."] = param(1.0)  # (), [input] or [neuron, input]
    delay_rec: Float[Array, "..."] = param(1.0)  # (), [neuron] or [neuron, neuron], [post, pre]
    tau: Float[Array, "..."] = param(10.0)  # this and the following: () or [neuron]
    drive: Float[Array, "..."] = param(1.25)
    start: Float[Array, "..."] = param(0.0)  # v at time zero
    spikes: int = eqx.field(static=True, default=8, kw_only=True)
    max_events: int | None = eqx.field(static=True, default=None, kw_only=True)

    def __check_init__(self):
        check_network(self, "tau", "drive", "start")
        check_positive("EventQIF.tau", self.tau)
        check_finite("EventQIF.start", self.start)
        check_finite("EventQIF.drive", self.drive)
        remedy = "without it the neuron does not oscillate: pass a larger one"
        over = lambda drive: require(
            bool(np.all(np.asarray(drive) > 1 / 4)), "EventQIF.drive", drive, "must exceed 1/4", remedy
        )
        when_known(over, self.drive)
        check_size("EventQIF.spikes", self.spikes)
        if self.max_events is not None:
            check_size("EventQIF.max_events", self.max_events)

    def __call__(self, input_times: Any, t_end: Any) -> SpikeTimes:
        """Simulate up to t_end, in the unit of tau; input_times [input, spike] and bad input as in `EventLIF`."""
        input_times, t_end = strong(input_times), strong(t_end)
        self.__check_init__()  # an optimiser or tree_at may have changed what the constructor saw
        check_inputs(self, input_times, t_end)
        neurons = self.weight_in.shape[0]
        parts = [jnp.broadcast_to(p, (neurons,)) for p in (self.tau, self.drive, self.start)]
        wiring, input_times, t_end, parts = in_one_dtype(connect(self), input_times, t_end, parts)
        model = OscillatoryQIF(*parts)
        sane = sane_inputs(input_times, t_end, wiring) & jnp.all((model.tau > 0) & (model.drive > 1 / 4))
        sane &= jnp.all(jnp.isfinite(model.start))
        bound = most_events(neurons, input_times.size, self.spikes, self.weight_rec is not None)
        end, slope = jnp.where(sane, t_end, -jnp.inf), jnp.zeros((), t_end.dtype)
        out = event_times(model, wiring, input_times, end, slope, self.spikes, self.max_events or bound)
        times = _with_pseudospikes(model, wiring, input_times, t_end, out)
        return out._replace(times=jnp.where(sane, times, jnp.nan), complete=out.complete & sane)


def _with_pseudospikes(model: OscillatoryQIF, wiring: Wiring, input_times, t_end, out: SpikeTimes):
    phase = jax.vmap(lambda model, x, w: model.receive(x, w)[0])(
        model, out.final, _in_flight(wiring, input_times, t_end, out.times)
    )
    ordinal = jnp.arange(out.times.shape[1], dtype=jnp.int32)[None]
    ordinary = ordinal < out.count[:, None]
    later = (ordinal - out.count[:, None] + 1).astype(phase.dtype)
    pseudo = t_end + later * model.period[:, None] - phase[:, None]
    return jnp.where(ordinary, out.times, pseudo)


def _in_flight(wiring: Wiring, input_times, t_end, times):
    """For each neuron, the sum of the shares of those weights whose spikes are on their way at t_end."""
    sources, inputs = wiring.delay.shape[1], input_times.shape[0]
    share = jnp.zeros(wiring.delay.shape, wiring.delay.dtype)
    share = share.at[:, :inputs].add(_shares(wiring.delay[:, :inputs], input_times, t_end))
    if sources > inputs:
        share = share.at[:, inputs:].add(_shares(wiring.delay[:, inputs:], times, t_end))
    return jnp.sum(wiring.weight * share, axis=1)


def _shares(delay, times, t_end):
    """Summed over the spikes of each source: [neuron, source]."""
    sent = (times <= t_end)[None]
    since = t_end - jnp.where(sent, times[None], t_end)
    travels = sent & (since < delay[:, :, None])
    return jnp.sum(jnp.where(travels, since / jnp.where(travels, delay[:, :, None], 1), 0), axis=2)
