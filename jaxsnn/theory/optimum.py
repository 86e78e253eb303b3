"""The noise that minimises a variance, and local exponents of a curve.

The minimum in log sigma is bracketed on a coarse grid and then found by bisection (optimistix) of the derivative of
log variance, so its place is good to rounding error where a comparison of values would give half the digits. Gradients
are implicit: d sigma*/d delay from the derivative's own derivative, d minimum/d delay at fixed sigma*.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from ._inputs import real, size

Curve = Callable[[Array], Array]


class Optimum(NamedTuple):
    noise: Float[Array, "..."]  # sigma*
    variance: Float[Array, "..."]  # least variance
    interior: Bool[Array, "..."]  # False: the least value lies at an end of the range (as it does at zero delay)


def _check_range(lower: float, upper: float, points: int) -> None:
    if not 0 < lower < upper < float("inf"):
        raise ValueError(
            f"lower, upper = {lower}, {upper}: must be 0 < lower < upper; swap or change them, for a search in the "
            "log of the noise"
        )
    if not isinstance(points, int) or not 3 <= points <= 1_000_000:
        raise ValueError(f"points = {points!r}: must be an integer from 3, to bracket a minimum, to 10^6; pass 128")


def _check_curve(name: str, curve: Curve) -> None:
    if not callable(curve):
        raise ValueError(f"{name} = {curve!r}: must be a function of one number; pass for instance a lambda")


def minimise_over_noise(variance: Curve, *, lower: float = 1e-3, upper: float = 1e3, points: int = 128) -> Optimum:
    """Least value of `variance`, a positive scalar function of scalar noise, between `lower` and `upper`.

    May close over traced values: vmap over them for many optima, differentiate with respect to them for slopes.
    Of several minima it takes the one whose neighbourhood holds the least of `points` values, even in log noise.
    """
    _check_curve("variance", variance)
    _check_range(lower, upper, points)
    height = lambda x: jnp.log(variance(jnp.exp(x)))
    slope = jax.grad(height)
    grid = jnp.asarray(np.linspace(np.log(lower), np.log(upper), points), dtype=float)
    best = jnp.argmin(jax.lax.stop_gradient(jax.vmap(height)(grid)))
    interior = (best > 0) & (best < points - 1)
    edge = grid[best]
    solution = optx.root_find(
        lambda x, _: jnp.where(interior, slope(x), x - edge),
        optx.Bisection(rtol=0.0, atol=4 * float(jnp.finfo(grid.dtype).eps), flip=False),
        edge,
        options={"lower": grid[jnp.maximum(best - 1, 0)], "upper": grid[jnp.minimum(best + 1, points - 1)]},
        max_steps=64,
        throw=False,
    )
    noise = jnp.exp(solution.value)
    return Optimum(noise, variance(noise), interior)


@partial(jax.jit, static_argnames=("variance", "neurons", "lower", "upper", "points"))
def _optima(variance, leak, delay, neurons, lower, upper, points) -> Optimum:
    def at(leak: Array, delay: Array) -> Optimum:
        curve = lambda noise: variance(noise, leak, delay, neurons)
        return minimise_over_noise(curve, lower=lower, upper=upper, points=points)

    flat = jax.vmap(at)(leak.ravel(), delay.ravel())
    return Optimum(*(field.reshape(delay.shape) for field in flat))


def optimal_noise(
    variance: Callable[..., Array],
    leak: ArrayLike,
    delay: ArrayLike,
    neurons: int,
    *,
    lower: float = 1e-3,
    upper: float = 1e3,
    points: int = 128,
) -> Optimum:
    """Optimum of `variance(noise, leak, delay, neurons)`, such as `bound_variance`, for every leak and delay."""
    leak, delay = real(leak=leak, delay=delay)
    _check_curve("variance", variance)
    _check_range(lower, upper, points)
    return _optima(variance, leak, delay, size(neurons), lower, upper, points)


def local_exponent(curve: Curve, at: ArrayLike) -> Float[Array, "..."]:
    """d log curve/d log x at each x of `at`, by differentiation; curve is a scalar function, both positive."""
    (at,) = real(at=at)
    _check_curve("curve", curve)
    exponent = jax.grad(lambda log_x: jnp.log(curve(jnp.exp(log_x))))
    return jax.jit(jax.vmap(exponent))(jnp.log(at.ravel())).reshape(at.shape)
