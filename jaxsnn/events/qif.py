"""Quadratic integrate-and-fire neuron that oscillates by itself and receives pulses.

    tau dv/dt = v (v - 1) + drive      drive > 1/4         v -> v + w at an arrival,  v -> -inf when v = +inf: a spike

Klos & Memmesheimer (arXiv 2309.14523; we read its abstract and the equations in the authors' published code) use two
forms of the quadratic neuron that can be solved: this one, which they call oscillatory, with pulses, and one with
exponential currents where tau_mem = 2 tau_syn. We take this one. Written for the time since the last spike,

    v = 1/2 - r cot(r phase / tau)      r = sqrt(drive - 1/4)      period = pi tau / r

everything is elementary: the phase grows at rate 1, a spike is phase = period, and an arrival turns the angle
psi = r phase / tau into

    psi -> atan2(sin psi, cos psi - (w / r) sin psi)

(our form of the phase transfer: it has no singular end, since a pulse moves nothing when v is infinite). So a spike can
neither be created nor destroyed by an arrival: it only moves, and it appears and vanishes at the end of the trial.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from .neuron import EventNeuron


class OscillatoryQIF(EventNeuron):
    """Parameters of shape [neuron]; the state is the phase, a time in [0, period]."""

    tau: Float[Array, "..."]
    drive: Float[Array, "..."]
    start: Float[Array, "..."]  # v at time zero

    @property
    def root(self) -> Float[Array, "..."]:
        return jnp.sqrt(self.drive - 1 / 4)

    @property
    def period(self) -> Float[Array, "..."]:
        """The time between spikes when nothing arrives."""
        return jnp.pi * self.tau / self.root

    def rest(self):
        return (self.tau / self.root * jnp.arctan2(self.root, 1 / 2 - self.start),)

    def flow(self, x, s):
        return (x[0] + s,)

    def field(self, x):
        return (jnp.ones_like(x[0]),)

    def receive(self, x, w):
        angle = self.root * x[0] / self.tau
        turned = jnp.arctan2(jnp.sin(angle), jnp.cos(angle) - w / self.root * jnp.sin(angle))
        # rounding can carry a phase that is about to spike past the end, where the angle would jump to -pi
        ends = (jnp.sin(angle) <= 0) | (angle <= 0)
        return (jnp.where(ends, x[0], self.tau / self.root * turned),)

    def gap(self, x):
        return x[0] - self.period

    def wait(self, x):
        return jnp.maximum(self.period - x[0], 0)

    def fire(self, x):
        return (jnp.zeros_like(x[0]),)
