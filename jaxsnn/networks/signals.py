"""Signals as cells without input: functions of the step index, so that a long run needs no stored array.

A network that tracks x(t) with a readout of rate r is driven by c(t) = dx/dt + r x, taken constant over each step at
its value in the middle of the step; the target it then tracks differs from x by O(dt^2).
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..core import Cell, check_finite, param, require


class Constant(Cell):
    """The same drive in every step."""

    value: Float[Array, " signal"] = param()

    def __check_init__(self):
        check_finite("Constant.value", self.value)

    def step(self, state, x, tick):
        del x, tick
        return state, self.value

    def unroll(self, state, xs, span):
        del xs
        return state, jnp.broadcast_to(self.value, (span.steps, *self.value.shape))


def _rest(cycles: Float[Array, "..."]) -> Float[Array, "..."]:
    """Without whole cycles, exactly: scaling by 2 pi would round them once more."""
    return cycles - jnp.floor(cycles)


def _cycles(index: Int[Array, ""], advance: Float[Array, " mode"]) -> Float[Array, " mode"]:
    """index * advance without whole cycles, to a few 1e-7 however long the run.

    A float32 product would be rounded: after 10^7 steps of a hundredth of a cycle, by a hundredth of a cycle. Index
    and advance are cut into pieces of 11 and 12 bits, whose products are exact, and so is what is left of each.
    """
    if advance.dtype != jnp.float32:
        return _rest(index.astype(advance.dtype) * advance)
    bits = jax.lax.bitcast_convert_type(jax.lax.stop_gradient(advance), jnp.uint32) & np.uint32(0xFFFFF000)
    high = jax.lax.bitcast_convert_type(bits, jnp.float32)
    places = np.array([0, 11, 22], np.int32)
    pieces = (((index >> places) & 0x7FF) << places).astype(jnp.float32)
    return _rest(jnp.sum(_rest(pieces[:, None, None] * jnp.stack([high, advance - high])[None]), axis=(0, 1)))


class Sinusoids(Cell):
    """Drive for the target x_k(t) = offset_k + sum_m amplitude_km sin(2 pi (frequency_m t + phase_km))."""

    offset: Float[Array, " signal"] = param()
    amplitude: Float[Array, "signal mode"] = param()
    frequency: Float[Array, " mode"] = param()  # cycles per time unit
    phase: Float[Array, "signal mode"] = param()  # cycles
    readout_rate: Float[Array, ""] = param()  # 1 / time unit

    def __check_init__(self):
        signals, modes = self.offset.shape, self.frequency.shape
        allowed = {"offset": signals[:1] or (1,), "frequency": modes[:1] or (1,), "readout_rate": ()}
        allowed |= dict.fromkeys(("amplitude", "phase"), allowed["offset"] + allowed["frequency"])
        for name, shape in allowed.items():
            found, check = getattr(self, name), f"Sinusoids.{name}"
            remedy = "pass offset [signal], frequency [mode], amplitude and phase [signal, mode]"
            require(found.shape == shape, f"{check}.shape", found.shape, f"must be {shape}", remedy)
            check_finite(check, found)

    def target(self, index: Int[Array, ""], dt: Float[Array, ""]) -> Float[Array, " signal"]:
        """x at the start of step `index`."""
        angle = self._angle(_cycles(index, self.frequency * dt))
        return self.offset + jnp.sum(self.amplitude * jnp.sin(angle), axis=-1)

    def step(self, state, x, tick):
        del x
        advance = self.frequency * tick.dt
        return state, self._drive(_cycles(tick.index, advance) + advance / 2)

    def unroll(self, state, xs, span):
        del xs
        advance = self.frequency * span.dt
        # Sine and cosine of where the stretch begins, turned by those of its steps, which are the same for every
        # stretch: those of each step anew, and not row by row, took 4 % of a sweep.
        numbers = jnp.arange(span.steps, dtype=jnp.int32)
        turns = jax.vmap(lambda number: _cycles(number, advance) + advance / 2)(numbers)
        angle, turned = self._angle(_cycles(span.start, advance)), 2 * jnp.pi * turns
        along, across = self._waves(angle), self._waves(angle + jnp.pi / 2)
        row = lambda turn: self._sum(along * turn[0][None, :] + across * turn[1][None, :])
        return state, jax.lax.map(row, (jnp.cos(turned), jnp.sin(turned)))

    def _angle(self, cycles):
        return 2 * jnp.pi * (_rest(cycles)[None, :] + self.phase)

    def _drive(self, cycles):
        """In the middle of a step, at these cycles of every mode."""
        return self._sum(self._waves(self._angle(cycles)))

    def _waves(self, angle):
        speed = 2 * jnp.pi * self.frequency[None, :]
        return speed * jnp.cos(angle) + self.readout_rate * jnp.sin(angle)

    def _sum(self, waves):
        return self.readout_rate * self.offset + jnp.sum(self.amplitude * waves, axis=-1)
