"""The balanced network as a user would write it by hand: a fused numba loop over networks and neurons. Independent of
jaxsnn: a peer of the benchmark, which also compares results.

Equations, step order and initial packet as in `jaxsnn.networks.balanced`; one signal, any weights, a given drive. Times
in mean population intervals.
"""

import math

import numpy as np
from numba import njit, prange

AGE = 1e4  # the initial packet is what noise and leak make in this time, its top less than one reset below threshold


@njit(fastmath=True, parallel=True, cache=False)
def numba_networks(weights, leak, noise, readout_rate, delay_steps, drive, dt, steps, seed, warmup, block):
    """One network after the other, normals drawn `block` at a time. delay_steps 0: sequential firing.

    Returns [network, 4]: mean and variance of the readout error (exact over each step to second order), spike count,
    spikes per event minus one (events: see `jaxsnn.readouts.events`).
    """
    networks, neurons = len(noise), len(weights)
    result = np.zeros((networks, 4))
    for k in prange(networks):
        np.random.seed(seed + k)
        lam, sigma, d = leak[k], noise[k], delay_steps[k]
        e = math.exp(-lam * dt)
        gain = -math.expm1(-lam * dt) / lam if lam > 0 else dt
        scale = sigma * math.sqrt(-math.expm1(-2 * lam * dt) / (2 * lam) if lam > 0 else dt)
        er, gr = math.exp(-readout_rate * dt), -math.expm1(-readout_rate * dt) / readout_rate
        length = d + 1
        ring, total = np.zeros(length), np.zeros(length)
        own = np.zeros((length, neurons))
        v, normals = np.empty(neurons), np.empty((block, neurons))
        width = sigma * math.sqrt(-math.expm1(-2 * lam * AGE) / (2 * lam)) if lam > 0 else sigma * math.sqrt(AGE)
        phase, highest = np.random.random(), -1e9
        for i in range(neurons):
            v[i] = np.random.standard_normal()
            highest = max(highest, v[i])
        for i in range(neurons):
            v[i] = weights[i] ** 2 * (0.5 - phase) - width * (highest - v[i])
        error, mean, square, spikes, flight = 0.0, 0.0, 0.0, 0.0, 0.0
        events, since, counted = 0.0, 0.0, 0.0
        for n in range(steps):
            if n % block == 0:
                for b in range(block):
                    for i in range(neurons):
                        normals[b, i] = np.random.standard_normal()
            slot, late = n % length, (n + 1 - d) % length
            decoded, fired = 0.0, 0.0
            if d == 0:
                while True:
                    top, best = -1, 0.0
                    for i in range(neurons):
                        above = v[i] - weights[i] ** 2 / 2
                        if above >= best:
                            top, best = i, above
                    if top < 0:
                        break
                    for i in range(neurons):
                        v[i] -= weights[i] * weights[top]
                    decoded += weights[top]
                    fired += 1.0
            else:
                for i in range(neurons):
                    reset = weights[i] ** 2
                    s = 1.0 if v[i] >= reset / 2 else 0.0
                    own[slot, i] = s
                    v[i] -= reset * s
                    decoded += weights[i] * s
                    fired += s
                ring[slot], total[slot] = decoded, fired
            error -= decoded
            if n >= warmup:
                if fired > 0 and flight < 0.5:
                    counted = since  # spikes of the events that are over
                    events += 1.0
                if events > 0:
                    since += fired
                spikes += fired
                middle = error * (1 - readout_rate * dt / 2) + drive[n] * dt / 2
                slope = (drive[n] - readout_rate * error) * dt
                mean += middle
                square += middle * middle + slope * slope / 12
            flight += fired
            arrived = ring[late] if d > 0 else 0.0
            flight -= total[late] if d > 0 else fired
            for i in range(neurons):
                inhibition = weights[i] * arrived - weights[i] ** 2 * own[late, i] if d > 0 else 0.0
                v[i] = e * v[i] + gain * drive[n] * weights[i] + scale * normals[n % block, i] - inhibition
            error = er * error + gr * drive[n]
        time = steps - warmup
        mean /= time
        result[k, 0], result[k, 1], result[k, 2] = mean, square / time - mean * mean, spikes
        result[k, 3] = counted / (events - 1) - 1 if events > 1 else -1.0
    return result
