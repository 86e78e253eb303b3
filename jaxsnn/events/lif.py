"""Leaky integrate-and-fire neuron with one exponential synaptic current, between events.

    tau_mem dv/dt = -v + i         tau_syn di/dt = -i         i -> i + w at an arrival, v -> reset when v = threshold

With rates a = 1 / tau_mem and b = 1 / tau_syn and phi(x) = (e^x - 1) / x,

    i(s) = i e^{-b s}              v(s) = v e^{-a s} + i (s / tau_mem) e^{-min(a, b) s} phi(-|a - b| s)

which is smooth through a = b, where it becomes v e^{-a s} + i (s / tau) e^{-s / tau}, and never overflows.

The next spike. v can reach threshold > 0 only while i > threshold, so a neuron with v < threshold < i is rising. v has
at most one maximum after that, where v = i:

    s_max = -log(1 - x) / (b - a)      x = (1 - tau_syn / tau_mem) (1 - v / i)

(none if x >= 1: v then creeps up to zero). There is a spike if and only if i(s_max) > threshold, and it lies in
(0, s_max), where v is monotone: Newton's method inside a bracket that shrinks finds it to rounding. No crossing is
missed however short the time above threshold would be. All of this is our derivation.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .neuron import EventNeuron

ITERATIONS = 100  # more than bisection alone needs in float64


class LIFState(NamedTuple):
    v: Float[Array, ""]
    i: Float[Array, ""]


class ExponentialLIF(EventNeuron):
    """Parameters of shape [neuron]; times in one unit, v and i in one unit."""

    tau_mem: Float[Array, "..."]
    tau_syn: Float[Array, "..."]
    threshold: Float[Array, "..."]
    reset: Float[Array, "..."]

    def rest(self):
        return LIFState(jnp.zeros_like(self.threshold), jnp.zeros_like(self.threshold))

    def flow(self, x: LIFState, s):
        v = jnp.exp(-s / self.tau_mem) * x.v + response(s, self.tau_mem, self.tau_syn) * x.i
        return LIFState(v, jnp.exp(-s / self.tau_syn) * x.i)

    def field(self, x: LIFState):
        return LIFState((x.i - x.v) / self.tau_mem, -x.i / self.tau_syn)

    def receive(self, x: LIFState, w):
        return LIFState(x.v, x.i + w)

    def gap(self, x: LIFState):
        return x.v - self.threshold

    def fire(self, x: LIFState):
        return LIFState(self.reset, x.i)

    def wait(self, x: LIFState):
        rising = x.i > self.threshold
        i = jnp.where(rising, x.i, 1)  # a number to divide by
        v = jnp.where(rising, x.v, 0)
        bend = (1 - self.tau_syn / self.tau_mem) * (1 - v / i)
        peaks = rising & (bend < 1)
        bend = jnp.where(peaks, bend, 0)
        to_peak = self.tau_syn * (1 - v / i) * _log_ratio(bend)
        spikes = peaks & (i * jnp.exp(-to_peak / self.tau_syn) > self.threshold)
        s = self._crossing(x, jnp.where(spikes, to_peak, 0))
        return jnp.where(spikes, jnp.where(self.gap(x) >= 0, 0, s), jnp.inf)

    def _crossing(self, x: LIFState, to_peak):
        """The root of `gap` in [0, to_peak], where it rises."""
        tolerance = 2 * jnp.finfo(to_peak.dtype).eps * to_peak

        def unfinished(search):
            n, low, high, _, moved = search
            return (n < ITERATIONS) & (moved > tolerance) & (high - low > tolerance)

        def newton(search):
            n, low, high, s, _ = search
            there = self.flow(x, s)
            gap = self.gap(there)
            low, high = jnp.where(gap < 0, s, low), jnp.where(gap < 0, high, s)
            slope = self.slope(there)
            tangent = s - gap / jnp.where(slope > 0, slope, 1)
            inside = (slope > 0) & (tangent > low) & (tangent < high)
            # gap = 0 puts the tangent on `high`: that is the root, and the bisection must not leave it
            new = jnp.where(inside, tangent, jnp.where(gap == 0, s, (low + high) / 2))
            return n + 1, low, high, new, jnp.abs(new - s)

        start = (jnp.int32(0), jnp.zeros_like(to_peak), to_peak, to_peak / 2, to_peak)
        return jax.lax.while_loop(unfinished, newton, start)[3]


def response(s: Float[Array, "..."], tau_mem: Float[Array, "..."], tau_syn: Float[Array, "..."]) -> Float[Array, "..."]:
    """The membrane a time s >= 0 after a current of 1 was switched on; shapes broadcast, if their ranks are equal."""
    a, b = 1 / tau_mem, 1 / tau_syn
    # JAX's derivatives of minimum and abs are one-sided where a = b
    slow = jnp.where(a == b, (a + b) / 2, jnp.minimum(a, b))
    apart = jnp.where(a == b, 0, jnp.abs(a - b))
    return s * a * jnp.exp(-slow * s) * _phi(-apart * s)


def _phi(x):
    """(e^x - 1) / x, with a derivative that stays exact near zero."""
    small = jnp.abs(x) < 0.1
    away = jnp.where(small, 1, x)
    series = jnp.ones_like(x)
    for n in range(11, 1, -1):
        series = 1 + jnp.where(small, x, 0) * series / n
    return jnp.where(small, series, jnp.expm1(away) / away)


def _log_ratio(x):
    """-log(1 - x) / x, 1 at zero."""
    away = jnp.where(x == 0, 1 / 2, x)
    return jnp.where(x == 0, 1, -jnp.log1p(-away) / away)
