"""Event gradient (infinitesimal perturbation analysis) of the readout's variance in log sigma.

With noise a little stronger every membrane moves by dv, so that its spike comes earlier by what the crossing's speed
makes of it, dt_k = -dv / v'. What a spike at t_k + dt_k changes, to first order:

    d int e^2 dt = sum_k (e_before^2 - e_after^2) dt_k + int 2 e de dt       e: readout error around the spike
    d(de)/dt = -rate de - rate sum_k dt_k delta(t - t_k)                     a jump that comes later has decayed less
    d(dv)/dt = -leak dv + sigma dW/dt - leak sum_k dt_k delta(t - t_k)       (subtractive reset; the delay is short
                                                                             beside 1 / leak)

v' is the rise over the step of the crossing. No spike appears or vanishes here, and those are what makes the branch of
too little noise: this gradient is exact for another function than the expected error.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from jaxsnn.core import Span, decay
from jaxsnn.networks import Balanced
from jaxsnn.readouts import DecayingMoments, Rate, Seen

BLOCK = 100


def event_slope(
    net: Balanced,
    point: Mapping[str, Any],
    log_noise: Float[Array, ""],
    state: PyTree,
    begin: Int[Array, ""],
    stream: Array,
) -> tuple[PyTree, Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
    """State after the window, log variance, its slope in log sigma, and the rate of spikes."""
    del log_noise
    dt, rate = point["dt"], net.readout.rate
    window = {"first": begin + point["window"] // 4, "last": begin + point["window"]}
    meters = {
        "error": DecayingMoments("output.error", rate=rate, drive="input", **window),
        "rate": Rate("output.count", **window),
    }
    drive = jnp.ones((BLOCK, 1), dt.dtype)

    def block(carry, number):
        state, seen, tangents = carry
        start = begin + number * BLOCK
        noise = net.draw(stream, start + jnp.arange(BLOCK, dtype=jnp.int32))
        span = Span(start, dt, noise, BLOCK)
        state, y = net.unroll(state, drive, span)
        seen = {name: meter.unroll(seen[name], Seen(drive, y), span.part(()))[0] for name, meter in meters.items()}
        counted = (number >= point["window"] // (4 * BLOCK)).astype(dt.dtype)
        kick = lambda drawn: net.membrane_noise.innovation(
            drawn, net.leak, net.noise, dt
        )  # is its own d / d(log sigma)
        kicks = jax.vmap(kick)(noise)

        def step(tangents, now):
            dv, de, below, first, second = tangents
            s, v, e, kick = now
            rise = v - below
            later = jnp.where((s > 0) & (rise > 0), -dv * dt / jnp.where(rise > 0, rise, jnp.ones_like(rise)), 0)
            moved = jnp.sum(later)
            before = e + jnp.sum(s)  # unit weights
            de = de - rate * moved
            first = first + counted * (moved * (before - e) + de * dt)
            second = second + counted * (moved * (before * before - e * e) + 2 * e * de * dt)
            dv = decay(net.leak, dt) * (dv - net.leak * moved) + kick
            return (dv, decay(rate, dt) * de, v - net.reset * s, first, second), None

        tangents, _ = jax.lax.scan(step, tangents, (y.spikes, y.v, y.error[:, 0], kicks))
        return (state, seen, tangents), None

    zero = jnp.zeros((), dt.dtype)
    nothing = {name: meter.init(jax.random.key(0)) for name, meter in meters.items()}
    tangents = (jnp.zeros_like(state.v), zero, state.v, zero, zero)
    numbers = jnp.arange(point["window"] // BLOCK, dtype=jnp.int32)
    (state, seen, (*_, first, second)), _ = jax.lax.scan(block, (state, nothing, tangents), numbers)
    error = seen["error"]
    time = error.count.astype(dt.dtype) * dt
    slope = (second - 2 * error.mean[0] * first) / (time * error.variance[0])
    return state, jnp.log(error.variance[0]), slope, seen["rate"].rate
