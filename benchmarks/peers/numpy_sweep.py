"""The sweep as a loop over time in NumPy, vectorised over networks. One core."""

import numpy as np
from packet import coefficients, packet
from served import serve


def prepare(given):
    leak, noise, delay = (np.array(given[name]) for name in ("leak", "noise", "delay_steps"))
    weights, drive, rate, dt = np.array(given["weights"]), np.array(given["drive"]), given["readout_rate"], given["dt"]
    networks, size, steps, length = len(noise), len(weights), len(drive), int(delay.max()) + 1
    e, gain, scale, er, gr = coefficients(leak, noise, rate, dt)
    e, gain, scale = e[:, None], gain[:, None] * weights, scale[:, None]
    reset, row = weights**2, np.arange(networks)

    def turn(number):
        rng = np.random.default_rng(number)
        v = packet(rng, weights, leak, noise)
        ring, own = np.zeros((length, networks)), np.zeros((length, networks, size), bool)
        error, square, count = np.zeros(networks), np.zeros(networks), np.zeros(networks)
        for n, c in enumerate(drive):
            fired = v >= reset / 2
            decoded = fired @ weights
            error -= decoded
            ring[n % length], own[n % length] = decoded, fired
            late = (n + 1 - delay) % length
            v = e * (v - reset * fired) + gain * c + scale * rng.standard_normal((networks, size))
            v -= ring[late, row][:, None] * weights - reset * own[late, row]
            square += (error * (1 - rate * dt / 2) + c * dt / 2) ** 2 + ((c - rate * error) * dt) ** 2 / 12
            count += fired.sum(1)
            error = er * error + gr * c
        return {"square": (square / steps).tolist(), "count": count.tolist()}

    return turn, {}


serve(prepare)
