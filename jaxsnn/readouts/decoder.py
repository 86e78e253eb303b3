"""Readout error, carried in place of the readout: it stays of order 1 where the readout is large.

The readout y follows the target x: with the error e = x - y and everything that moves it between spikes gathered in a
drive that is constant over a step (for a constant target, rate * x),

    de/dt = -rate e + drive                 between spikes
    e     -> e - decoded                    at the spikes of a step
    e_{n+1} = exp(-rate dt) (e_n - decoded_n) + drive_n (1 - exp(-rate dt)) / rate

What is given out in step n is the error just after that step's spikes, e_n - decoded_n. In float32 a readout near 64
knows its error to 4e-6 only, and the mean and variance of millions of steps are lost to cancellation; e itself is not.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import (
    SHORT,
    Cell,
    Span,
    Tick,
    Total,
    check_not_negative,
    check_size,
    integral,
    param,
    relax,
    settle,
)


class ErrorState(NamedTuple):
    error: Float[Array, " signal"]  # at t_n, before the spikes of step n
    rest: Float[Array, " signal"]  # what rounding took from it


class ErrorReadout(Cell):
    """Input (drive [signal], decoded [signal]) -> error [signal] just after the spikes of the step.

    rate: decay of the readout (1 / time unit), shape () or [signal]. drive: in error units per time unit.
    """

    rate: Float[Array, "..."] = param(1.0)
    signal: int = eqx.field(static=True, default=1)

    def __check_init__(self):
        check_size("signal", self.signal)
        check_not_negative("rate", self.rate, "pass 1 / (time constant of the readout)")
        if self.rate.shape not in ((), (self.signal,)):
            raise ValueError(
                f"rate has shape {self.rate.shape}: must be one number or one per signal, ({self.signal},); "
                "pass signal=... with the number of signals"
            )

    def init(self, key: Array) -> ErrorState:
        del key
        zero = jnp.zeros(self.signal, self.rate.dtype)
        return ErrorState(zero, zero)

    def _drift(self, held: Total, drive: Float[Array, " signal"], dt: Float[Array, ""]) -> ErrorState:
        """From just after the spikes of a step to just before those of the next."""
        return ErrorState(*settle(held, (drive - self.rate * held.high) * integral(self.rate, dt)))

    def step(
        self, state: ErrorState, x: tuple[Float[Array, " signal"], Float[Array, " signal"]], tick: Tick
    ) -> tuple[ErrorState, Float[Array, " signal"]]:
        drive, decoded = x
        held = Total(*state)
        after = held.high + (held.low - decoded)
        # spikes and drift at once: what rounding takes is kept once a step, which is most of the work
        change = (drive - self.rate * after) * integral(self.rate, tick.dt) - decoded
        return ErrorState(*settle(held, change)), after

    def unroll(
        self, state: ErrorState, xs: tuple[Float[Array, "time signal"], Float[Array, "time signal"]], span: Span
    ) -> tuple[ErrorState, Float[Array, "time signal"]]:
        if span.steps <= SHORT:
            return span.each(self.step, state, xs)
        drive, decoded = xs
        rate = jnp.broadcast_to(self.rate, (self.signal,))
        first = settle(Total(*state), -decoded[0])
        # from then on  e_n - decoded_n = decay (e_{n-1} - decoded_{n-1}) + what the drive of step n-1 gave - decoded_n
        arriving = drive[:-1] * integral(rate, span.dt)[None] - decoded[1:]
        held, errors = relax(rate * span.dt, first, arriving)
        return self._drift(held, drive[-1], span.dt), jnp.concatenate([first.high[None], errors])
