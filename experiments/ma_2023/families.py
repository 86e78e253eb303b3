"""Every noise distribution, and none, in one program: the family of the noise is a number and no structure.

    P(s = 1) = F_k(u / sigma)              k = 0 .. 3: Gaussian, logistic, triangular, uniform
    s = 1 if z >= F_k(-u / sigma) else 0   z uniform on (0, 1); with sigma = 0: 1 if u >= 0 else 0
    ds = f_k(u / width) / width du         f_k = F_k'

The escape form of the noisy neuron (Ma, Yan & Tang 2023), with the width of what is passed on apart from the level
that fires: noise-driven learning is width = sigma; a surrogate gradient is sigma = 0; a network trained with noise and
tested without it has the width it was trained with. Levels are standard deviations, so that the families compare at
equal variance; the distributions are the library's, of which a test says that they agree.

All points share the uniform variates, whatever their family, and a sweep over families, levels and deterministic
networks beside them is one compiled program.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsnn.core import param
from jaxsnn.gradients import NoiseDriven, SpikeNoise, StochasticRule

# standard deviation -> the scale of the library's distribution (table of `jaxsnn.gradients.distributions`)
SCALES = {"gaussian": 1.0, "logistic": np.sqrt(3) / np.pi, "triangular": np.sqrt(6), "uniform": np.sqrt(3)}
FAMILIES = tuple(SCALES)
_TINY = 1e-6


def scaled(family: str, deviation: float) -> NoiseDriven:
    """The library's rule with noise of this standard deviation."""
    return NoiseDriven(family, SCALES[family] * deviation)


def _of(name: str, x: Float[Array, "..."]) -> list[Float[Array, "..."]]:
    """cdf or density of each family of unit standard deviation at x."""
    rules = [scaled(family, 1.0) for family in FAMILIES]
    if name == "cdf":
        return [rule.distribution.cdf(x / rule.sigma.astype(x.dtype)) for rule in rules]
    return [rule.distribution.density(x / s) / s for rule in rules for s in (rule.sigma.astype(x.dtype),)]


class AnyNoise(StochasticRule):
    """family: 0 .. 3. sigma: standard deviation of the noise, 0 for none. width: that of the density passed on."""

    family: Float[Array, ""] = param()
    sigma: Float[Array, ""] = param()
    width: Float[Array, ""] = param()

    def variates(self, key, shape):
        return SpikeNoise(jax.random.uniform(key, shape))

    def _cdf(self, u):
        noisy = _chosen(self.family, _of("cdf", u / jnp.maximum(self.sigma, _TINY)))
        return jnp.where(self.sigma > 0, noisy, (u >= 0).astype(u.dtype))

    def fire(self, u, noise):
        below = _chosen(self.family, _of("cdf", -u / jnp.maximum(self.sigma, _TINY)))
        return jnp.where(self.sigma > 0, noise.choice >= below, u >= 0).astype(u.dtype)

    def probability(self, u):
        return self._cdf(u)

    def tangent(self, u, noise, d_rule, d_u):
        del noise, d_rule
        return _chosen(self.family, _of("density", u / self.width)) / self.width * d_u


def _chosen(family: Float[Array, ""], members: list[Float[Array, "..."]]) -> Float[Array, "..."]:
    return jax.lax.select_n(jnp.broadcast_to(family.astype(jnp.int32), members[0].shape), *members)
