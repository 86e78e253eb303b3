"""Exponential relaxation u_n = exp(-dt/tau) u_{n-1} + b_n over a stretch of steps, as an associative scan.

A stretch of steps acts as u -> u + loss u + gain, with loss = exp(-k dt/tau) - 1 over k steps. Stretches compose by

    loss = loss_1 + loss_2 + loss_1 loss_2          gain = gain_1 + gain_2 + loss_2 gain_1

Carrying the loss rather than the factor keeps its digits in float32 when dt is much shorter than tau.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def _after(first, second):
    loss_1, gain_1 = first
    loss_2, gain_2 = second
    return loss_1 + loss_2 + loss_1 * loss_2, gain_1 + gain_2 + loss_2 * gain_1


def relaxed(
    u: Float[Array, " neuron"], added: Float[Array, "time neuron"], ratio: Float[Array, "..."]
) -> Float[Array, "time neuron"]:
    """u_1 ... u_T from u_0 = u; `added` are the b_n, `ratio` is dt / tau, one for all or [neuron]."""
    loss = jnp.broadcast_to(jnp.expm1(-ratio), added.shape[1:])
    losses = jnp.broadcast_to(loss[None], added.shape)
    _, us = jax.lax.associative_scan(_after, (losses, added.at[0].add(u + loss * u)))
    return us
