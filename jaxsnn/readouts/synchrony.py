"""Synchrony of a population: how much of the neurons' fluctuation is common to all.

    chi^2 = Var_t(mean_i v_i) / mean_i Var_t(v_i)          (Golomb & Rinzel 1993; Hansel & Sompolinsky 1992)

chi^2 is 1 when all membranes move as one and of order 1/N when they are independent. The literature reports both chi^2
and its square root chi. Without any fluctuation it is NaN.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Span, check_size
from .accumulate import Spread, gather, no_spread
from .score import Seen
from .window import Meter


class SynchronyState(NamedTuple):
    population: Spread  # of the mean over neurons
    neurons: Spread  # of each neuron

    @property
    def chi_squared(self) -> Float[Array, ""]:
        return self.population.variance / jnp.mean(self.neurons.variance)

    @property
    def chi(self) -> Float[Array, ""]:
        """Square root of chi^2."""
        return jnp.sqrt(self.chi_squared)


class Synchrony(Meter):
    """chi^2 of the membranes `of` [neuron]. Results: `state.chi_squared`, `state.chi`."""

    of: str = eqx.field(static=True, default="output.v")
    neurons: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_size("neurons", self.neurons)

    def init(self, key: Array) -> SynchronyState:
        del key
        return SynchronyState(no_spread(), no_spread((self.neurons,)))

    def unroll(self, state: SynchronyState, xs: Seen, span: Span) -> tuple[SynchronyState, tuple]:
        v = self.values(xs, (self.neurons,))
        weights = self.weights(span.indices)
        population = gather(state.population, jnp.mean(v, axis=-1), weights)
        return SynchronyState(population, gather(state.neurons, v, weights)), ()
