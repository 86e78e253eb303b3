"""Stochastic resonance: a signal too weak to fire a neuron is heard best at an intermediate noise level.

    jaxsnn sweep examples/stochastic_resonance.py --noise 0.2:8:12:log --seeds 4 --csv resonance.csv

Leaky integrate-and-fire neurons receive a sinusoidal current that stays below threshold, and white noise of their own.
Reported: the rate, and the power of the spike train at the signal's frequency over that of a Poisson train of the same
rate (1: the signal is not heard). Times in ms.
"""

import jax.numpy as jnp

from jaxsnn import Study, simulate
from jaxsnn.networks import Chain
from jaxsnn.neurons import LIF
from jaxsnn.noise import WhiteNoise

NEURONS, DT, STEPS, PERIOD = 32, 0.5, 8000, 100.0


def run(point, key):
    time = DT * jnp.arange(STEPS, dtype=float)
    wave = 2 * jnp.pi * time / PERIOD
    current = point["mean"] + point["amplitude"] * jnp.sin(wave)
    neurons = Chain(WhiteNoise(point["noise"], size=NEURONS), LIF(tau=20.0, threshold=1.0, size=NEURONS))
    inputs = jnp.broadcast_to(current[:, None], (STEPS, NEURONS))
    _, spikes = simulate(neurons, inputs, dt=DT, key=key, block=100)
    count = jnp.sum(spikes, axis=0)
    power = (
        jnp.sum(spikes * jnp.cos(wave)[:, None], axis=0) ** 2 + jnp.sum(spikes * jnp.sin(wave)[:, None], axis=0) ** 2
    )
    return {"rate": 1000 * jnp.mean(count) / (DT * STEPS), "power": jnp.sum(power) / jnp.maximum(jnp.sum(count), 1.0)}


STUDY = Study("stochastic_resonance", version=1, program=run, constants={"mean": 0.7, "amplitude": 0.15})
