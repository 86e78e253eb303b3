"""The sweep as one writes it in JAX at first: one network's scan over time, dense recurrence, `jax.random.normal` in
every step from the network's own key, and a vmap over everything. One core."""

import jax
import jax.numpy as jnp
import numpy as np
from packet import coefficients, packet
from served import serve


def prepare(given):
    leak, noise, delay = (np.array(given[name]) for name in ("leak", "noise", "delay_steps"))
    weights, drive, rate, dt = np.array(given["weights"]), np.array(given["drive"]), given["readout_rate"], given["dt"]
    size, steps, length = len(weights), len(drive), int(delay.max()) + 1
    e, gain, scale, er, gr = coefficients(leak, noise, rate, dt)
    w = jnp.asarray(weights, jnp.float32)
    others = jnp.outer(w, w) * (1 - jnp.eye(size))

    def network(key, v, e, gain, scale, delay):
        def step(carry, at):
            v, ring, error, square, count = carry
            n, c = at
            s = (v >= w * w / 2).astype(jnp.float32)
            ring = ring.at[n % length].set(s)
            error = error - w @ s
            middle, slope = error * (1 - rate * dt / 2) + c * dt / 2, (c - rate * error) * dt
            square, count = square + middle**2 + slope**2 / 12, count + s.sum()
            kick = scale * jax.random.normal(jax.random.fold_in(key, n), (size,))
            v = e * (v - w * w * s) + gain * c * w + kick - others @ ring[(n + 1 - delay) % length]
            return (v, ring, er * error + gr * c, square, count), None

        zero = jnp.zeros(())
        first = (v, jnp.zeros((length, size)), zero, zero, zero)
        final, _ = jax.lax.scan(step, first, (jnp.arange(steps), jnp.asarray(drive, jnp.float32)))
        return final[3] / steps, final[4]

    run = jax.jit(jax.vmap(network))
    parameters = [jnp.asarray(one, jnp.float32) for one in (e, gain, scale)] + [jnp.asarray(delay, jnp.int32)]

    def turn(number):
        v = jnp.asarray(packet(np.random.default_rng(number), weights, leak, noise), jnp.float32)
        square, count = run(jax.random.split(jax.random.key(number), len(noise)), v, *parameters)
        return {"square": square.tolist(), "count": count.tolist()}

    v = jnp.zeros((len(noise), size))
    run.lower(jax.random.split(jax.random.key(0), len(noise)), v, *parameters).compile()
    return turn, {}


serve(prepare)
