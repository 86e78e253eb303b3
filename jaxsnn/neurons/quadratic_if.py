"""Quadratic integrate-and-fire neuron, the normal form of a neuron that starts to fire at rate zero.

    tau dv/dt = v^2 + i         between spikes
    v -> reset                  at a spike, v = peak                (Ermentrout & Kopell 1986; Latham et al. 2000)

For i > 0 it fires at intervals of (tau / sqrt(i)) (atan(peak / sqrt(i)) - atan(reset / sqrt(i))); for i < 0 it rests at
-sqrt(-i), and fires once pushed above sqrt(-i). The form tau du/dt = k (u - u_rest)(u - u_crit) + I is this one with
v = k (u - (u_rest + u_crit) / 2) and i = k I - k^2 (u_crit - u_rest)^2 / 4.

Exact for any dt while i is constant over a step, blow-up, reset and the rest of the step after it included: over a time
t = tau x the membrane moves by the Moebius map

    v -> (v c + i s) / (c - v s)        c = cos(sqrt(i) x),   s = sin(sqrt(i) x) / sqrt(i)      (cosh, sinh for i < 0)

and from v it reaches peak after the x that solves s/c = (peak - v) / (i + peak v). So intervals under a constant
current are exact, not to dt. A step holds one spike at most: one that falls due in the rest of a step comes in the
next.

What the spike rule is given is u = v - peak at the end of the step; beyond the peak, where v explodes, u goes on with
the speed that v has at the peak, (peak^2 + i) / tau. It is continuous there with its derivative.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree

from ..core import Cell, Tick, check_below, check_finite, check_kind, check_one_or_each, check_positive, param
from ..gradients import FastSigmoid, SpikeRule, emit

Each = Float[Array, "..."]

_SMALL = 0.02  # of i x^2 and i (s/c)^2: series below, closed forms above


class QuadraticIFState(NamedTuple):
    v: Float[Array, " neuron"]  # after the reset
    log_prob: PyTree = ()  # of the spikes so far, for a rule in score mode


def _wave(i: Each, x: Each) -> tuple[Each, Each]:
    """(c, s) up to a common positive factor; finite, with derivatives, through i = 0."""
    z = i * x * x
    near = jnp.where(jnp.abs(z) < _SMALL, z, 0)
    c_near = 1 - near / 2 * (1 - near / 12 * (1 - near / 30 * (1 - near / 56 * (1 - near / 90))))
    s_near = x * (1 - near / 6 * (1 - near / 20 * (1 - near / 42 * (1 - near / 72 * (1 - near / 110)))))
    turn = jnp.sqrt(jnp.where(z >= _SMALL, i, 1))
    fall = jnp.sqrt(jnp.where(z <= -_SMALL, -i, 1))
    c = jnp.where(z >= _SMALL, jnp.cos(turn * x), jnp.where(z <= -_SMALL, 1, c_near))
    s = jnp.where(z >= _SMALL, jnp.sin(turn * x) / turn, jnp.where(z <= -_SMALL, jnp.tanh(fall * x) / fall, s_near))
    return c, s


def _flow(v: Each, i: Each, x: Each, safe: Bool[Array, "..."]) -> Each:
    """v after the time x, in units of tau; only where `safe`: where it does not blow up before."""
    c, s = _wave(i, x)
    below = jnp.where(safe, c - v * s, 1)
    return (v * c + i * s) / below


def _rise(v: Each, i: Each, peak: Each, never: Each) -> Each:
    """Time from v <= peak to the peak, in units of tau; `never` where it is not reached."""
    up, along = peak - v, i + peak * v  # s/c = up / along
    rising = along > 0
    ratio = up / jnp.where(rising, along, 1)
    w = i * ratio * ratio
    short = rising & (jnp.abs(w) < _SMALL)
    near = jnp.where(short, w, 0)
    series = 1 - near * (1 / 3 - near * (1 / 5 - near * (1 / 7 - near * (1 / 9 - near * (1 / 11 - near / 13)))))
    turning = (i > 0) & ~short
    turn = jnp.sqrt(jnp.where(turning, i, 1))
    around = jnp.arctan2(turn * up, jnp.where(turning, along, 1)) / turn
    fall = jnp.sqrt(jnp.where((i < 0) & ~short, -i, 1))
    escaping = (i < 0) & ~short & rising & (fall * ratio < 1)
    away = jnp.arctanh(jnp.where(escaping, fall * ratio, 0)) / fall
    return jnp.where(short, ratio * series, jnp.where(turning, around, jnp.where(escaping, away, never)))


class QuadraticIF(Cell):
    """Starts at `reset`. Finite peak: 10 or more stands for infinity to 0.1 tau in time, as does a reset of -10."""

    tau: Float[Array, "..."] = param(10.0)  # in the unit of dt; one for all, or [neuron], as all others
    peak: Float[Array, "..."] = param(10.0)
    reset: Float[Array, "..."] = param(-10.0)
    spike: SpikeRule = eqx.field(default_factory=FastSigmoid)
    size: int = eqx.field(static=True, kw_only=True)
    detach_reset: bool = eqx.field(static=True, default=False, kw_only=True)  # cut the gradient through the reset

    def __check_init__(self):
        check_one_or_each(self, "tau", "peak", "reset")
        check_kind("QuadraticIF.spike", self.spike, SpikeRule, "FastSigmoid()")
        check_positive("QuadraticIF.tau", self.tau)
        check_positive("QuadraticIF.peak", self.peak)
        check_finite("QuadraticIF.reset", self.reset)
        remedy = "lower it: a neuron that is reset above its peak fires for ever"
        check_below("QuadraticIF.reset", self.reset, "peak", self.peak, remedy)

    def init(self, key):
        del key
        return QuadraticIFState(jnp.broadcast_to(self.reset, (self.size,)), self.spike.begin((self.size,)))

    def draw(self, stream, steps):
        return self.spike.draw(stream, steps, (self.size,))

    def _moved(self, v, i, x):
        """v after the time x, at most peak; and how long before the end of x it reached the peak, negative if not."""
        early = x - _rise(v, i, self.peak, never=x + 1)
        return jnp.where(early >= 0, self.peak, _flow(v, i, x, early < 0)), early

    def step(self, state: QuadraticIFState, current: Float[Array, " neuron"], tick: Tick):
        x = jnp.broadcast_to(tick.dt / self.tau, (self.size,))
        v, early = self._moved(state.v, current, x)
        left = jnp.clip(early, 0, x)
        onward = v + left * (self.peak * self.peak + current)
        kept, s, log_prob = emit(self.spike, onward, self.peak, state.log_prob, tick)
        v = v + (kept - onward)  # changed only by a rule whose noise stays in the membrane
        begun = jnp.broadcast_to(self.reset, (self.size,))
        after, _ = self._moved(begun, current, left)
        reset = jax.lax.stop_gradient(s) if self.detach_reset else s
        return QuadraticIFState((1 - reset) * v + reset * after, log_prob), s
