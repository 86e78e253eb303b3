"""Time averages: mean and variance of anything a run shows, and of a readout error between its samples.

`Moments` averages the samples. `DecayingMoments` averages the continuous time course of a readout error, which within a
step of length dt moves from the sample e_n towards drive / rate:

    e(t) = e_n + slope E(t)        slope = drive - rate e_n        E(t) = (1 - exp(-rate t)) / rate
    mean over the step             e_n + slope A                   A = (1/dt) int_0^dt E dt     ~ dt/2
    mean square about that mean    slope^2 B                       B = (1/dt) int_0^dt E^2 dt - A^2     ~ dt^2/12

With x = rate dt,    A = dt (exp(-x) - 1 + x) / x^2    and
B = dt^2 exp(-x) [sinh(x)/x - (sinh(x/2)/(x/2))^2] / x^2 = dt^2 exp(-x) sum_{k>=1} 2k x^{2k-2} / (2k+2)!

whose terms are all positive. The variance is that of the steps' means plus the mean of slope^2 B, again two positive
terms: nothing cancels when a step is short (x ~ 3e-4) or the drive is large (drive / rate ~ 64).
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..core import Span, check_not_negative, param
from .accumulate import Spread, gather, no_spread
from .score import Seen
from .window import Meter, shape_of


class Moments(Meter):
    """Mean and population variance over time of what `of` names, each entry for itself.

    shape: of `of` in one step. Results: `state.mean`, `state.variance`, `state.std`, and `state.count`, the steps.
    """

    shape: tuple[int, ...] = eqx.field(static=True, default=(), converter=shape_of, kw_only=True)

    def init(self, key: Array) -> Spread:
        del key
        return no_spread(self.shape)

    def unroll(self, state: Spread, xs: Seen, span: Span) -> tuple[Spread, tuple]:
        return gather(state, self.values(xs, self.shape), self.weights(span.indices)), ()


# coefficients of two series, the highest power first; the functions are jitted to be traced once (`core.decay`)
_MEAN = np.array([1 / math.factorial(k + 2) for k in reversed(range(8))])
_VARIANCE = np.array([2 * k / math.factorial(2 * k + 2) for k in reversed(range(1, 8))])


@jax.jit
def mean_rise(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """(exp(-x) - 1 + x) / x^2: mean over a step of (1 - exp(-rate t)) / rate, in units of dt."""
    small = x < 0.5
    safe = jnp.where(small, jnp.ones_like(x), x)
    series = jnp.polyval(_MEAN.astype(x.dtype), -x, unroll=len(_MEAN))
    return jnp.where(small, series, (jnp.expm1(-safe) + safe) / (safe * safe))


@jax.jit
def rise_variance(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Variance over a step of (1 - exp(-rate t)) / rate, in units of dt^2."""
    small = x < 2.0
    safe = jnp.where(small, 2 * jnp.ones_like(x), x)
    near = jnp.where(small, x, jnp.zeros_like(x))  # the branch not taken would overflow
    series = jnp.exp(-near) * jnp.polyval(_VARIANCE.astype(x.dtype), near * near, unroll=len(_VARIANCE))
    fall = -jnp.expm1(-safe) / safe
    return jnp.where(small, series, (-jnp.expm1(-2 * safe) / (2 * safe) - fall * fall) / (safe * safe))


class DecayingMoments(Meter):
    """Exact time mean and variance of a readout error, given just after the spikes of each step.

    rate: decay of the readout (1 / time unit), one number or one per signal. drive: path of the drive, constant over a
    step and of the error's shape; "input" when the meter sits on the network itself. Results as those of `Moments`.
    """

    of: str = eqx.field(static=True, default="output.error")
    rate: Float[Array, "..."] = param(1.0)
    drive: str = eqx.field(static=True, default="input")
    shape: tuple[int, ...] = eqx.field(static=True, default=(1,), converter=shape_of, kw_only=True)

    def __check_init__(self):
        check_not_negative("rate", self.rate, "pass 1 / (time constant of the readout)")
        if self.rate.shape not in ((), self.shape):
            raise ValueError(f"rate has shape {self.rate.shape}: must be one number, or one per entry of {self.shape}")

    def init(self, key: Array) -> Spread:
        del key
        return no_spread(self.shape)

    def unroll(self, state: Spread, xs: Seen, span: Span) -> tuple[Spread, tuple]:
        error, drive = self.values(xs, self.shape), self.values(xs, self.shape, self.drive)
        rate, dt = self.rate.astype(error.dtype), span.dt.astype(error.dtype)
        rise, spread = dt * mean_rise(rate * dt), dt * dt * rise_variance(rate * dt)

        def of(row: tuple[Array, Array]) -> tuple[Array, Array]:
            slope = row[1] - rate * row[0]
            return row[0] + slope * rise, slope * slope * spread

        return gather(state, (error, drive), self.weights(span.indices), of), ()
