"""Variance and bias of the readout y without transmission delay. Unit spikes; divide a deviation by N for xhat.

    regular spikes, rate R               (R/2) coth(1/(2R)) - R^2                               -> 1/12
    one neuron, no leak                  (R/2) coth(a/2) - R^2,  a = (sqrt(R^2 + 2 sigma^2) - R)/sigma^2
      (inverse-Gaussian intervals)                                                              -> 1/12 + sigma^2/2
    N neurons, leak lam_V, large R       1/12 + C(N, lam_V) sigma^2/2
    bias mean(y) - R, large R            E[M_N] sigma sqrt(lam_V/2)
    same neuron twice running, large R   persistence(e^{-lam_V/R})

Our derivations. The second, in its large-R form, is the counterpart of the small-leak bound that the paper numbers
Eq 19; the third is an equality. At zero delay every spike moves all neurons alike, so v_i = u_i + q with Ornstein-
Uhlenbeck u_i that the spikes do not touch; the spikes follow the largest u_i, which gives the last three lines.

Method: with g(x) = (x coth x - 1)/x^2 -> 1/3 nothing of order R^2 is ever subtracted. Noise and leak in readout units.
"""

import math
from fractions import Fraction

import jax.numpy as jnp
from jaxtyping import Array

from ._inputs import Values, formula
from .accumulation import accumulation
from .maximum import maximum_mean, persistence

FLOOR = 1 / 12  # variance of a unit sawtooth


def _taylor(terms: int) -> list[float]:
    """Coefficients of g in powers of x^2: the power series of cosh x / (sinh x / x), less its first term."""
    quotient: list[Fraction] = []
    for n in range(terms + 1):
        known = sum((c * Fraction(1, math.factorial(2 * (n - k) + 1)) for k, c in enumerate(quotient)), Fraction(0))
        quotient.append(Fraction(1, math.factorial(2 * n)) - known)
    return [float(c) for c in quotient[1:]]


_TAYLOR = _taylor(18)


def _g(x: Array) -> Array:
    small = x < 1
    low, high = jnp.where(small, x, 0.0), jnp.where(small, 1.0, x)
    series = jnp.zeros_like(x)
    for coefficient in reversed(_TAYLOR):
        series = series * low**2 + coefficient
    return jnp.where(small, series, (high / jnp.tanh(high) - 1) / high**2)


@formula
def regular_variance(rate: Values) -> Values:
    """Perfectly regular spikes at `rate` per readout time constant."""
    return _g(0.5 / rate) / 4


@formula
def renewal_variance(noise: Values, rate: Values) -> Values:
    """One neuron without leak: exact for every rate, as the intervals are inverse Gaussian and independent."""
    half = 1 / (jnp.sqrt(rate**2 + 2 * noise**2) + rate)  # a/2
    return rate * half * (noise**2 + _g(half) / 2)


@formula
def small_leak_variance(noise: Values) -> Values:
    """The same at large rate: 1/12 + sigma^2/2, an upper bound for more neurons and any leak."""
    return FLOOR + noise**2 / 2


@formula
def packet_variance(noise: Values, leak: Values, neurons: int) -> Values:
    """N neurons with leak, at large rate: an equality."""
    return FLOOR + accumulation(leak, neurons) * noise**2 / 2


@formula
def bias(noise: Values, leak: Values, neurons: int) -> Values:
    """mean(y) - R: the packet hangs E[M_N] widths below threshold, which the leak turns into extra drive."""
    leaky = leak > 0
    root = jnp.where(leaky, jnp.sqrt(0.5 * jnp.where(leaky, leak, 1.0)), 0.0)
    return maximum_mean(neurons) * noise * root


@formula
def same_neuron_fraction(leak: Values, rate: Values, neurons: int) -> Values:
    """Fraction of spikes fired by the neuron that fired the one before; for noise well below sqrt(rate)."""
    return persistence(jnp.exp(-leak / rate), neurons)
