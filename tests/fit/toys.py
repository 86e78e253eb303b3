"""A model whose fit has one answer: a weight, a leaky integrator, a delay; no spikes."""

import jax
import jax.numpy as jnp

from jaxsnn.delays import DelayLine
from jaxsnn.engine import simulate
from jaxsnn.fit import readout_loss
from jaxsnn.networks import Chain
from jaxsnn.neurons import LeakyIntegrator
from jaxsnn.synapses import Dense

STEPS = 60


def model(weight=0.5, tau=3.0, delay=2.3):
    return Chain(
        DelayLine(delay, size=2, max_delay=8),
        Dense(jnp.full((1, 2), weight)),
        LeakyIntegrator(tau, size=1),
    )


def wave(key):
    phase = jax.random.uniform(key, (2,)) * 6
    return jnp.sin(0.2 * jnp.arange(STEPS, dtype=phase.dtype)[:, None] + phase[None])


def answer(cell, xs, key):
    return simulate(cell, xs, dt=1.0, key=key)[1]


def loss(cell, key):
    """Against the truth, on an input that changes with the key."""
    xs = wave(key)
    return readout_loss(answer(cell, xs, key), answer(model(1.0, 6.0, 4.6), xs, key))
