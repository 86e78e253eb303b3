"""Exponential decay over one step, without the loss of digits of 1 - exp(-rate dt) in float32.

decay(rate, dt)    = exp(-rate dt)
lost(x)            = 1 - exp(-x)
integral(rate, dt) = (1 - exp(-rate dt)) / rate,  and dt at rate = 0

`integral` is jitted to be traced once: a sweep traces its network in every call, and a network has many integrals.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def decay(rate: Float[Array, "..."], dt: Float[Array, ""]) -> Float[Array, "..."]:
    """What is left after dt of something that leaks at `rate` (1 / time unit)."""
    return jnp.exp(-rate * dt)


def lost(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """1 - exp(-x) for x >= 0, through the hyperbolic tangent: to rounding, in half the time that `expm1` takes on a
    processor, which counts where every neuron has an x of its own."""
    t = jnp.tanh(x / 2)
    return 2 * t / (1 + t)


@jax.jit
def integral(rate: Float[Array, "..."], dt: Float[Array, ""]) -> Float[Array, "..."]:
    """Integral of the decay over dt: the response to a unit constant drive. Finite, with its gradient, at rate 0."""
    x = rate * dt
    small = jnp.abs(x) < 1e-3
    safe = jnp.where(small, jnp.ones_like(x), x)  # keeps the gradient of the branch not taken finite
    series = 1 - x / 2 + x * x / 6 - x * x * x / 24
    return dt * jnp.where(small, series, -jnp.expm1(-safe) / safe)
