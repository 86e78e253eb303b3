"""Discrete leaky integrator: a membrane that never fires, in the per-step form of the training literature.

    v_n = beta v_{n-1} + x_n

Time is counted in steps: the input is not scaled and dt plays no part. It is a `DiscreteLIF` whose threshold is out of
reach, and what delay learning reads out (Hammouamri et al. 2024, code).
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Tick, check_between, check_one_or_each, param


class DiscreteIntegratorState(NamedTuple):
    v: Float[Array, " neuron"]


class DiscreteIntegrator(Cell):
    """beta: factor by which v decays in a step, 0 to 1. Emits v, the input of the step included; starts at zero."""

    beta: Float[Array, "..."] = param(0.9)  # one for all, or [neuron]
    size: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_one_or_each(self, "beta")
        check_between("DiscreteIntegrator.beta", self.beta, 0, 1, "for a time constant tau pass exp(-dt / tau)")

    def init(self, key):
        del key
        return DiscreteIntegratorState(v=jnp.zeros(self.size))

    def step(self, state: DiscreteIntegratorState, x: Float[Array, " neuron"], tick: Tick):
        del tick
        v = self.beta * state.v + x
        return DiscreteIntegratorState(v), v
