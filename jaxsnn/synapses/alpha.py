"""Synaptic currents that rise and then decay: the difference of two exponentials, and its limit, the alpha function.

    tau_rise dx/dt = -x                      x -> x + s at the spikes of the step, at its beginning
    di/dt = -i / tau_decay + jump x

A spike's current is therefore

    i(t) = jump (exp(-t / tau_decay) - exp(-t / tau_rise)) / (1 / tau_rise - 1 / tau_decay)
         = jump t exp(-t / tau)              where both time constants are tau: the alpha function

smooth there, in value and gradient, and the same when the two are exchanged. `normalize` fixes `jump`:

    "area"    jump = 1 / (tau_rise tau_decay)                 the charge of a spike is 1
    "peak"    jump = exp(t_peak / tau_rise) / tau_decay       the largest current is 1, at
              t_peak = ln(tau_decay / tau_rise) / (1 / tau_rise - 1 / tau_decay), which is tau for the alpha function

Exact for any dt. As `Exponential`, emits the mean of i over the step: what a neuron that takes its input as constant
over a step must be given for the charge of a spike not to depend on dt. Amplitudes belong to the weights.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import Cell, Span, Tick, Total, check_one_or_each, check_positive, decay, integral, param, relax, require

NORMALIZATIONS = ("area", "peak")


class DoubleExponentialState(NamedTuple):
    x: Float[Array, " pre"]  # spikes, each with what is left of it after decaying with tau_rise; at the step's end
    i: Float[Array, " pre"]  # current at the end of the step


class _Coefficients(NamedTuple):
    """One step: x' = keep_x x,  i' = keep_i i + gain x,  mean current = from_i i + from_x x; x after the spikes."""

    keep_x: Float[Array, "..."]
    keep_i: Float[Array, "..."]
    gain: Float[Array, "..."]
    from_i: Float[Array, "..."]
    from_x: Float[Array, "..."]


def _coefficients(
    tau_rise: Float[Array, "..."], tau_decay: Float[Array, "..."], jump: Float[Array, "..."], dt: Float[Array, ""]
) -> _Coefficients:
    fast, slow = 1 / tau_rise, 1 / tau_decay
    # i at the step's end, of x = 1 and jump = 1 at its beginning. Alike in both rates; the smaller one comes first, as
    # zero would be multiplied with infinity where the decay is by far the faster.
    least, most = jnp.minimum(fast, slow), jnp.maximum(fast, slow)
    reached = decay(least, dt) * integral(most - least, dt)
    passed = tau_decay * (integral(fast, dt) - reached)  # its integral over the step
    return _Coefficients(decay(fast, dt), decay(slow, dt), jump * reached, integral(slow, dt) / dt, jump * passed / dt)


def _log_ratio(tau_rise: Float[Array, "..."], tau_decay: Float[Array, "..."]) -> Float[Array, "..."]:
    """ln(r) / (r - 1) at r = tau_decay / tau_rise, which is 1 at r = 1: by atanh(y) / y, y = (r - 1) / (r + 1)."""
    y = (tau_decay - tau_rise) / (tau_decay + tau_rise)
    small = jnp.abs(y) < 0.1
    safe = jnp.where(small, jnp.full_like(y, 0.5), y)  # keeps the gradient of the branch not taken finite
    squared, series = y * y, jnp.zeros_like(y)
    for odd in range(19, 0, -2):
        series = series * squared + 1 / odd
    return jnp.where(small, series, jnp.arctanh(safe) / safe) * (2 * tau_rise / (tau_decay + tau_rise))


def _jump(tau_rise: Float[Array, "..."], tau_decay: Float[Array, "..."], normalize: str) -> Float[Array, "..."]:
    if normalize == "area":
        return 1 / (tau_rise * tau_decay)
    return jnp.exp(_log_ratio(tau_rise, tau_decay) * tau_decay / tau_rise) / tau_decay


class _RiseAndDecay(Cell):
    """Base: subclasses give `_taus`."""

    size: int = eqx.field(static=True, kw_only=True)
    normalize: str = eqx.field(static=True, default="area", kw_only=True)

    def _taus(self) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        raise NotImplementedError(f"{type(self).__name__} does not say how it rises and decays")

    def init(self, key):
        del key
        return DoubleExponentialState(x=jnp.zeros(self.size), i=jnp.zeros(self.size))

    def _step_of(self, dt: Float[Array, ""]) -> _Coefficients:
        tau_rise, tau_decay = self._taus()
        return _coefficients(tau_rise, tau_decay, _jump(tau_rise, tau_decay, self.normalize), dt)

    def step(self, state: DoubleExponentialState, s: Float[Array, " pre"], tick: Tick):
        c, x = self._step_of(tick.dt), state.x + s
        after = DoubleExponentialState(c.keep_x * x, c.keep_i * state.i + c.gain * x)
        return after, c.from_i * state.i + c.from_x * x

    def unroll(self, state: DoubleExponentialState, ss: Float[Array, "time pre"], span: Span):
        tau_rise, tau_decay = self._taus()
        c = _Coefficients(*(jnp.broadcast_to(row, (1, self.size)) for row in self._step_of(span.dt)))
        end_x, x_ends = relax(span.dt / tau_rise, Total.of(state.x), c.keep_x * ss)
        xs = jnp.concatenate([state.x[None], x_ends[:-1]]) + ss
        end_i, i_ends = relax(span.dt / tau_decay, Total.of(state.i), c.gain * xs)
        befores = jnp.concatenate([state.i[None], i_ends[:-1]])
        return DoubleExponentialState(end_x.high, end_i.high), c.from_i * befores + c.from_x * xs


def _check_normalize(name: str, normalize: str) -> None:
    remedy = 'pass "area" for a charge of 1, "peak" for a largest current of 1'
    require(normalize in NORMALIZATIONS, name, normalize, f"must be one of {NORMALIZATIONS}", remedy)


class DoubleExponential(_RiseAndDecay):
    """One current per input, rising with tau_rise and decaying with tau_decay."""

    tau_rise: Float[Array, "..."] = param(1.0)  # in the unit of dt; one for all, or [pre]
    tau_decay: Float[Array, "..."] = param(5.0)  # in the unit of dt; one for all, or [pre]

    def __check_init__(self):
        check_one_or_each(self, "tau_rise", "tau_decay")
        check_positive("DoubleExponential.tau_rise", self.tau_rise, "for a current that jumps use Exponential")
        check_positive("DoubleExponential.tau_decay", self.tau_decay)
        _check_normalize("DoubleExponential.normalize", self.normalize)

    def _taus(self):
        return self.tau_rise, self.tau_decay


class Alpha(_RiseAndDecay):
    """One current per input, t exp(-t / tau) after a spike: the largest at t = tau."""

    tau: Float[Array, "..."] = param(5.0)  # in the unit of dt; one for all, or [pre]

    def __check_init__(self):
        check_one_or_each(self, "tau")
        check_positive("Alpha.tau", self.tau)
        _check_normalize("Alpha.normalize", self.normalize)

    def _taus(self):
        return self.tau, self.tau
