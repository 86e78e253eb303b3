"""A network of leaky integrate-and-fire neurons in continuous time, with exact spike times and exact gradients.

    tau_mem dv/dt = -v + i       tau_syn di/dt = -i        v(0) = i(0) = 0
    i_n += weight[n, m]          at t + delay[n, m], for each spike of m at t
    v = threshold from below     a spike, v -> reset

There is no time step. Between events the state is known in closed form, each spike time is the root of a monotone
function (`events.lif`), and the derivative is the adjoint of the event sequence (`gradients.eventprop`), which says
what it sees and what it does not. Each crossing is located to rounding: turn on float64 (`jax.enable_x64`) for spike
times that closed forms confirm to 1e-11; in float32 those of a recurrent network of 40 time units agree to 2e-4.

    net = EventLIF(weight_in, weight_rec, delay_in, delay_rec, threshold=1.0, tau_mem=20.0, tau_syn=5.0, spikes=20)
    out = net(input_times, 100.0)                     # times [neuron, spike], padded with inf
    jax.grad(lambda net: loss(net(input_times, 100.0).times))(net)

Layers are stacked by handing `times` of one to the next, and `events.membrane` reads voltages from them. Pads are inf:
mask them in a loss *before* computing with them (`jnp.where(jnp.isfinite(times), times, 0)`).

Cost: one spike is an event for itself and one for each synapse it reaches; measured in CPU time about 10
microseconds an event and twice that with the gradient, in a vmapped batch of 32 about 1 and 4. Memory is the log of the
events, so it grows with the length of the trial as O(events), whatever the precision of the spike times.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import check_below, check_not_negative, check_positive, check_size, param, strong
from ..events import (
    ExponentialLIF,
    SpikeTimes,
    check_inputs,
    check_network,
    connect,
    in_one_dtype,
    most_events,
    optional,
    sane_inputs,
)
from ..gradients import event_times


class EventLIF(eqx.Module):
    """Call it with input spike times and the end of the trial; one sample, vmap for more.

    spikes: how many spikes of a neuron are kept; `lost` counts those beyond.
    max_events: arrivals and spikes together; by default all that can happen before a spike is lost. A smaller number
        saves memory, and `complete` says whether it was enough.
    min_slope: the slowest dv/dt at threshold that the gradient believes (`grazing` counts slower crossings).
    """

    weight_in: Float[Array, "neuron input"] = param()
    weight_rec: Float[Array, "neuron neuron"] | None = eqx.field(converter=optional, default=None)
    delay_in: Float[Array, "..."] = param(0.0)  # (), [input] or [neuron, input]
    delay_rec: Float[Array, "..."] = param(0.0)  # (), [neuron] or [neuron, neuron], [post, pre]
    threshold: Float[Array, "..."] = param(1.0)  # this and the following: () or [neuron]
    tau_mem: Float[Array, "..."] = param(20.0)
    tau_syn: Float[Array, "..."] = param(5.0)
    reset: Float[Array, "..."] = param(0.0)
    min_slope: Float[Array, ""] = param(1e-9, kw_only=True)  # threshold units per unit of time
    spikes: int = eqx.field(static=True, default=32, kw_only=True)
    max_events: int | None = eqx.field(static=True, default=None, kw_only=True)

    def __check_init__(self):
        check_network(self, "threshold", "tau_mem", "tau_syn", "reset")
        remedy = "the resting membrane is at 0: pass a threshold above it"
        check_positive("EventLIF.threshold", self.threshold, remedy)
        check_positive("EventLIF.tau_mem", self.tau_mem)
        check_positive("EventLIF.tau_syn", self.tau_syn)
        check_not_negative("EventLIF.min_slope", self.min_slope)
        remedy = "a neuron reset to its threshold would fire without end: pass a smaller reset"
        check_below("EventLIF.reset", self.reset, "threshold", self.threshold, remedy)
        check_size("EventLIF.spikes", self.spikes)
        if self.max_events is not None:
            check_size("EventLIF.max_events", self.max_events)

    def __call__(self, input_times: Any, t_end: Any) -> SpikeTimes:
        """Simulate up to t_end, in the unit of the time constants.

        input_times: [input, spike], rising along each row, padded with inf; a ValueError says where they are not.
        Inside a compiled program, where values cannot be looked at, bad times or parameters give times that are NaN.
        """
        input_times, t_end = strong(input_times), strong(t_end)
        self.__check_init__()  # an optimiser or tree_at may have changed what the constructor saw
        check_inputs(self, input_times, t_end)
        neurons = self.weight_in.shape[0]
        parts = [jnp.broadcast_to(p, (neurons,)) for p in (self.tau_mem, self.tau_syn, self.threshold, self.reset)]
        wiring, input_times, t_end, min_slope, parts = in_one_dtype(
            connect(self), input_times, t_end, self.min_slope, parts
        )
        model = ExponentialLIF(*parts)
        sane = sane_inputs(input_times, t_end, wiring)
        sane &= jnp.all((model.tau_mem > 0) & (model.tau_syn > 0) & (model.threshold > 0))
        sane &= jnp.all(model.reset < model.threshold)
        bound = most_events(neurons, input_times.size, self.spikes, self.weight_rec is not None)
        end = jnp.where(sane, t_end, -jnp.inf)
        out = event_times(model, wiring, input_times, end, min_slope, self.spikes, self.max_events or bound)
        return out._replace(times=jnp.where(sane, out.times, jnp.nan), complete=out.complete & sane)
