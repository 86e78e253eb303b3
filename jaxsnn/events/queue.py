"""The event loop: whose event is next, what it does, and a log of all of them.

A source is an input or a neuron. Spikes of one source reach one neuron in the order in which they were emitted, since
the delay belongs to the synapse; so a pointer for each synapse is the whole queue. A neuron's next event is its
earliest arrival or, if that is sooner, the crossing that is due if nothing arrives. The earliest over all neurons
happens, touches that neuron only, and its next crossing is computed anew: O(neurons + sources) and one root a time.

An event at the very end of the trial belongs to it; what would happen later does not. At equal times a neuron fires
before it receives.

Memory: the log, O(events); one spike of a neuron is 1 + (number of neurons) events. Capacities are static; what does
not fit is counted. The loop runs in blocks of events and ends early, in the block in which the trial ends; under vmap
a batch takes as many blocks as its busiest member.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from .neuron import EventNeuron, one
from .tables import add, write

BLOCK = 32
SPIKE = -1  # stands for the source, in the log, where the neuron itself fired


class Wiring(NamedTuple):
    """Sources are the inputs and then, if the network is recurrent, its neurons."""

    weight: Float[Array, "neuron source"]
    delay: Float[Array, "neuron source"]


class Log(NamedTuple):
    """One entry an event, in the order in which they happened."""

    neuron: Int[Array, " event"]  # number of neurons: nothing happened
    source: Int[Array, " event"]
    slot: Int[Array, " event"]  # which spike of the source
    time: Float[Array, " event"]
    before: Any  # the neuron's state just before, a tree of [event]


class SpikeTimes(NamedTuple):
    """What happened up to `t_end`: see `lost` and `complete` before the times are trusted."""

    times: Float[Array, "neuron spike"]  # inf where there was none
    final: Any  # states at t_end
    count: Int[Array, " neuron"]  # of the spikes in `times`
    lost: Int[Array, " neuron"]  # spikes that found no place; neither kept nor sent
    complete: Bool[Array, ""]  # nothing was lost and the loop reached t_end
    grazing: Int[Array, " neuron"]  # spikes that crossed threshold more slowly than min_slope


class _Run(NamedTuple):
    state: Any
    clock: Float[Array, " neuron"]  # when each state was last brought up to date
    fired: Int[Array, " neuron"]
    grazing: Int[Array, " neuron"]
    emitted: Float[Array, "source slot"]
    pointer: Int[Array, "neuron source"]  # first spike that has not arrived
    due: Float[Array, "neuron source"]  # when it will
    arrival: Float[Array, " neuron"]  # the earliest of these
    crossing: Float[Array, " neuron"]


def most_events(neurons: int, input_spikes: int, spikes: int, recurrent: bool) -> int:
    """How many events there can be if no neuron fires more than `spikes` times; input_spikes in all."""
    return neurons * (input_spikes + spikes + (neurons * spikes if recurrent else 0))


def run_events(
    model: EventNeuron,
    wiring: Wiring,
    input_times: Float[Array, "input slot"],
    t_end: Float[Array, ""],
    min_slope: Float[Array, ""],
    spikes: int,
    max_events: int,
) -> tuple[SpikeTimes, Log, Int[Array, ""]]:
    """Every event up to t_end: what came of it, the log, and how many blocks of the log are in use.

    input_times are sorted in each row and padded with inf.
    """
    inputs = input_times.shape[0]
    start = _begin(model, wiring, input_times, spikes)
    neurons = start.clock.shape[0]
    blocks = -(-max_events // BLOCK)
    log = Log(
        neuron=jnp.full(blocks * BLOCK, neurons, jnp.int32),
        source=jnp.zeros(blocks * BLOCK, jnp.int32),
        slot=jnp.zeros(blocks * BLOCK, jnp.int32),
        time=jnp.zeros(blocks * BLOCK, t_end.dtype),
        before=jax.tree.map(lambda x: jnp.zeros(blocks * BLOCK, x.dtype), start.state),
    )

    def ahead(run):
        return jnp.min(jnp.minimum(run.arrival, run.crossing)) <= t_end

    def block(carry):
        done, run, log = carry
        advance = lambda run, _: _next_event(model, wiring, t_end, min_slope, spikes, inputs, run)
        run, entries = jax.lax.scan(advance, run, length=BLOCK)
        place = lambda whole, part: jax.lax.dynamic_update_slice_in_dim(whole, part, done * BLOCK, 0)
        return done + 1, run, jax.tree.map(place, log, entries)

    unfinished = lambda carry: (carry[0] < blocks) & ahead(carry[1])
    done, run, log = jax.lax.while_loop(unfinished, block, (jnp.int32(0), start, log))

    count = jnp.minimum(run.fired, spikes)
    lost = run.fired - count
    spike_times = SpikeTimes(
        times=run.emitted[inputs:, :spikes],
        final=jax.vmap(lambda model, x, s: model.flow(x, s))(model, run.state, t_end - run.clock),
        count=count,
        lost=lost,
        complete=jnp.all(lost == 0) & ~ahead(run),
        grazing=run.grazing,
    )
    return spike_times, log, done


def _begin(model, wiring, input_times, spikes):
    neurons, sources = wiring.weight.shape
    inputs, slots = input_times.shape
    # neurons have a row of emitted spikes whether or not any synapse reads it; one more slot than spikes: inf
    emitted = jnp.full((inputs + neurons, max(slots, spikes) + 1), jnp.inf, input_times.dtype)
    emitted = emitted.at[:inputs, :slots].set(input_times)
    due = emitted[None, :sources, 0] + wiring.delay
    state = jax.vmap(lambda model: model.rest())(model)
    return _Run(
        state=state,
        clock=jnp.zeros(neurons, input_times.dtype),
        fired=jnp.zeros(neurons, jnp.int32),
        grazing=jnp.zeros(neurons, jnp.int32),
        emitted=emitted,
        pointer=jnp.zeros((neurons, sources), jnp.int32),
        due=due,
        arrival=jnp.min(due, axis=1, initial=jnp.inf),
        crossing=jax.vmap(lambda model, x: model.wait(x))(model, state),
    )


def _next_event(model, wiring, t_end, min_slope, spikes, inputs, run: _Run):
    neurons, sources = wiring.weight.shape
    recurrent = sources > inputs
    n = jnp.argmin(jnp.minimum(run.arrival, run.crossing)).astype(jnp.int32)
    spike = run.crossing[n] <= run.arrival[n]
    t = jnp.where(spike, run.crossing[n], run.arrival[n])
    happens = t <= t_end
    t = jnp.where(happens, t, run.clock[n])
    source = jnp.argmin(run.due[n]).astype(jnp.int32)

    cell = one(model, n)
    before = cell.flow(one(run.state, n), t - run.clock[n])
    received, fired = cell.receive(before, wiring.weight[n, source]), cell.fire(before)
    after = jax.tree.map(lambda f, r: jnp.where(spike, f, r), fired, received)

    put = lambda whole, value: write(whole, (n,), value, happens)
    slot = jnp.where(spike, run.fired[n], run.pointer[n, source])
    sent = happens & spike & (slot < spikes)
    arrives = happens & ~spike
    emitted = write(run.emitted, (inputs + n, slot), t, sent)
    following = emitted[source, run.pointer[n, source] + 1] + wiring.delay[n, source]
    due = write(run.due, (n, source), following, arrives)
    arrival = run.arrival
    if recurrent:
        own = inputs + n
        waiting = sent & (run.pointer[:, own] == slot)
        column = jnp.where(waiting, t + wiring.delay[:, own], due[:, own])
        due = jax.lax.dynamic_update_slice_in_dim(due, column[:, None], own, 1)
        arrival = jnp.minimum(arrival, column)
    slow = (cell.slope(before) < min_slope).astype(jnp.int32)
    run = _Run(
        state=jax.tree.map(put, run.state, after),
        clock=put(run.clock, t),
        fired=add(run.fired, (n,), 1, happens & spike),
        grazing=add(run.grazing, (n,), slow, happens & spike),
        emitted=emitted,
        pointer=add(run.pointer, (n, source), 1, arrives),
        due=due,
        arrival=put(arrival, jnp.min(due[n])),
        crossing=put(run.crossing, t + cell.wait(after)),
    )
    return run, Log(jnp.where(happens, n, neurons), jnp.where(spike, SPIKE, source), slot, t, before)
