"""Power laws of the optimal noise at small delay.

To leading order variance = 1/12 + kappa delta/sigma + C sigma^2/2, which is least at

    sigma* = (kappa delta/C)^{1/3},       min = 1/12 + (3/2) C^{1/3} (kappa delta)^{2/3}

    bound       kappa = N phi(z) sqrt(2 lam_V),        C = 1
    estimate    kappa = E[M_N] sqrt(lam_V/2),          C = C(N, lam_V)

valid while kappa delta << 1. The excess sqrt(min - 1/12) grows as delta^{1/3} too, the raw minimum more slowly because
of the floor 1/12. Our derivation; the paper's exponents could not be read. Leak in readout units, delay in mean
population intervals.
"""

from statistics import NormalDist
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from ._inputs import Values, formula
from .accumulation import accumulation
from .maximum import maximum_mean
from .packet import packet_edge
from .zero_delay import FLOOR


class PowerLaw(NamedTuple):
    noise: Values  # sigma*
    variance: Values  # least variance of y


@formula
def bound_slope(leak: Values, neurons: int) -> Values:
    """kappa in lambda = kappa delta/sigma, small delta/s."""
    return neurons * NormalDist().pdf(packet_edge(neurons)) * jnp.sqrt(2 * leak)


@formula
def estimate_slope(leak: Values, neurons: int) -> Values:
    """kappa in lambda_e = kappa delta/sigma, small delta/s."""
    return maximum_mean(neurons) * jnp.sqrt(leak / 2)


def _least(push: Array, accumulated: Array | float) -> PowerLaw:
    noise = jnp.cbrt(push / accumulated)
    return PowerLaw(noise, FLOOR + 1.5 * accumulated * noise**2)


@formula
def bound_power_law(leak: Values, delay: Values, neurons: int) -> PowerLaw:
    """Optimum of the first-order bound at small delay."""
    return _least(bound_slope(leak, neurons) * delay, 1.0)


@formula
def estimate_power_law(leak: Values, delay: Values, neurons: int) -> PowerLaw:
    """Optimum of the sharper estimate at small delay."""
    return _least(estimate_slope(leak, neurons) * delay, accumulation(leak, neurons))
