"""Maximum of N standard normals, at one time and at two.

M is the maximum of N independent standard normals, M' that of their partners at correlation rho (same index).

    persistence(rho) = P(the same index is the largest at both times)
    c_N(rho)         = Cov(M, M'),      dc_N/drho = persistence(rho),      c_N(0) = 0

The second line is Plackett's identity, d Phi2(a, b; rho)/d rho = phi2(a, b; rho), under the double integral
c_N(rho) = int int [Phi2^N - (Phi Phi)^N]. So c_N'(1) = 1 and c_N'(0) = 1/N.

Method. With (1 - rho)/(1 + rho) = x^2 rotate the pair to sum g and difference h; then

    persistence = 2 N int dg int_0^inf dh phi(g) phi(h) [int_0^inf dr (phi(h + r) + phi(h - r)) Phi(g - r x)]^(N - 1)

which is smooth in x although it has a root singularity in rho at rho = 1. It is tabulated once per N by quadrature on
the host, as a Chebyshev series in x on [0, 1]; c_N follows by integration. Derived here.
"""

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpy.polynomial import chebyshev

from ._inputs import Values, formula, size
from ._normal import density, distribution, legendre, mean_density

_DEGREE = 23
_NODES = 0.5 + 0.5 * np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))  # Chebyshev points of [0, 1]


def fit_series(values: np.ndarray) -> np.ndarray:
    """Chebyshev coefficients on [0, 1] of a function given at `series_nodes`."""
    return chebyshev.chebfit(2 * _NODES - 1, values, _DEGREE)


def series_nodes() -> np.ndarray:
    return _NODES


def evaluate_series(table: np.ndarray, x: Array) -> Array:
    """Clenshaw's sum of a Chebyshev series on [0, 1]."""
    t = 2 * x - 1
    above, here = jnp.zeros_like(t), jnp.zeros_like(t)
    for coefficient in table[:0:-1].tolist():
        above, here = here, 2 * t * here - above + coefficient
    return t * here - above + float(table[0])


@lru_cache(maxsize=256)
def quadrature(neurons: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes m and weights with sum(w f(m)) = E[f(M)], for smooth f."""
    m, w = legendre(240, -9.0, 11.0)
    w = w * neurons * density(m) * distribution(m) ** (neurons - 1)
    kept = w > 1e-15
    return m[kept], w[kept] / w[kept].sum()


def neighbours(advance: Array, neurons: int) -> tuple[Array, Array, Array]:
    """p(M)/h at the nodes of M, [node, ...], for h = `advance`; with the nodes and their weights.

    p(M) = 1 - Phi(M - h)/Phi(M) is the chance that one of the others is within h of the maximum M.
    """
    tops, weights = quadrature(neurons)
    below = distribution(tops)
    tops, weights, below = (jnp.asarray(values, dtype=advance.dtype) for values in (tops, weights, below))
    return jax.vmap(lambda top, phi: mean_density(top, advance) / phi)(tops, below), tops, weights


def maximum_mean(neurons: int) -> float:
    """E[M], for instance 2.344 for 64 neurons."""
    m, w = quadrature(size(neurons))
    return 0.0 if neurons == 1 else float(w @ m)


def maximum_variance(neurons: int) -> float:
    """Var[M] = c_N(1), for instance 0.2035 for 64 neurons."""
    m, w = quadrature(size(neurons))
    return 1.0 if neurons == 1 else float(w @ (m - w @ m) ** 2)


@lru_cache(maxsize=256)
def persistence_table(neurons: int) -> np.ndarray:
    """Chebyshev coefficients of the persistence in x = sqrt((1 - rho)/(1 + rho))."""
    if neurons == 1:
        return fit_series(np.ones_like(_NODES))
    g, wg = legendre(120, -9.0, 11.0)
    h, wh = legendre(64, 0.0, 9.0)
    r, wr = legendre(160, 0.0, 18.0)
    other = ((density(h[:, None] + r) + density(h[:, None] - r)) * wr).T
    both = (distribution(g[:, None] - r * x) @ other for x in _NODES)
    values = [2 * neurons * (wg * density(g)) @ p ** (neurons - 1) @ (wh * density(h)) for p in both]
    return fit_series(np.array(values))


@lru_cache(maxsize=256)
def _covariance_table(neurons: int) -> np.ndarray:
    """Chebyshev coefficients of (c_N(1) - c_N(rho))/x^2 in x: the integral of the persistence over rho."""
    u, w = legendre(40, 0.0, 1.0)
    t = _NODES[:, None] * u
    return fit_series((chebyshev.chebval(2 * t - 1, persistence_table(neurons)) * 4 * u / (1 + t * t) ** 2) @ w)


def _separation(correlation: Array) -> Array:
    """x = sqrt((1 - rho)/(1 + rho)), with derivative 0 instead of infinity at rho = 1."""
    apart = correlation < 1
    inside = jnp.where(apart, correlation, 0.0)
    return jnp.where(apart, jnp.sqrt((1 - inside) / (1 + inside)), 0.0)


@formula
def persistence(correlation: Values, neurons: int) -> Values:
    """Probability that the largest of N normals is the largest again at a correlation in [0, 1]."""
    return evaluate_series(persistence_table(neurons), _separation(correlation))


@formula
def maximum_covariance(correlation: Values, neurons: int) -> Values:
    """c_N(rho), the covariance of the two maxima, for a correlation in [0, 1]."""
    slope = evaluate_series(_covariance_table(neurons), _separation(correlation))
    return maximum_variance(neurons) - (1 - correlation) / (1 + correlation) * slope
