"""Firing probability and mean backward factor of the noisy neuron, by sampling, for every distribution and placement.

For a membrane u over threshold and noise of standard deviation SIGMA, n independent draws give

    fired     how often the neuron fires                                 to be compared with F(u / s)
    passed    mean of the factor d s / d u that is passed on             with f(u / s) / s
    square    mean square of the factor, for its standard error

s is the scale of the noise. In the escape form the factor is a number without chance. Where the noise stays in the
membrane, the factor is the density at the *noisy* membrane, and its mean the density of twice the noise. The double
draw (the released code) fires with F convolved with the density: for Gaussian noise everything as if s were sqrt(2) s.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsnn.core import Tick, check_size
from jaxsnn.engine import Plan
from jaxsnn.gradients import NoiseDriven, emit
from jaxsnn.gradients.noise_driven import PLACEMENTS
from jaxsnn.sweeps import Study

from .families import FAMILIES, SCALES

SIGMA = 0.3  # standard deviation
U = np.linspace(-0.9, 0.9, 13)
_FINE = 4001  # points of the numerical convolution


def run(point: dict[str, Any], key: Array) -> dict[str, Array]:
    """All families and placements at once: arrays [family, placement, u]."""
    u = jnp.asarray(U).astype(float)
    threshold = jnp.ones(())

    def one(key: Array) -> tuple[Array, Array]:
        found = [_sampled(family, place, u, threshold, key) for family in FAMILIES for place in PLACEMENTS]
        s, factor = zip(*found, strict=True)
        return jnp.stack(s), jnp.stack(factor)

    s, factor = jax.vmap(one)(jax.random.split(key, point["draws"]))
    results = {"fired": jnp.mean(s, axis=0), "passed": jnp.mean(factor, axis=0), "square": jnp.mean(factor**2, axis=0)}
    return {name: value.reshape(len(FAMILIES), len(PLACEMENTS), len(U)) for name, value in results.items()}


def _sampled(family: str, placement: str, u: Array, threshold: Array, key: Array) -> tuple[Array, Array]:
    """Spikes and factors of one draw."""
    rule = NoiseDriven(family, SCALES[family] * SIGMA, placement=placement)
    noise = rule.variates(key, u.shape)
    fires = lambda u: emit(rule, u + threshold, threshold, (), Tick(jnp.int32(0), jnp.ones(()), noise)).s
    s, back = jax.vjp(fires, u)
    return s, back(jnp.ones_like(u))[0]


def density(family: str, x: Float[np.ndarray, "..."]) -> np.ndarray:
    """Of the noise, written down again (not the library's), at standard deviation SIGMA."""
    x = np.asarray(x, float) / SIGMA
    if family == "gaussian":
        return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) / SIGMA
    if family == "logistic":
        s = np.sqrt(3) / np.pi
        return 1 / (4 * s * np.cosh(x / (2 * s)) ** 2) / SIGMA
    if family == "triangular":
        a = np.sqrt(6)
        return np.maximum(a - np.abs(x), 0) / a**2 / SIGMA
    a = np.sqrt(3)
    return (np.abs(x) <= a) / (2 * a) / SIGMA


def expected(family: str, double: bool) -> tuple[np.ndarray, np.ndarray]:
    """Firing probability and density at U; double: of the sum of two draws. By sums over a fine grid."""
    x = np.linspace(-8 * SIGMA, 8 * SIGMA, _FINE)
    step = x[1] - x[0]
    f = density(family, x)
    if double and family == "uniform":  # its edges fall between the points of the grid
        a = np.sqrt(3) * SIGMA
        f = np.maximum(2 * a - np.abs(x), 0) / (2 * a) ** 2
    elif double:
        f = np.convolve(f, f, "same") * step
    cumulative = np.concatenate([[0.0], np.cumsum((f[1:] + f[:-1]) / 2) * step])
    return np.interp(U, x, cumulative / cumulative[-1]), np.interp(U, x, f)


def prepare(point: dict[str, Any]) -> Plan:
    check_size("draws", point["draws"])
    return Plan({"draws": point["draws"]}, {})


PARITY = Study("ma_2023.parity", 1, run, prepare, {"draws": 4000})
