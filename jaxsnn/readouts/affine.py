"""All values of a decaying sum at once: z_n = exp(-x) z_{n-1} + b_n, with the digits that float32 would lose.

A short stretch is scanned. What rounding takes from z in one step is carried into the next (Kahan): the same small
increment, step after step, is rounded the same way each time, which would shift z by up to 2^-24 z / x, two parts in
ten thousand at x = 3e-4.

A long stretch is an associative scan: k steps act as z -> z + loss z + gain with loss = exp(-k x) - 1, and two
stretches compose to

    loss = loss_1 + loss_2 + loss_1 loss_2          gain = gain_1 + gain_2 + loss_2 gain_1

Carrying the loss and not the factor exp(-k x) keeps its digits too: at x = 3e-4 rounding exp(-x) changes x by 1e-4.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .accumulate import Total, two_sum

_SHORT = 256  # steps below which a plain scan is faster: in a sweep a step of it serves a thousand networks


def _after(first, second):
    loss_1, gain_1 = first
    loss_2, gain_2 = second
    return loss_1 + loss_2 + loss_1 * loss_2, gain_1 + gain_2 + loss_2 * gain_1


def settle(held: Total, change: Float[Array, "..."]) -> Total:
    """Add a change to a value that is held with the part that rounding took from it before."""
    return two_sum(held.high, change + held.low)


def relax(
    x: Float[Array, "..."], held: Total, arriving: Float[Array, "time ..."]
) -> tuple[Total, Float[Array, "time ..."]]:
    """z_T, and z_1 ... z_T, from z_0 = held; `x` = rate * dt and `held` have the shape of one row of `arriving`."""
    loss = jnp.expm1(-x)

    def one(held, now):
        held = settle(held, loss * held.high + now)
        return held, held.high

    if arriving.shape[0] <= _SHORT:
        return jax.lax.scan(one, held, arriving)
    arriving = arriving.at[0].add(held.high + (loss * held.high + held.low))
    values = jax.lax.associative_scan(_after, (jnp.broadcast_to(loss[None], arriving.shape), arriving))[1]
    return Total(values[-1], jnp.zeros_like(held.low)), values
