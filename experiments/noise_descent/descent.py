"""Windows one after the other: slopes at a noise that stays, or Robbins-Monro on log sigma with any rule's slope.

    log sigma <- log sigma - gain / (k + 2) * clip(slope, +-2)       window k = 0, 1 ...

The result of a descent is the mean of log sigma over the second half of its windows (Polyak-Ruppert averaging). A slope
that is not a number moves nothing, and is counted: a rule that overflows leaves the noise where it was.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jaxsnn.engine import streams
from jaxsnn.sweeps import Study

from .likelihood import CHOSEN, HORIZONS
from .networks import SETTINGS, plan
from .slopes import initial, measure, rule_of

GAIN, STEEPEST = 2.0, 2.0


def windows(point: dict[str, Any], key: Array, gain: float) -> dict[str, Array]:
    """Everything that is seen window by window: the noise, log variance, slopes and rate. [window, ...]"""
    begin, stream = streams(key)
    rule = rule_of(point["rule"])
    log_noise = jnp.log(point["noise"])

    def window(carry, k):
        log_noise, state = carry
        found = measure(point, rule, log_noise, state, k * point["window"], stream)
        slope = found.slope if found.slope.ndim == 0 else found.slope[CHOSEN]
        sound = jnp.isfinite(slope)
        pull = jnp.clip(jnp.where(sound, slope, jnp.zeros_like(slope)), -STEEPEST, STEEPEST)
        log_noise = log_noise - gain / (k.astype(slope.dtype) + 2) * pull
        seen = {"log_noise": log_noise, "height": found.height, "slope": slope, "all": found.slope, "rate": found.rate}
        return (log_noise, found.state), seen

    numbers = jnp.arange(point["windows"], dtype=jnp.int32)
    return jax.lax.scan(window, (log_noise, initial(point, rule, log_noise, begin)), numbers)[1]


def descend(point: dict[str, Any], key: Array) -> dict[str, Array]:
    seen = windows(point, key, GAIN)
    half = point["windows"] // 2
    return {
        "noise_end": jnp.exp(jnp.mean(seen["log_noise"][half:])),
        "variance": jnp.exp(jnp.mean(seen["height"][half:])),
        "finite": jnp.mean(jnp.isfinite(seen["slope"]).astype(float)),
        "path": jnp.exp(seen["log_noise"]),
    }


def stay(point: dict[str, Any], key: Array) -> dict[str, Array]:
    """Mean slope, and the standard deviation of that of a single window; the first window settles and is left out."""
    seen = windows(point, key, 0.0)
    slope = seen["slope"][1:]
    return {
        "slope": jnp.mean(slope),
        "spread": jnp.std(slope, ddof=1),
        "up": jnp.mean((slope > 0).astype(float)),  # share of windows that ask for less noise
        "variance": jnp.exp(jnp.mean(seen["height"][1:])),
        "rate": jnp.mean(seen["rate"][1:]),
        "finite": jnp.mean(jnp.isfinite(seen["slope"]).astype(float)),
    }


def truncations(point: dict[str, Any], key: Array) -> dict[str, Array]:
    """The score's slope for every horizon, by its number, in results of their own: `slope_0` is that of the shortest."""
    seen = windows(point, key, 0.0)
    means = jnp.mean(seen["all"][1:], axis=0)
    return {f"slope_{i}": means[i] for i in range(len(HORIZONS))} | {"variance": jnp.exp(jnp.mean(seen["height"][1:]))}


def _prepare(point):
    rule_of(point["rule"])
    return plan(point, "rule")


def updates(point: dict[str, Any]) -> float:
    """Neuron-updates of one run: two networks, or a network and its tangent."""
    return 2.0 * point["windows"] * point["window"] * point["neurons"]


CONSTANTS = {**SETTINGS, "rule": "differences"}
DESCENT = Study("noise_descent.descent", 1, descend, _prepare, CONSTANTS, chunk=16, updates=updates)
SLOPES = Study(
    "noise_descent.slopes", 1, stay, _prepare, CONSTANTS, chunk=16, updates=updates,
    undefined=("slope", "spread"),
)  # fmt: skip
TRUNCATED = Study("noise_descent.truncated", 1, truncations, _prepare, {**CONSTANTS, "rule": "score"}, chunk=16, updates=updates)
