"""The Gaussian packet of membrane potentials.

    s = sigma/sqrt(2 lam_V)    stationary width: private noise and leak alone set it, all else moves every neuron alike
    z = Phi_c^{-1}(1/N)        distance of its mean below threshold at a first spike, in widths
    delta/s                    how far it moves on during the delay, in widths (it climbs by 1 per interval)

The criterion for z (tail probability 1/N) is the paper's; the forms are our derivation. Noise and leak in readout
units, delay in mean population intervals.
"""

import math
from statistics import NormalDist

import jax.numpy as jnp

from ._inputs import Values, formula, size

_FAR = 50.0  # widths; a packet that moved this far has passed threshold entirely, in any float type


@formula
def packet_width(noise: Values, leak: Values) -> Values:
    """Stationary standard deviation s of the potentials; infinite without leak."""
    return noise / jnp.sqrt(2 * leak)


def packet_edge(neurons: int) -> float:
    """z, the quantile beyond which one neuron of N is expected; N >= 2."""
    return -NormalDist().inv_cdf(1 / size(neurons, least=2))


@formula
def packet_advance(noise: Values, leak: Values, delay: Values) -> Values:
    """delta/s, cut off at 50 widths, so that it stays finite, with its derivatives, as the noise goes to zero."""
    leaky = leak > 0
    path = delay * jnp.where(leaky, jnp.sqrt(2 * jnp.where(leaky, leak, 1.0)), 0.0)
    near = path <= noise * _FAR
    noisy = noise > math.sqrt(jnp.finfo(noise.dtype).tiny)  # its square is not zero, so neither is that of a derivative
    ratio = path / jnp.where(near & noisy, noise, 1.0)
    return jnp.where(near & noisy, ratio, jnp.where(path > 0, _FAR, 0.0))
