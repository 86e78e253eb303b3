"""Two cells with a short past: a filter over the last frames, and what a neuron's own spikes do to it later.

TemporalFilter   y_n[c] = sum_k weight[k, c] x_{n-k}[c],             k = 0 ... K - 1
SpikeHistory     r_n[c] = sum_k weight[k, c] s_{n-1-k}[c]            read before it is written, for `Recurrent`
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsnn.core import Cell, Span, Tick, check_finite, param, require


def _check_taps(cell: Cell) -> None:
    name, shape = f"{type(cell).__name__}.weight", jnp.shape(cell.weight)  # type: ignore[attr-defined]
    require(
        len(shape) == 2 and shape[0] > 1, f"{name}.shape", shape, "must be (lag, cell), two lags or more", "add one"
    )
    check_finite(name, cell.weight)  # type: ignore[attr-defined]


class TemporalFilter(Cell):
    """A filter over time for each channel; the past before the first step is zero."""

    weight: Float[Array, "lag channel"] = param()

    def __check_init__(self):
        _check_taps(self)

    def init(self, key):
        del key
        return jnp.zeros((self.weight.shape[0] - 1, self.weight.shape[1]))  # the newest last

    def step(self, state: Float[Array, "past channel"], x: Float[Array, " channel"], tick: Tick):
        del tick
        rows = jnp.concatenate([state, x[None]])
        return rows[1:], jnp.sum(self.weight[::-1] * rows, axis=0)

    def unroll(self, state: Float[Array, "past channel"], xs: Float[Array, "time channel"], span: Span):
        rows, lags = jnp.concatenate([state, xs]), self.weight.shape[0]
        ys = jnp.zeros_like(xs)
        for k in range(lags):
            ys = ys + self.weight[k][None] * rows[lags - 1 - k : lags - 1 - k + span.steps]
        return rows[span.steps :], ys


class SpikeHistory(eqx.Module):
    """The line of a `Recurrent` whose neurons see their own past spikes, and nobody else's."""

    weight: Float[Array, "lag neuron"] = param()

    def __check_init__(self):
        _check_taps(self)  # type: ignore[arg-type]

    def init(self, key):
        del key
        return jnp.zeros_like(self.weight)  # the newest first

    def draw(self, stream, steps):
        del stream, steps
        return ()

    def check_steps(self, dt: float, least: int) -> None:
        """The shortest lag is one step, whatever dt."""
        del dt, least

    def read(self, state: Float[Array, "lag neuron"], tick: Tick) -> Float[Array, " neuron"]:
        """The current of this step."""
        del tick
        return jnp.sum(self.weight * state, axis=0)

    def write(self, state: Float[Array, "lag neuron"], x: Float[Array, " neuron"], tick: Tick):
        """Enter this step's spikes."""
        del tick
        return jnp.concatenate([x[None], state[:-1]])
