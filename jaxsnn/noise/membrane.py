"""Membrane (diffusion) noise: what Brownian motion adds to a leaky membrane in one step, exactly.

    dv = -leak v dt + sigma dW     adds     sigma sqrt((1 - exp(-2 leak dt)) / (2 leak)) xi,   xi ~ N(0, 1)

(sigma sqrt(dt) at leak = 0). `AggregatedMembraneNoise` draws at a step `factor` times finer and sums the innovations
with their Ornstein-Uhlenbeck weights, so that runs at dt and dt/factor follow the same Brownian path: that is how
convergence in dt is tested.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..core import check_size, decay, integral
from .normals import normals


def innovation_scale(leak: Float[Array, "..."], sigma: Float[Array, "..."], dt: Float[Array, ""]):
    """Standard deviation of what the noise adds to the membrane over dt. Finite gradient at leak = 0."""
    return sigma * jnp.sqrt(integral(2 * leak, dt))


class WhiteMembraneNoise(eqx.Module):
    """Independent Brownian motion per neuron, one draw per step."""

    def draw(self, stream: Array, steps: Int[Array, " time"], shape: tuple[int, ...]) -> Float[Array, "time ..."]:
        return normals(stream, steps, shape)

    def innovation(self, drawn: Float[Array, " neuron"], leak, sigma, dt) -> Float[Array, " neuron"]:
        return innovation_scale(leak, sigma, dt) * drawn


class AggregatedMembraneNoise(eqx.Module):
    """The Brownian path of a run with steps of dt / factor, seen by a run with steps of dt."""

    factor: int = eqx.field(static=True)

    def __check_init__(self):
        check_size("AggregatedMembraneNoise.factor", self.factor)

    def draw(self, stream: Array, steps: Int[Array, " time"], shape: tuple[int, ...]) -> Float[Array, "time fine ..."]:
        fine = (steps[:, None] * self.factor + jnp.arange(self.factor, dtype=steps.dtype)[None]).reshape(-1)
        return normals(stream, fine, shape).reshape((steps.shape[0], self.factor) + shape)

    def innovation(self, drawn: Float[Array, "fine neuron"], leak, sigma, dt) -> Float[Array, " neuron"]:
        fine_dt = dt / self.factor
        later = jnp.arange(self.factor - 1, -1, -1, dtype=drawn.dtype)  # fine steps that still follow
        left = decay(leak * later, fine_dt)  # what is left of each innovation at the end of the coarse step
        return innovation_scale(leak, sigma, fine_dt) * (left @ drawn)
