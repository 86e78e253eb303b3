"""The membrane of a leaky readout that never fires, at any times, as a function of the spikes it receives.

    v_n(t) = sum_m sum_k weight[n, m] k(t - t_mk - delay[n, m])        k(s) = the response of `events.lif`, 0 for s < 0

A sum of closed forms: plain automatic differentiation is exact, for weights, delays, time constants and spike times,
and a loss on voltages (their maximum, a mean over sampled times) passes its gradient through the spike times into the
network before it. k is continuous and has a kink at 0.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from .lif import response


def membrane(
    at: Float[Array, " time"],
    times: Float[Array, "source spike"],
    weight: Float[Array, "readout source"],
    delay: Float[Array, "..."],
    tau_mem: Float[Array, ""],
    tau_syn: Float[Array, ""],
) -> Float[Array, "time readout"]:
    """v [time, readout] at the times `at`; spike times padded with inf; delay (), [source] or [readout, source].

    NaN where a spike time is: an event network says so that its parameters are impossible.
    """
    delay = jnp.broadcast_to(delay, weight.shape)
    sent = jnp.isfinite(times)
    arrival = jnp.where(sent, times, 0)[None] + delay[:, :, None]
    since = at[:, None, None, None] - arrival[None]
    acts = sent[None, None] & (since > 0)
    k = jnp.where(acts, response(jnp.where(acts, since, 0), tau_mem, tau_syn), 0)
    v = jnp.sum(weight[None] * jnp.sum(k, axis=3), axis=2)
    return jnp.where(jnp.any(jnp.isnan(times)), jnp.nan, v)
