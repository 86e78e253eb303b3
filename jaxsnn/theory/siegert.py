"""Rate of a leaky integrate-and-fire neuron driven by white noise: Siegert's formula, the diffusion-limit f-I curve.

    tau dv/dt = -v + mean + noise eta(t)        <eta(t) eta(t')> = delta(t - t'),  v -> reset at threshold

    1 / rate = refractory + tau sqrt(pi) int_{y_r}^{y_th} exp(y^2) (1 + erf y) dy,      y = (v - mean) sqrt(tau) / noise

(Siegert 1951; Ricciardi 1977; Amit & Tsodyks 1991.) `noise` is in current times the root of time, so that the standard
deviation of a membrane without threshold is noise / sqrt(2 tau). Without noise the rate is that of the equation,
1 / (refractory + tau ln((mean - reset) / (mean - threshold))), and zero up to threshold.

Method: the integrand is erfcx(-y), which grows as 2 exp(y^2) above zero and falls as 1 / |y| below. The two sides are
integrated apart by Gauss-Legendre quadrature, the lower one in asinh y, the upper one with exp(y_th^2) taken out of
integral and rate; so nothing overflows, however small the noise and on either side of threshold, and derivatives are
those of the quadrature.

A threshold that is looked at only at steps of dt lets paths go over and back in between, and the rate is too small by a
term of order sqrt(dt). To that order it is the rate of continuous time with the threshold raised by

    -zeta(1/2) / sqrt(2 pi) = 0.5826 standard deviations of a step's noise, (noise / tau) sqrt(dt)

(Chernoff 1965; Siegmund 1979; Broadie, Glasserman & Kou 1997): `monitored_threshold`. What remains is of order dt.
Both hold for a neuron that is reset to a value. One whose reset subtracts (`LIF`) keeps by how much it overshot, on
average this same shift: give it a `reset` raised by as much, `monitored_threshold(reset, noise, tau, dt)`.
"""

import math

import jax
import jax.numpy as jnp
from jax.scipy.special import erfc, erfcx
from jaxtyping import Array

from ._inputs import Values, formula
from ._normal import legendre

OVERSHOOT = 0.5825971579390107  # -zeta(1/2) / sqrt(2 pi)
_NODES, _WEIGHTS = legendre(64, 0.0, 1.0)
_FAR = 8.0
_QUIET = 1e-6  # noise below this part of (threshold - reset) sqrt(tau) counts as this much: its effect is its square


def _tail(x: Array) -> Array:
    """erfcx(x) for x >= 0; by its asymptotic series where the derivative of erfcx would lose its digits."""
    far = x > _FAR
    w = 0.5 / jnp.square(jnp.where(far, x, _FAR))
    series = jnp.ones_like(x)
    for odd in (15, 13, 11, 9, 7, 5, 3, 1):
        series = 1 - odd * w * series
    return jnp.where(far, series / (math.sqrt(math.pi) * jnp.where(far, x, _FAR)), erfcx(jnp.where(far, _FAR, x)))


def _integrated(integrand, low: Array, high: Array) -> Array:
    nodes, weights = (jnp.asarray(values, low.dtype) for values in (_NODES, _WEIGHTS))
    width = high - low
    heights = jax.vmap(lambda t: integrand(low + width * t))(nodes)
    return width * jnp.tensordot(weights, heights, axes=1, precision="highest")


def _below(low: Array, high: Array) -> Array:
    """int erfcx(-y) dy from low to high, both <= 0."""
    return _integrated(lambda w: _tail(jnp.sinh(w)) * jnp.cosh(w), jnp.arcsinh(-high), jnp.arcsinh(-low))


def _above(low: Array, high: Array) -> Array:
    """exp(-high^2) int erfcx(-y) dy from low to high, both >= 0: from the top down, where the integrand is large."""
    depth = high - low
    stretch = jnp.arcsinh(1 + 2 * high * depth)

    def integrand(w):
        u = depth * jnp.sinh(stretch * w) / jnp.sinh(stretch)
        slope = depth * stretch * jnp.cosh(stretch * w) / jnp.sinh(stretch)
        return slope * (2 - erfc(high - u)) * jnp.exp(-u * (2 * high - u))

    return _integrated(integrand, jnp.zeros_like(depth), jnp.ones_like(depth))


@formula
def siegert_rate(
    mean: Values, noise: Values, tau: Values, threshold: Values, reset: Values, refractory: Values
) -> Values:
    """Spikes per time unit of a neuron with mean current `mean` and white noise `noise`; threshold above reset.

    tau, refractory: in one time unit; noise: current times the root of that unit. NaN where reset >= threshold.
    """
    span = jnp.where(threshold > reset, threshold - reset, jnp.nan)
    spread = jnp.maximum(noise / jnp.sqrt(tau), _QUIET * span)  # sqrt(2) standard deviations of the membrane
    low, high = (reset - mean) / spread, (threshold - mean) / spread
    over, under = jnp.maximum(high, 0), jnp.minimum(high, 0)
    root = tau * math.sqrt(math.pi)
    rare = jnp.exp(-over * over)
    climb = refractory + root * _below(jnp.minimum(low, 0), under)
    return rare / (climb * rare + root * _above(jnp.maximum(low, 0), over))


@formula
def monitored_threshold(threshold: Values, noise: Values, tau: Values, dt: Values) -> Values:
    """The threshold in continuous time that acts as `threshold` does when it is looked at every dt."""
    return threshold + OVERSHOOT * noise / tau * jnp.sqrt(dt)
