"""What a delayed synapse costs: time and memory of a gradient, against the longest delay, in four forms.

    convolution   every synapse a kernel over all lags, one matrix product a lag            O(pre post T_d T)
    frequency     the same kernel by a transform of time, a few products a frequency        O(pre post (T + T_d))
    gather        two taps of linear interpolation, read for each synapse                   O(pre post T)
    ring          the same two taps, step by step from a ring buffer                        O(pre post T)

The first two are DCLS's Gaussian kernel. The value is the gradient of a sum over a batch by weights and delays: seconds
of processor time, the least of several, and bytes that the compiled program needs for what lies between. Measured
numbers: a run on another machine, or a busy one, gives others.
"""

import time
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from jaxsnn import simulate
from jaxsnn.delays import DelayLine, Gaussian, Linear
from jaxsnn.synapses import DelayedDense

FORMS = ("convolution", "frequency", "gather", "ring")


def current(form: str, weight: Array, delay: Array, xs: Array, longest: int) -> Array:
    """[time, post] of one sample."""
    run = partial(simulate, dt=1.0, key=jax.random.key(0))
    if form == "gather":
        line = DelayLine(delay, size=weight.shape[1], max_delay=longest, kernel=Linear())
        return jnp.sum(weight[None] * run(line, xs)[1], axis=2)
    if form == "ring":
        return run(DelayedDense(weight, delay, max_delay=longest, kernel=Linear()), xs, block=1)[1]
    by = {"convolution": "lags", "frequency": "frequency"}[form]
    return run(DelayedDense(weight, delay, max_delay=longest, kernel=Gaussian(0.5), form=by), xs)[1]


def measure(
    point: dict[str, Any], key: Array, checkpoint: Path, *, sizes: list[int], steps: int, batch: int, repeats: int
) -> dict[str, np.ndarray]:
    """point: form, max_delay (steps). sizes: inputs, neurons."""
    del checkpoint  # seconds: nothing to go on from
    pre, post = sizes
    longest = point["max_delay"]
    keys = jax.random.split(key, 3)
    weight = jax.random.normal(keys[0], (post, pre))
    delay = jax.random.uniform(keys[1], (post, pre), maxval=longest)
    xs = jax.random.bernoulli(keys[2], 0.1, (batch, steps, pre)).astype(float)

    def total(given, xs):
        weight, delay = given
        of = lambda x: current(point["form"], weight, delay, x, longest)
        return jnp.sum(jnp.square(jax.vmap(of)(xs)))

    program = jax.jit(jax.grad(total)).lower((weight, delay), xs).compile()
    analysis = program.memory_analysis()
    jax.block_until_ready(program((weight, delay), xs))
    taken = []
    for _ in range(repeats):
        begun = time.process_time()
        jax.block_until_ready(program((weight, delay), xs))
        taken.append(time.process_time() - begun)
    return {
        "seconds": np.array(min(taken)),
        "bytes": np.array(analysis.temp_size_in_bytes if analysis else 0, np.int64),
    }
