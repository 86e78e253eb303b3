"""How much of the private noise reaches the readout at zero delay: the constant C(N, lam_V).

    C = int_0^inf P(e^{-lam t}) e^{-lam t} [e^{-t} + lam^2 (1 - e^{-t})] dt,       P = persistence of the maximum

Every term is positive, so no digits are lost at small or at large leak. Since dc_N/drho = P, integration by parts gives

    C = [c_N(1) + (lam^2 - 1) int_0^inf e^{-t} c_N(e^{-lam t}) dt]/lam

Limits: C = 1 for one neuron or no leak, C = Var[M] at lam = 1, and 1 - C ~ E[M] sqrt(lam/2) for small leak (the top
neuron is overtaken). Derived here.

Method: a Chebyshev series in sqrt(lam)/(1 + sqrt(lam)), fitted once per N on the host; relative error below 1e-6.
"""

from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from numpy.polynomial import chebyshev

from ._inputs import Values, formula
from ._normal import legendre
from .maximum import evaluate_series, fit_series, maximum_variance, persistence_table, series_nodes

# int_0^inf e^{-u} f(u) du = sum(weights * f(nodes)), with u = w^2 because P has a root singularity at u = 0
_ROOTS, _WEIGHTS = legendre(80, 0.0, 6.2)
_LAGS, _WEIGHTS = _ROOTS**2, 2 * _WEIGHTS * _ROOTS * np.exp(-(_ROOTS**2))


def _persistence_at(lag: np.ndarray, neurons: int) -> np.ndarray:
    """P at correlation e^{-lag}, on the host."""
    return chebyshev.chebval(2 * np.sqrt(np.tanh(lag / 2)) - 1, persistence_table(neurons))


def _quadrature(leak: float, neurons: int) -> float:
    if leak > 1:  # time in membrane time constants
        kernel = np.exp(-_LAGS / leak) / leak - leak * np.expm1(-_LAGS / leak)
        return float(_WEIGHTS @ (_persistence_at(_LAGS, neurons) * kernel))
    top = _WEIGHTS @ _persistence_at(_LAGS * leak / (1 + leak), neurons) / (1 + leak)
    return float(leak * maximum_variance(neurons) + (1 - leak**2) * top)


@lru_cache(maxsize=256)
def _table(neurons: int) -> np.ndarray:
    y = series_nodes()
    return fit_series(np.array([_quadrature(leak, neurons) for leak in (y / (1 - y)) ** 2]))


@formula
def accumulation(leak: Values, neurons: int) -> Values:
    """C(N, lam_V) in (0, 1]; leak in inverse readout time constants.

    The slope in leak is -infinity at leak = 0, where 0 is returned.
    """
    if neurons == 1:
        return jnp.ones_like(leak)
    leaky = leak > 0
    root = jnp.where(leaky, jnp.sqrt(jnp.where(leaky, leak, 1.0)), 0.0)
    return evaluate_series(_table(neurons), root / (1 + root))
