"""Noise-driven learning: a threshold with noise, whose density is the derivative (Ma, Yan & Tang 2023).

    s = 1 if u + eps >= 0 else 0,       eps = sigma z,  z ~ D of unit scale         P(s = 1) = F(u / sigma)
    ds = f(u / sigma) / sigma (du - u / sigma dsigma)                               f = F'

so that E[ds] is the derivative of the firing probability, in the noise level too. It is the exact gradient of the
expected loss where the loss is linear in the spikes and no spike acts on another (one layer, no reset); elsewhere
its variance is low and it is biased, and can have the wrong sign. `mode="score"` makes the same neuron exact.

Three places for the noise, all with the same tangent for the spike:

    placement="escape"            eps decides the spike and is forgotten
    placement="membrane"          eps decides the spike and stays in the membrane, which passes z dsigma on: the
                                  noise of continuous time, where sigma = (noise level) sqrt(dt)
    placement="membrane+escape"   one eps stays in the membrane, a second decides the spike: the reference code's
                                  double draw, with firing probability F convolved with D (sqrt(2) sigma if Gaussian)

P is a probability per step: halving dt about doubles the spontaneous rate. `Hazard` is the rule that does not depend
on dt.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import check_positive, is_paired, param, require
from ..noise import normals
from .distributions import Distribution, GaussianNoise, distribution
from .rule import threshold
from .stochastic import SpikeNoise, StochasticRule
from .surrogate import Surrogate

PLACEMENTS = ("escape", "membrane", "membrane+escape")


class NoiseDriven(StochasticRule):
    """distribution: "gaussian", "logistic", "uniform", "triangular", or a Distribution. See the module's docstring.

    surrogate: pass this bump on instead of the density, with no gradient for sigma: a surrogate gradient in a noisy
    network. With mode="score" no tangent is used, and placement="membrane" is refused, since the noise that stays in
    the membrane depends on the spike.
    """

    distribution: Distribution = eqx.field(converter=distribution, default="gaussian")
    sigma: Float[Array, "..."] = param(0.3)  # scale of the noise, in units of u; one for all, or [neuron]
    placement: str = eqx.field(static=True, default="escape", kw_only=True)
    surrogate: Surrogate | None = eqx.field(default=None, kw_only=True)

    def __check_init__(self):
        check_positive("NoiseDriven.sigma", self.sigma, "without noise take a surrogate, for instance Erf")
        allowed = "must be " + " or ".join(f'"{place}"' for place in PLACEMENTS)
        require(self.placement in PLACEMENTS, "NoiseDriven.placement", self.placement, allowed, '"escape" is usual')
        require(
            not (self.mode == "score" and self.placement == "membrane"),
            "NoiseDriven.placement",
            self.placement,
            'cannot be scored: what stays in the membrane depends on the spike; must be "escape" or "membrane+escape"',
            'take "membrane+escape", or mode="reverse"',
        )

    def variates(self, key, shape):
        if self.placement != "membrane+escape":
            return SpikeNoise(self.distribution.sample(key, shape))
        decide, stay = jax.random.split(key)
        return SpikeNoise(self.distribution.sample(decide, shape), self.distribution.sample(stay, shape))

    def variates_of(self, stream, steps, shape):
        one = self.placement != "membrane+escape" and isinstance(self.distribution, GaussianNoise)
        if one and is_paired(stream):
            return SpikeNoise(normals(stream, steps, shape))
        return super().variates_of(stream, steps, shape)

    def membrane(self, v, noise):
        if self.placement == "membrane":
            return v, v + self.sigma * noise.choice
        if self.placement == "membrane+escape":
            noisy = v + self.sigma * noise.membrane
            return noisy, noisy
        return v, v

    def fire(self, u, noise):
        return threshold(u + self.sigma * noise.choice)

    def probability(self, u):
        return self.distribution.cdf(u / self.sigma)

    def log_probability(self, u, s):
        x = u / self.sigma
        return self.distribution.log_cdf(jnp.where(s > 0, x, -x))

    def tangent(self, u, noise: Any, d_rule: Any, d_u):
        del noise
        if self.surrogate is not None:
            return self.surrogate.derivative(u) * d_u
        x = u / self.sigma
        return self.distribution.density(x) / self.sigma * (d_u - x * d_rule.sigma)

    def at(self, dt):
        if self.surrogate is None or self.surrogate.at(dt) is self.surrogate:
            return self
        return eqx.tree_at(lambda rule: rule.surrogate, self, self.surrogate.at(dt))
