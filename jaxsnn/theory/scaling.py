"""Error of the decoded signal against network size at a fixed physical delay.

With R = N x and the delay Delta in readout time constants, delta = N x Delta. Which noise stays fixed decides the law:

    sigma fixed in readout units           zero delay: error of xhat ~ 1/N (up to log N)
    sigma/sqrt(R) fixed (interval units)   zero delay: error of xhat ~ 1/sqrt(N)
    sigma tuned, kappa delta << 1          excess of xhat ~ N^{-2/3} Delta^{1/3} (up to log N)

Our derivation. The leak is fixed in readout units throughout.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ._inputs import real, size
from .delayed import estimate_variance
from .optimum import optimal_noise


def coding_error(
    noise: ArrayLike,
    leak: ArrayLike,
    delay: ArrayLike,
    neurons: int,
    *,
    held: str = "readout",
    signal: ArrayLike = 1.0,
    variance: Callable[..., Array] = estimate_variance,
) -> Float[Array, "..."]:
    """Standard deviation of xhat at a physical delay, in readout time constants.

    `noise` is sigma for held = "readout" and sigma/sqrt(R) for held = "isi"; `variance` is a function of (noise, leak,
    delay in intervals, neurons). Raises ValueError for another `held`.
    """
    if held not in ("readout", "isi"):
        raise ValueError(
            f"held = {held!r}: must be 'readout' (sigma) or 'isi' (sigma/sqrt(R)); pass the noise that is kept fixed"
        )
    noise, leak, delay, signal = real(noise=noise, leak=leak, delay=delay, signal=signal)
    rate = size(neurons) * signal
    sigma = noise * jnp.sqrt(rate) if held == "isi" else noise
    return jnp.sqrt(variance(sigma, leak, rate * delay, neurons)) / neurons


def tuned_coding_error(
    leak: ArrayLike,
    delay: ArrayLike,
    neurons: int,
    *,
    signal: ArrayLike = 1.0,
    variance: Callable[..., Array] = estimate_variance,
) -> Float[Array, "..."]:
    """The same at the noise that is best for this size and physical delay; the convention for the noise drops out."""
    leak, delay, signal = real(leak=leak, delay=delay, signal=signal)
    best = optimal_noise(variance, leak, size(neurons) * signal * delay, neurons)
    return jnp.sqrt(best.variance) / neurons
