"""Inner hair cell: transmitter that is made, released into the cleft, lost, and taken up again (Meddis 1986, 1988).

    k      = g max(x + A, 0) / (max(x + A, 0) + B)        permeability, x the (scaled) velocity of the membrane
    dq/dt  = y (m - q) + r_x w - k q                      free pool
    dc/dt  = k q - (l + r) c                              cleft
    dw/dt  = r c - r_x w                                  being reprocessed

A fibre of the auditory nerve fires at the rate h c. Constants: those of Meddis (1986, 1988), recalled and not checked
against the text; rates are per second, dt is in ms as elsewhere.

Each pool is relaxed exactly over a step toward the value that the others set, free pool first: stable for any dt, first
order in dt, with the exact steady state.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsnn.core import Cell, Tick, check_one_or_each, check_positive, param


class HairCellState(NamedTuple):
    q: Float[Array, " cell"]  # free transmitter
    c: Float[Array, " cell"]  # in the cleft
    w: Float[Array, " cell"]  # in the reprocessing store


class HairCell(Cell):
    """Takes the membrane's velocity and emits the rate h c of a fibre, spikes per ms; starts at rest in silence."""

    gain: Float[Array, "..."] = param(1.0)  # from the membrane's velocity to x
    offset: Float[Array, "..."] = param(5.0)  # A
    half: Float[Array, "..."] = param(300.0)  # B
    release: Float[Array, "..."] = param(2000.0)  # g, 1 / s
    replenishment: Float[Array, "..."] = param(5.05)  # y, 1 / s
    loss: Float[Array, "..."] = param(2500.0)  # l, 1 / s
    uptake: Float[Array, "..."] = param(6580.0)  # r, 1 / s
    reprocessing: Float[Array, "..."] = param(66.31)  # r_x, 1 / s
    rate: Float[Array, "..."] = param(50000.0)  # h, 1 / s
    size: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        names = ("gain", "offset", "half", "release", "replenishment", "loss", "uptake", "reprocessing", "rate")
        check_one_or_each(self, *names)
        for name in names[1:]:
            check_positive(f"HairCell.{name}", getattr(self, name))

    def permeability(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """k, 1 / s."""
        open_ = jnp.maximum(self.gain * x + self.offset, 0)
        return self.release * open_ / (open_ + self.half)

    def rest(self, x: Float[Array, "..."]) -> HairCellState:
        """Steady state under a constant x: everything lost is replenished, y (m - q) = l c."""
        k = self.permeability(x)
        gone = self.loss + self.uptake
        q = self.replenishment / (self.replenishment + self.loss * k / gone)
        c = k * q / gone
        return HairCellState(q, c, self.uptake * c / self.reprocessing)

    def init(self, key):
        del key
        return self.rest(jnp.zeros(self.size))

    def step(self, state: HairCellState, x: Float[Array, " cell"], tick: Tick):
        dt = tick.dt / 1000  # s
        k = self.permeability(x)
        q = _relaxed(state.q, self.replenishment + self.reprocessing * state.w, self.replenishment + k, dt)
        c = _relaxed(state.c, k * q, self.loss + self.uptake, dt)
        w = _relaxed(state.w, self.uptake * c, self.reprocessing, dt)
        return HairCellState(q, c, w), self.rate / 1000 * c


def _relaxed(value, inflow, rate, dt):
    """What `value` is after dt of d value/dt = inflow - rate value."""
    return value - jnp.expm1(-rate * dt) * (inflow / rate - value)
