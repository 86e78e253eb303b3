"""Robbins-Monro on log sigma: the optimal noise found by descent, beside the minimum of the grid.

    log sigma <- log sigma - gain / (k + 2) * [log var(sigma e^h) - log var(sigma e^-h)] / (2 h)     window k = 0, 1 ...

Two networks on the same noise and in the state that they reached run window after window; the first quarter of a window
lets them settle at the new noise and is not measured. The result is the mean of log sigma over the second half of the
windows (Polyak-Ruppert averaging). The slope in brackets, over 2 h, is clipped to +-2.
"""

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxsnn.engine import Plan, Program, run_steps, streams
from jaxsnn.sweeps import Study

from .network import SETTINGS, prepare, scored

WINDOW = 96_000  # steps: 30 readout time constants of 64 neurons at 50 steps per interval


class Descent(Program):
    """The point's `noise` is where the descent starts; `windows` is static."""

    gain: float = eqx.field(static=True, default=2.0)
    h: float = eqx.field(static=True, default=0.1)
    block: int = eqx.field(static=True, default=WINDOW)

    def steps(self, point):
        return point["windows"] * WINDOW

    def begin(self, point, key):
        initial, _ = streams(key)
        state = jax.vmap(lambda noise: self._network(point, noise, 0).init(initial))(self._pair(point["noise"]))
        return jnp.log(point["noise"]), state, jnp.zeros(point["windows"])

    def advance(self, point, key, carry, start, steps):
        _, stream = streams(key)

        def window(carry, number):
            log_noise, state, path = carry
            begin = start + number * WINDOW

            def run(noise, state):
                cell = self._network(point, noise, begin)
                signal, (network, _) = state
                fresh = cell.init(jax.random.key(0))[1].meters
                state, _ = run_steps(
                    cell,
                    (signal, type(state[1])(network, fresh)),
                    None,
                    start=begin,
                    steps=WINDOW,
                    dt=point["dt"],
                    stream=stream,
                    block=100,
                    keep=lambda ys: None,
                )
                return state, jnp.log(state[1].meters["error"].variance[0])

            state, height = jax.vmap(run)(self._pair(jnp.exp(log_noise)), state)
            slope = (height[1] - height[0]) / (2 * self.h)
            k = begin // WINDOW
            step = self.gain / (k.astype(slope.dtype) + 2) * jnp.clip(slope, -2.0, 2.0)
            log_noise = log_noise - step
            return (log_noise, state, path.at[k].set(log_noise, mode="drop")), None

        carry, _ = jax.lax.scan(window, carry, jnp.arange(steps // WINDOW, dtype=jnp.int32))
        return carry

    def finish(self, point, carry):
        _, _, path = carry
        return {"noise_end": jnp.exp(jnp.mean(path[point["windows"] // 2 :])), "path": jnp.exp(path)}

    def _pair(self, noise):
        return noise * jnp.exp(jnp.asarray([-self.h, self.h], noise.dtype))

    def _network(self, point, noise, begin):
        window = {"first": begin + WINDOW // 4, "steps": begin + WINDOW}
        return scored({**point, "noise": noise, **window}, {})


def _prepare(point):
    plan = prepare({**point, "duration": 1.0})
    arrays = {name: value for name, value in plan.arrays.items() if name not in ("first", "steps")}
    return Plan({**plan.static, "windows": int(point["windows"])}, arrays, plan.noise)


DESCENT = Study(
    "timcheck_2022.descent",
    1,
    Descent(),
    _prepare,
    SETTINGS,
    segment=WINDOW,
    updates=lambda point: 2.0 * WINDOW * point["windows"] * point["neurons"],
)
