"""The initial packet of the balanced networks, for peers written in Python."""

import numpy as np

AGE = 1e4


def packet(rng, weights, leak, noise):
    """Membranes [network, neuron]: what noise and leak make in AGE, its top less than one reset below threshold."""
    z = rng.standard_normal((len(noise), len(weights)))
    width = noise * np.sqrt(-np.expm1(-2 * leak * AGE) / (2 * leak))
    return weights**2 * (0.5 - rng.random((len(noise), 1))) - width[:, None] * (z.max(axis=1, keepdims=True) - z)


def coefficients(leak, noise, readout_rate, dt):
    """Per step: decay, gain of the drive and scale of the noise [network]; decay and gain of the readout error."""
    scale = noise * np.sqrt(-np.expm1(-2 * leak * dt) / (2 * leak))
    one = -np.expm1(-readout_rate * dt) / readout_rate
    return np.exp(-leak * dt), -np.expm1(-leak * dt) / leak, scale, np.exp(-readout_rate * dt), one
