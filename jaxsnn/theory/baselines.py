"""Two networks without error correction, at the same total rate R.

    independent Poisson neurons      Var(y) = R/2: error of xhat = sqrt(x/(2 N)), the classical 1/sqrt(N)
    all N neurons at once            N^2 times the regular variance at rate R/N: error of xhat of order 1

Our derivations (shot noise). Unit spikes; R in spikes per readout time constant.
"""

from ._inputs import Values, formula
from .zero_delay import regular_variance


@formula
def poisson_variance(rate: Values) -> Values:
    """Variance of y for Poisson spikes of total rate `rate`."""
    return rate / 2


@formula
def synchronous_variance(rate: Values, neurons: int) -> Values:
    """Variance of y when all neurons fire together, at total rate `rate`."""
    return neurons**2 * regular_variance(rate / neurons)
