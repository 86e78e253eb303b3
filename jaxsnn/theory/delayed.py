"""Variance of the readout y when inhibition arrives a delay late: spurious spikes and the sawtooth they make.

With h = delta/s, z and s of `packet` and M the maximum of N standard normals:

    lambda   = N Phi_c(z - h) - 1                            spurious spikes at a typical instant, packet at its edge z
    lambda_t = (N - 1) E[1 - Phi(M - h)/Phi(M)]              the same as a time average, small: E[M] h
    lambda_e (2 + lambda_e)/(1 + lambda_e) = lambda_t        mean per event, small: lambda_t/2

lambda_e is the smaller because an event of 1 + k spikes lasts (1 + k)/R: time weighs events by their length.
k is taken as Poisson. Between events y falls linearly, so with m_n = E[(1 + k)^n]

    sawtooth = m3/(3 m1) - (m2/(2 m1))^2 = (1 + 14 l + 19 l^2 + 10 l^3 + l^4)/(12 (1 + l)^2),     l = E[k]

    bound, first order     1/12 + lambda + sigma^2/2
    bound, all orders      sawtooth(lambda) + sigma^2/2
    sharper estimate       sawtooth(lambda_e) + C(N, lam_V) sigma^2/2

Our derivations. The second is the counterpart of the bound that the paper numbers Eq 24 (the criterion for z and the
two added parts are the paper's); the third is ours, an approximation and no bound. All add two parts as if independent,
so they cannot show that the delay lowers the variance at large noise (see `quasistatic`), and assume one event in
flight: delta well below 1. Noise and leak in readout units, delay in mean population intervals, unit spikes.
"""

import math

import jax.numpy as jnp

from ._inputs import Values, formula
from ._normal import mean_density
from .accumulation import accumulation
from .maximum import neighbours
from .packet import packet_advance, packet_edge
from .zero_delay import FLOOR, small_leak_variance


@formula
def spurious_spikes(noise: Values, leak: Values, delay: Values, neurons: int) -> Values:
    """lambda, from the packet at its edge; at most N - 1."""
    advance = packet_advance(noise, leak, delay)
    if neurons == 1:
        return jnp.zeros_like(advance)
    return neurons * advance * mean_density(advance - packet_edge(neurons), advance)


@formula
def spurious_in_time(noise: Values, leak: Values, delay: Values, neurons: int) -> Values:
    """lambda_t, the time average of the number of spurious spikes in the current event; at most N - 1."""
    advance = packet_advance(noise, leak, delay)
    if neurons == 1:
        return jnp.zeros_like(advance)
    near, _, weights = neighbours(advance, neurons)
    return (neurons - 1) * advance * jnp.tensordot(weights, near, axes=1, precision="highest")


@formula
def spurious_per_event(noise: Values, leak: Values, delay: Values, neurons: int) -> Values:
    """lambda_e, the mean number of spurious spikes per event."""
    in_time = spurious_in_time(noise, leak, delay, neurons)
    return 0.5 * (in_time + in_time**2 / (jnp.sqrt(in_time**2 + 4) + 2))


@formula
def sawtooth_variance(spurious: Values) -> Values:
    """Time average over events of 1 + k spikes, k Poisson with mean `spurious`; 1/12 + l - l^2/2 + ..."""
    k = spurious
    return FLOOR * (1 + k * (14 + k * (19 + k * (10 + k)))) / (1 + k) ** 2


@formula
def noise_only(noise: Values) -> Values:
    """The bound without spurious spikes: accumulated timing noise alone."""
    return small_leak_variance(noise)


@formula
def synchrony_only(noise: Values, leak: Values, delay: Values, neurons: int) -> Values:
    """The bound without accumulated timing noise: spurious spikes alone."""
    return sawtooth_variance(spurious_spikes(noise, leak, delay, neurons))


@formula
def first_order_bound(noise: Values, leak: Values, delay: Values, neurons: int) -> Values:
    """The bound to first order in lambda: it explains the two terms, and overshoots where lambda is not small."""
    return noise_only(noise) + spurious_spikes(noise, leak, delay, neurons)


@formula
def bound_variance(noise: Values, leak: Values, delay: Values, neurons: int) -> Values:
    """The bound to all orders in lambda: the reference line."""
    return synchrony_only(noise, leak, delay, neurons) + (noise_only(noise) - FLOOR)


@formula
def estimate_variance(noise: Values, leak: Values, delay: Values, neurons: int) -> Values:
    """The sharper estimate; at zero delay it is the exact `packet_variance`."""
    accumulated = accumulation(leak, neurons) * noise**2 / 2
    return sawtooth_variance(spurious_per_event(noise, leak, delay, neurons)) + accumulated


@formula
def stability_ratio(noise: Values, leak: Values, delay: Values, neurons: int) -> Values:
    """(z delta/s)/(pi/2): above 1 the delayed population feedback, of gain z R/s, oscillates. A heuristic."""
    return packet_edge(neurons) * delay * jnp.sqrt(2 * leak) / noise / (math.pi / 2)


@formula
def stable_noise(leak: Values, delay: Values, neurons: int) -> Values:
    """The noise at which `stability_ratio` is 1, proportional to the delay."""
    return packet_edge(neurons) * delay * jnp.sqrt(2 * leak) / (math.pi / 2)
