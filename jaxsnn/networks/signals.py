"""Signals as cells without input: functions of the step index, so that a long run needs no stored array.

A network that tracks x(t) with a readout of rate r is driven by c(t) = dx/dt + r x, taken constant over each step at
its value in the middle of the step; the target it then tracks differs from x by O(dt^2).
"""

import jax
import jax.numpy as jnp
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
        angle = self._angle(index.astype(self.offset.dtype), dt)
        return self.offset + jnp.sum(self.amplitude * jnp.sin(angle), axis=-1)

    def step(self, state, x, tick):
        del x
        return state, self._drive(tick.index, tick.dt)

    def unroll(self, state, xs, span):
        del xs
        return state, jax.vmap(lambda index: self._drive(index, span.dt))(span.indices)

    def _angle(self, index, dt):
        # Whole cycles are dropped before scaling by 2 pi, which would round them once more. The product is rounded: in
        # float32 a wave is wrong by 1e-4 of its size after some 10^5 steps, by a percent after some 10^7.
        cycles = jnp.remainder(index * (self.frequency * dt), 1.0)
        return 2 * jnp.pi * (cycles[None, :] + self.phase)

    def _drive(self, index, dt):
        angle = self._angle(index.astype(self.offset.dtype) + 0.5, dt)
        speed = 2 * jnp.pi * self.frequency[None, :]
        waves = speed * jnp.cos(angle) + self.readout_rate * jnp.sin(angle)
        return self.readout_rate * self.offset + jnp.sum(self.amplitude * waves, axis=-1)
