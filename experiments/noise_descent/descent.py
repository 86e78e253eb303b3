"""Windows one after the other: Robbins-Monro on log sigma with any rule's slope, or (gain 0) slopes at one noise.

    log sigma <- log sigma - gain / (k + 2) * clip(slope, +-2)       window k = 0, 1 ...

The result of a descent is the mean of log sigma over the second half of its windows (Polyak-Ruppert averaging). A slope
that is not a number moves nothing, and is counted: a rule that overflows leaves the noise where it was.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jaxsnn.core import check_not_negative
from jaxsnn.engine import streams
from jaxsnn.sweeps import Study

from .likelihood import CHOSEN, HORIZONS
from .networks import SETTINGS, plan
from .slopes import initial, measure, rule_of

GAIN, STEEPEST = 2.0, 2.0  # of a descent


def windows(point: dict[str, Any], key: Array) -> dict[str, Array]:
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
        log_noise = log_noise - point["gain"] / (k.astype(slope.dtype) + 2) * pull
        seen = {"log_noise": log_noise, "height": found.height, "slope": slope, "all": found.slope, "rate": found.rate}
        return (log_noise, found.state), seen

    numbers = jnp.arange(point["windows"], dtype=jnp.int32)
    return jax.lax.scan(window, (log_noise, initial(point, rule, log_noise, begin)), numbers)[1]


def follow(point: dict[str, Any], key: Array) -> dict[str, Array]:
    """Where the noise ends, and mean slope with the standard deviation of that of a single window; the first window
    settles and is left out of the means."""
    seen = windows(point, key)
    slope, half = seen["slope"][1:], point["windows"] // 2
    return {
        "noise_end": jnp.exp(jnp.mean(seen["log_noise"][half:])),
        "slope": jnp.mean(slope),
        "spread": jnp.std(slope, ddof=1),
        "less": jnp.mean((slope > 0).astype(float)),  # share of windows that ask for less noise
        "variance": jnp.exp(jnp.mean(seen["height"][1:])),
        "rate": jnp.mean(seen["rate"][1:]),
        "finite": jnp.mean(jnp.isfinite(seen["slope"]).astype(float)),
        "path": jnp.exp(seen["log_noise"]),
    }


def truncations(point: dict[str, Any], key: Array) -> dict[str, Array]:
    """The score's slope for every horizon, a result each by its number: `slope_0` is that of the shortest."""
    seen = windows(point, key)
    means = jnp.mean(seen["all"][1:], axis=0)
    return {f"slope_{i}": means[i] for i in range(len(HORIZONS))} | {"variance": jnp.exp(jnp.mean(seen["height"][1:]))}


def _prepare(point):
    rule_of(point["rule"])
    check_not_negative("gain", point["gain"])
    return plan(point, "rule", numbers=("gain",))


def updates(point: dict[str, Any]) -> float:
    """Neuron-updates of one run: two networks, or a network and its tangent."""
    return 2.0 * point["windows"] * point["window"] * point["neurons"]


CONSTANTS = {**SETTINGS, "rule": "differences", "gain": 0.0}
STUDY = Study("noise_descent", 1, follow, _prepare, CONSTANTS, chunk=16, updates=updates, undefined=("slope", "spread"))
TRUNCATED = Study(
    "noise_descent.truncated", 1, truncations, _prepare, {**CONSTANTS, "rule": "score"}, chunk=16, updates=updates
)
