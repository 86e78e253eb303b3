"""Noise distributions of a threshold: continuous, of zero mean, symmetric, and of unit scale.

    name          F(x)                                  density f(x)            scale is
    "gaussian"    Phi(x)                                exp(-x^2/2)/sqrt(2 pi)  the standard deviation
    "logistic"    1 / (1 + exp(-x))                     F (1 - F)               standard deviation * sqrt(3) / pi
    "uniform"     (x + 1) / 2           on [-1, 1]      1 / 2                   half the support
    "triangular"  (1 + x)^2 / 2 below 0, on [-1, 1]     1 - |x|                 half the support

A noise level sigma is a scale: F(u / sigma), f(u / sigma) / sigma, sigma * sample. Symmetry makes log F(-x) the log of
what is left, so no logarithm of 1 - F is ever taken; (s - F) / (F (1 - F)) is 0 / 0 at small noise. Beyond the support
of the last two log F is the logarithm of the smallest float, with gradient zero: finite, and never sampled.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

X = Float[Array, "..."]


class Distribution(eqx.Module):
    """Base: subclasses define `cdf`, `log_cdf`, `density` and `sample`."""

    def cdf(self, x: X) -> X:
        """F(x)."""
        raise NotImplementedError(f"{type(self).__name__} does not define cdf")

    def log_cdf(self, x: X) -> X:
        """log F(x), finite for every x."""
        raise NotImplementedError(f"{type(self).__name__} does not define log_cdf")

    def log_survival(self, x: X) -> X:
        """log (1 - F(x)) = log F(-x)."""
        return self.log_cdf(-x)

    def density(self, x: X) -> X:
        """F'(x)."""
        raise NotImplementedError(f"{type(self).__name__} does not define density")

    def sample(self, key: Array, shape: tuple[int, ...]) -> X:
        """Independent standard variates."""
        raise NotImplementedError(f"{type(self).__name__} does not define sample")


class GaussianNoise(Distribution):
    def cdf(self, x):
        return jax.scipy.special.ndtr(x)

    def log_cdf(self, x):
        return jax.scipy.special.log_ndtr(x)

    def density(self, x):
        return jnp.exp(-x * x / 2) / jnp.sqrt(jnp.asarray(2 * jnp.pi, x.dtype))

    def sample(self, key, shape):
        return jax.random.normal(key, shape)


class LogisticNoise(Distribution):
    def cdf(self, x):
        return jax.nn.sigmoid(x)

    def log_cdf(self, x):
        return jax.nn.log_sigmoid(x)

    def density(self, x):
        return jax.nn.sigmoid(x) * jax.nn.sigmoid(-x)

    def sample(self, key, shape):
        return jax.random.logistic(key, shape)


class UniformNoise(Distribution):
    def cdf(self, x):
        return jnp.clip((x + 1) / 2, 0, 1)

    def log_cdf(self, x):
        return _log(self.cdf(x))

    def density(self, x):
        return jnp.where(jnp.abs(x) < 1, jnp.full_like(x, 0.5), jnp.zeros_like(x))

    def sample(self, key, shape):
        return jax.random.uniform(key, shape, minval=-1, maxval=1)


class TriangularNoise(Distribution):
    def cdf(self, x):
        edge = _to_the_edge(x)
        return jnp.where(x < 0, edge * edge / 2, 1 - edge * edge / 2)

    def log_cdf(self, x):
        edge = _to_the_edge(x)
        return jnp.where(x < 0, 2 * _log(edge) - jnp.log(jnp.asarray(2, x.dtype)), jnp.log1p(-edge * edge / 2))

    def density(self, x):
        return jnp.maximum(1 - jnp.abs(x), 0)

    def sample(self, key, shape):
        first, second = jax.random.uniform(key, (2,) + shape, minval=-0.5, maxval=0.5)
        return first + second


def _to_the_edge(x: X) -> X:
    """1 - |x|, zero beyond the support; with a slope at x = 0, where that of |x| would be lost."""
    return jnp.maximum(1 + jnp.where(x < 0, x, -x), 0)


def _log(p: X) -> X:
    """log p, and at p = 0 the logarithm of the smallest float with gradient zero."""
    tiny = jnp.finfo(p.dtype).tiny
    there = p > tiny
    return jnp.where(there, jnp.log(jnp.where(there, p, jnp.ones_like(p))), jnp.log(jnp.full_like(p, tiny)))


NAMES = {
    "gaussian": GaussianNoise,
    "logistic": LogisticNoise,
    "uniform": UniformNoise,
    "triangular": TriangularNoise,
}


def distribution(which: Any) -> Distribution:
    """The distribution of this name; a Distribution is returned as it is. Raises ValueError for anything else."""
    if isinstance(which, Distribution):
        return which
    if not isinstance(which, str) or which not in NAMES:
        allowed = f"must be one of {', '.join(NAMES)}, or a Distribution of your own"
        raise ValueError(f"distribution = {which!r}: {allowed}; pass one of these")
    return NAMES[which]()
