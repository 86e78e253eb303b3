"""Exact gradients of spike times: the adjoint of an event-driven network (EventProp).

For the leaky integrate-and-fire neuron with exponential synapses, reset to 0, weights w_mn and delays d_mn, the adjoint
equations of EventProp with delays are (Meszaros, Knight & Nowotny 2025, arXiv 2501.07331, Eqs 3-6, 16, 17 and 35),
backwards in time and with losses l_p of the spike times only,

    tau_m lamV' = -lamV        tau_s lamI' = -lamI + lamV
    at spike k of neuron n:
      lamV- = (V'+ / V'-) lamV+ + [dl_p/dt_k + sum_m w_mn (lamV_m - lamI_m)|_{t_k + d_mn}] / (tau_m V'-)
    dL/dw_ji = -tau_s sum_k lamI_j |_{t_k + d_ji}        dL/dd_ji = -w_ji sum_k (lamI_j - lamV_j) |_{t_k + d_ji}

and, not in that paper, dL/dthreshold_n = tau_m sum_k lamV_n-(t_k).

Here the same adjoint is written for any `EventNeuron`, with p = dL/dx, the sensitivity to the state, so that
p_v = -tau_m lamV and p_i = -tau_s lamI (our derivation). Backwards over the log, with f the field and x-, x+ the states
around the event:

    between events    p(start) = (d flow / dx)^T p(end)        dL/dparameter += p(end) . d flow / dparameter
    arrival           p- = (d receive / dx)^T p+               dL/dw, dL/dparameter += p+ . d receive
                      dL/dt = p- . f(x-) - p+ . f(x+)          goes to the delay and to the time of the spike that came
    spike             q = (d fire / dx)^T p+                   A = dL/dt_k + q . f(x-) - p+ . f(x+)
                      p- = q - grad(gap) A / slope             dL/dparameter += p+ . d fire - d gap A / slope

    slope = grad(gap) . f(x-), for the LIF V'-

dL/dt_k holds what the loss says of that spike and what its arrivals brought back; all of them were met before, since
they lie later. So weights, delays, every parameter of the neuron (thresholds, resets, both time constants), the times
of the inputs and t_end (through the final states) have gradients, at the cost of the log: time and memory O(events).

What this gradient does not see: spikes that appear or vanish, and arrivals after t_end, which contribute nothing (a
delay that carries a spike past t_end gets the gradient zero for it: a dead zone; begin with delays that are short
enough, or add a loss on the delay itself). A spike that grazes the threshold has slope -> 0 and a gradient without
bound: slope is replaced by max(slope, min_slope), and `SpikeTimes.grazing` counts where that was felt.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import mapped_with
from ..events import BLOCK, SPIKE, EventNeuron, Log, SpikeTimes, Wiring, add, one, read, run_events, write


# jit: called outside of any program, the loop would otherwise be compiled at every call
@partial(jax.jit, static_argnums=(5, 6))
def event_times(
    model: EventNeuron,
    wiring: Wiring,
    input_times: Float[Array, "input slot"],
    t_end: Float[Array, ""],
    min_slope: Float[Array, ""],
    spikes: int,
    max_events: int,
) -> SpikeTimes:
    """Simulate to t_end; `times` and `final` of the outcome carry exact gradients.

    The arrays have one float dtype. input_times are sorted in each row and padded with inf; parameters of the model
    have shape [neuron]. Each neuron keeps `spikes` spikes; the log holds `max_events` events.
    """
    t_end = mapped_with(t_end, min_slope)  # the one argument that no outcome depends on
    return _simulate(model, wiring, input_times, t_end, min_slope, spikes, max_events)


@partial(jax.custom_vjp, nondiff_argnums=(5, 6))
def _simulate(model, wiring, input_times, t_end, min_slope, spikes, max_events):
    return run_events(model, wiring, input_times, t_end, min_slope, spikes, max_events)[0]


def _forward(model, wiring, input_times, t_end, min_slope, spikes, max_events):
    outcome, log, blocks = run_events(model, wiring, input_times, t_end, min_slope, spikes, max_events)
    return outcome, (model, wiring, input_times, t_end, min_slope, outcome.final, log, blocks)


def _backward(spikes, max_events, remembered, cotangent):
    del max_events
    model, wiring, input_times, t_end, min_slope, final, log, blocks = remembered
    inputs, slots = input_times.shape
    neurons = cotangent.times.shape[0]
    # the derivative by the time of each spike of each source; padding is never read
    d_times = jnp.zeros((inputs + neurons, max(slots, spikes)), t_end.dtype)
    d_times = d_times.at[inputs:, :spikes].set(cotangent.times)
    p, zero = cotangent.final, jax.tree.map(jnp.zeros_like, (model, wiring))
    carry = (p, jnp.full(neurons, t_end, t_end.dtype), d_times, *zero)

    def block(carry):
        left, swept = carry
        part = jax.tree.map(lambda a: jax.lax.dynamic_slice_in_dim(a, (left - 1) * BLOCK, BLOCK), log)
        back = lambda swept, entry: (_undo(model, wiring, min_slope, inputs, swept, entry), None)
        return left - 1, jax.lax.scan(back, swept, part, reverse=True)[0]

    _, swept = jax.lax.while_loop(lambda carry: carry[0] > 0, block, (blocks, carry))
    p, first, d_times, d_model, d_wiring = swept

    # from rest to each neuron's first event
    start = lambda model, p, s: jax.vjp(lambda m: m.flow(m.rest(), s), model)[1](p)[0]
    d_model = jax.tree.map(jnp.add, d_model, jax.vmap(start)(model, p, first))
    fields = jax.vmap(lambda model, x: model.field(x))(model, final)
    d_end = jnp.sum(_dot(cotangent.final, fields))
    return d_model, d_wiring, d_times[:inputs, :slots], d_end, jnp.zeros_like(min_slope)


_simulate.defvjp(_forward, _backward)


def _dot(p, f):
    return sum(a * b for a, b in zip(jax.tree.leaves(p), jax.tree.leaves(f), strict=True))


def _undo(model, wiring, min_slope, inputs, swept, entry: Log):
    """One event backwards. `p` is the sensitivity of each neuron just before the event at `later`."""
    p, later, d_times, d_model, d_wiring = swept
    happened = entry.neuron < later.shape[0]
    n = jnp.where(happened, entry.neuron, 0)
    spike = entry.source == SPIKE
    source = jnp.where(spike, 0, entry.source)
    cell, before, weight = one(model, n), entry.before, wiring.weight[n, source]

    fired, fire_back = jax.vjp(lambda cell, x: cell.fire(x), cell, before)
    received, receive_back = jax.vjp(lambda cell, x, w: cell.receive(x, w), cell, before, weight)
    after = jax.tree.map(lambda f, r: jnp.where(spike, f, r), fired, received)
    span = jnp.where(happened, later[n] - entry.time, 0)
    d_flow, p_after = jax.vjp(lambda cell, x: cell.flow(x, span), cell, after)[1](one(p, n))
    drift = _dot(p_after, cell.field(after))  # p+ . f(x+)
    f = cell.field(before)

    # if it was an arrival
    d_receive, p_arrival, d_weight = receive_back(p_after)
    d_arrival = _dot(p_arrival, f) - drift

    # if it was a spike
    kept = entry.slot < d_times.shape[1]
    d_fire, q = fire_back(p_after)
    moved = jnp.where(kept, read(d_times, (inputs + n, entry.slot)), 0) + _dot(q, f) - drift
    pull = moved / jnp.maximum(cell.slope(before), min_slope)
    d_gap, normal = jax.vjp(lambda cell, x: cell.gap(x), cell, before)[1](jnp.ones_like(pull))
    p_spike = jax.tree.map(lambda q, normal: q - normal * pull, q, normal)
    d_spike = jax.tree.map(lambda f, g: f - g * pull, d_fire, d_gap)

    arrived = happened & ~spike
    d_cell = jax.tree.map(lambda a, s, r: a + jnp.where(spike, s, r), d_flow, d_spike, d_receive)
    p_before = jax.tree.map(lambda s, a: jnp.where(spike, s, a), p_spike, p_arrival)
    return (
        jax.tree.map(lambda whole, value: write(whole, (n,), value, happened), p, p_before),
        write(later, (n,), entry.time, happened),
        add(d_times, (source, entry.slot), d_arrival, arrived),
        jax.tree.map(lambda whole, value: add(whole, (n,), value, happened), d_model, d_cell),
        Wiring(
            add(d_wiring.weight, (n, source), d_weight, arrived),
            add(d_wiring.delay, (n, source), d_arrival, arrived),
        ),
    )
