"""Exponential relaxation u_n = exp(-x) u_{n-1} + b_n over a stretch of steps, with the digits that float32 would lose.

A short stretch is scanned. What rounding takes from u in one step is carried into the next (Kahan): the same small
increment, step after step, is rounded the same way each time, which would shift u by up to 2^-24 u / x, two parts in
ten thousand at x = 3e-4.

A long stretch is an associative scan: k steps act as u -> u + loss u + gain with loss = exp(-k x) - 1, and two
stretches compose to

    loss = loss_1 + loss_2 + loss_1 loss_2          gain = gain_1 + gain_2 + loss_2 gain_1

Carrying the loss and not the factor exp(-k x) keeps its digits too: at x = 3e-4 rounding exp(-x) changes x by 1e-4.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .rowwise import SHORT
from .total import Total, settle


def relax(
    x: Float[Array, "..."], start: Total, added: Float[Array, "time ..."]
) -> tuple[Total, Float[Array, "time ..."]]:
    """u_T, and u_1 ... u_T, from u_0 = start; `added` are the b_n.

    x: rate * dt, or dt / tau, of one step; one for all, or of the shape of a row of `added`, as `start` is. Zero or
    more: at zero the relaxation is a running sum.
    """
    loss = jnp.expm1(-x)

    def one(held, now):
        held = settle(held, loss * held.high + now)
        return held, held.high

    if added.shape[0] <= SHORT:
        return jax.lax.scan(one, start, added)
    added = added.at[0].add(start.high + (loss * start.high + start.low))
    losses = jnp.broadcast_to(jnp.broadcast_to(loss, added.shape[1:])[None], added.shape)
    us = jax.lax.associative_scan(_after, (losses, added))[1]
    return Total.of(us[-1]), us


def _after(first, second):
    loss_1, gain_1 = first
    loss_2, gain_2 = second
    return loss_1 + loss_2 + loss_1 * loss_2, gain_1 + gain_2 + loss_2 * gain_1
