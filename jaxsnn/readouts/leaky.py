"""Leaky readout: decays with one time constant and jumps by what the spikes are worth.

    dy/dt = -y / tau,    y -> y + decoded at the spikes of a step;    y_n = exp(-dt / tau) y_{n-1} + decoded_n

What is given out in step n is the readout just after that step's spikes. Tau shares the unit of dt. For a readout that
is large beside its fluctuations use `ErrorReadout`, which keeps its digits.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, Total, check_positive, check_size, param, relax, settle


class LeakyState(NamedTuple):
    readout: Float[Array, " signal"]  # just after the spikes of the last step
    rest: Float[Array, " signal"]  # what rounding took from it


class LeakyReadout(Cell):
    """Input: decoded spikes [signal]; output: readout [signal]. tau: time constant, shape () or [signal]."""

    tau: Float[Array, "..."] = param(20.0)
    signal: int = eqx.field(static=True, default=1)

    def __check_init__(self):
        check_size("signal", self.signal)
        check_positive("tau", self.tau)
        if self.tau.shape not in ((), (self.signal,)):
            raise ValueError(
                f"tau has shape {self.tau.shape}: must be one number or one per signal, ({self.signal},); "
                "pass signal=... with the number of signals"
            )

    @property
    def input_shape(self) -> tuple[int]:
        """Shape of what it takes in a step."""
        return (self.signal,)

    def init(self, key: Array) -> LeakyState:
        del key
        zero = jnp.zeros(self.signal, self.tau.dtype)
        return LeakyState(zero, zero)

    def step(
        self, state: LeakyState, decoded: Float[Array, " signal"], tick: Tick
    ) -> tuple[LeakyState, Float[Array, " signal"]]:
        held = settle(Total(*state), jnp.expm1(-tick.dt / self.tau) * state.readout + decoded)
        return LeakyState(*held), held.high

    def unroll(
        self, state: LeakyState, decoded: Float[Array, "time signal"], span: Span
    ) -> tuple[LeakyState, Float[Array, "time signal"]]:
        held, readouts = relax(span.dt / self.tau, Total(*state), decoded)
        return LeakyState(*held), readouts
