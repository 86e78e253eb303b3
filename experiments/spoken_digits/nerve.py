"""Auditory nerve: the fibres of one place, alike and independent, each silent for a time after its spike.

In a step every fibre that is not refractory fires with probability p = 1 - exp(-rate dt). Since the fibres are alike,
only their number matters:

    spikes of the step ~ Binomial(fibres - refractory, p)

which is drawn by inverting the distribution function at one uniform variate a step, exactly the law of simulating each
fibre (and a fortieth of the random numbers).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jaxsnn.core import Cell, Tick, check_size

_TOP = 1 - 2e-6  # above it a float32 distribution function may never come, and all fibres would fire


def binomial(
    u: Float[Array, "..."], number: Float[Array, "..."], p: Float[Array, "..."], most: int
) -> Float[Array, "..."]:
    """How many of `number` (at most `most`) succeed: the quantile of Binomial(number, p) at u in [0, 1)."""
    u = jnp.minimum(u, jnp.asarray(_TOP, u.dtype))
    odds = p / (1 - p)
    mass = jnp.exp(number * jnp.log1p(-p))

    def more(now):
        _, below, _, k = now
        return jnp.any(u >= below) & (k < most)

    def one_more(now):
        mass, below, count, k = now
        count = count + (u >= below).astype(count.dtype)
        mass = mass * odds * ((number - k) / (k + 1))
        return mass, below + mass, count, k + 1

    start = (mass, mass, jnp.zeros_like(mass), jnp.zeros((), mass.dtype))
    return jnp.minimum(jax.lax.while_loop(more, one_more, start)[2], number)


class NerveState(NamedTuple):
    recent: Float[Array, "lag place"]  # spikes of the last `refractory` steps, a ring
    silent: Float[Array, " place"]  # their sum: fibres that cannot fire


class AuditoryNerve(Cell):
    """Takes the rate of a free fibre (spikes per ms, dt in ms) and emits the number of spikes of all fibres."""

    fibres: int = eqx.field(static=True, default=40)
    refractory: int = eqx.field(static=True, default=11)  # steps after a spike in which a fibre is silent
    size: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_size("AuditoryNerve.fibres", self.fibres)
        check_size("AuditoryNerve.refractory", self.refractory)
        check_size("AuditoryNerve.size", self.size)

    def init(self, key):
        del key
        return NerveState(jnp.zeros((self.refractory, self.size)), jnp.zeros(self.size))

    def draw(self, stream: Array, steps: Int[Array, " time"]):
        return jax.vmap(lambda step: jax.random.uniform(jax.random.fold_in(stream, step), (self.size,)))(steps)

    def step(self, state: NerveState, rate: Float[Array, " place"], tick: Tick):
        slot = tick.index % self.refractory
        p = -jnp.expm1(-rate * tick.dt)
        s = binomial(tick.noise, self.fibres - state.silent, p, self.fibres)
        silent = state.silent + s - state.recent[slot]
        return NerveState(state.recent.at[slot].set(s), silent), s
