"""How weights [post, pre] or [out, in, height, width] begin. fan_in = number of inputs of a neuron.

    kaiming_uniform     uniform in +-sqrt(6 / fan_in)                 (He et al. 2015, gain of a rectifier)
    threshold_scaled    uniform, of standard deviation
                        scale threshold / sqrt(fan_in m),   m = p (1 - p) / (1 - beta^2) + (p / (1 - beta))^2

The second stands in for batch norm. Inputs that each spike with probability p in a step, independently, bring a
membrane v_n = beta v_{n-1} + sum w s_n to E[v^2] = fan_in Var[w] m, the mean taken over the weights, so without a reset
v has the size `scale` thresholds in the stationary state, whatever the number of inputs.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import check_between, check_key, check_positive, require


def _fan_in(shape: Any) -> int:
    known = isinstance(shape, tuple) and len(shape) >= 2 and all(isinstance(n, int) and n > 0 for n in shape)
    require(known, "shape", shape, "must be (post, pre), or (out, in, height, width)", "pass the shape of the weights")
    return math.prod(shape[1:])


def _uniform(key: Array, shape: tuple[int, ...], limit: Any) -> Float[Array, "..."]:
    check_key("key", key)
    return limit * jax.random.uniform(key, shape, minval=-1.0, maxval=1.0)


def kaiming_uniform(key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
    return _uniform(key, shape, math.sqrt(6 / _fan_in(shape)))


def threshold_scaled(
    key: Array, shape: tuple[int, ...], *, beta: Any, rate: Any, threshold: Any = 1.0, scale: Any = 1.0
) -> Float[Array, "..."]:
    """beta: decay of the membrane in a step, below one. rate: p, expected spikes of an input in a step."""
    check_between("beta", beta, 0, 1 - 1e-6, "without a leak there is no stationary state: pass beta below one")
    check_between("rate", rate, 1e-6, 1, "pass the probability that an input spikes in a step")
    check_positive("threshold", threshold)
    check_positive("scale", scale)
    mean_square = rate * (1 - rate) / (1 - beta**2) + (rate / (1 - beta)) ** 2
    return _uniform(key, shape, scale * threshold * jnp.sqrt(3 / (_fan_in(shape) * mean_square)))
