"""Variance with delay when the packet hardly changes during one interval: the limit of a large rate.

Frozen potentials with their maximum at M widths make every event spike 1 + k times, k ~ Binomial(N - 1, p(M)) with
p(M) = 1 - Phi(M - delta/s)/Phi(M) at a typical instant, for which no weighing of events by their length is needed:

    variance = E[(1 + k)^2]/12 + Var[k]/4 + C sigma^2/2 + A
    A        = s Cov[M, (N - 1) p(M)] B/(1 - Var[M]),       B = 1 + lam_V Var[M] - (1 + lam_V) C,   small: A = -delta B

A < 0 because a top neuron far ahead (readout high) has few others close behind (small events). It is of first order in
delta, so the delay *lowers* the variance at large noise, which the sum of independent parts in `delayed` cannot show.
B carries A through the readout's filter: the density of neurons at the maximum is the Laplacian of the maximum, so in
Hermite order n its weight is (1 - n) times that of M. Exact in this limit for lam_V = 1 and, for other leaks, to first
order in delta/s; it needs delta well below 1 and sigma/sqrt(R) well below delta.

Our derivation, not the paper's. Noise and leak in readout units, delay in mean population intervals, unit spikes.
"""

import jax.numpy as jnp

from ._inputs import Values, formula
from .accumulation import accumulation
from .maximum import maximum_mean, maximum_variance, neighbours
from .packet import packet_advance
from .zero_delay import FLOOR, packet_variance


@formula
def anticorrelation(leak: Values, neurons: int) -> Values:
    """B, the rate at which the variance falls with the delay at large noise; 1 - Var[M] at leak 1, 0 without leak."""
    return 1 + leak * maximum_variance(neurons) - (1 + leak) * accumulation(leak, neurons)


@formula
def quasistatic_variance(noise: Values, leak: Values, delay: Values, neurons: int) -> Values:
    """Variance of y for frozen potentials; at zero delay it is the exact `packet_variance`."""
    slow = packet_variance(noise, leak, neurons)
    if neurons == 1:
        return slow
    advance = packet_advance(noise, leak, delay)
    near, tops, weights = neighbours(advance, neurons)  # p(M)/(delta/s)
    weigh = lambda weights, values: jnp.tensordot(weights, values, axes=1, precision="highest")

    others = neurons - 1
    k = others * advance * weigh(weights, near)  # E[k]
    pairs = others * (others - 1) * advance**2 * weigh(weights, near**2)  # E[k (k - 1)]
    sawtooth = FLOOR * (3 * k + pairs) + (k + pairs - k**2) / 4

    covariance = others * weigh(weights * (tops - maximum_mean(neurons)), near)  # of M and k, over delta/s
    joint = delay * covariance / (1 - maximum_variance(neurons)) * anticorrelation(leak, neurons)
    return slow + sawtooth + joint
