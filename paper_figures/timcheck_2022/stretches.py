"""Short runs with every spike kept, for rasters and traces: the networks of a panel, from the keys they have there."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.timcheck_2022.network import network
from jaxsnn.engine import nothing, simulate
from jaxsnn.sweeps import Single

TRANSIENT = 10.0  # readout time constants: membranes start from their stationary packet, the readout has to settle


def spikes_only(state: Any, y: Any) -> Any:
    del state
    return y.spikes.astype(jnp.int8)


def readout_only(state: Any, y: Any) -> Any:
    del state
    return y.count, -y.error[..., 0]


def spikes_and_readout(state: Any, y: Any) -> Any:
    del state
    return y.spikes.astype(jnp.int8), -y.error[..., 0]


def everything(state: Any, y: Any) -> Any:
    del state
    return y.spikes.astype(jnp.int8), -y.error[..., 0], y.v


def stretch(
    singles: Sequence[Single],
    intervals: float,
    record: Callable,
    build: Callable[[dict], Any] = network,
    transient: float = TRANSIENT,
) -> Any:
    """What `record` keeps of each network [network, time, ...] over `intervals` mean intervals after the transient.

    The networks must share their structure and their time step; they run as one program.
    """
    static, plans = singles[0].plan.static, [one.plan.arrays for one in singles]
    if any(one.plan.static != static or plan["dt"] != plans[0]["dt"] for one, plan in zip(singles, plans, strict=True)):
        raise ValueError("networks of one stretch must share sizes and dt; run the others in a stretch of their own")
    dt = plans[0]["dt"]
    before = start_step(singles[0], transient)
    steps = round(intervals / dt)
    arrays = {name: jnp.asarray(np.array([plan[name] for plan in plans])) for name in plans[0]}

    def one(point, key):
        cell = build({**static, **point})
        run = {"dt": point["dt"], "key": key, "block": 100}
        state, _ = simulate(cell, steps=before, record=nothing, **run)
        return simulate(cell, steps=steps, record=record, state=state, start=before, **run)[1]

    kept = jax.jit(jax.vmap(one))(arrays, jnp.stack([single.key for single in singles]))
    return jax.tree.map(np.asarray, kept)


def start_step(single: Single, transient: float = TRANSIENT) -> int:
    """The step at which a stretch of this network begins to be kept."""
    arrays = single.plan.arrays
    return round(transient * arrays["rate"] / arrays["dt"])


def time_step(single: Single) -> float:
    """Mean inter-spike intervals."""
    return float(single.plan.arrays["dt"])
