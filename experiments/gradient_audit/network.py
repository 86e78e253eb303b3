"""The audited network: noisy discrete LIF neurons, wired in layers or in a loop by a mask, with real delays.

    v_n[i] = beta v_{n-1}[i] (reset at a spike) + sum_k w_in[i, k] x_{n - d_in}[k] + sum_j w[i, j] s_{n - d}[j]
    P(s = 1) = Phi((v - threshold) / sigma)

A spike reaches other neurons after one step at the earliest, so layers and loops are one program: `depth` only says
which synapses exist. Inputs are spike trains to the first layer and a constant drive to every neuron. All numbers are
drawn anew for every network, around values at which neurons fire in about half of the steps.

    depth   "one", "two", "three" layers, or "loop": all neurons connected to each other
    reset   "zero", "subtract", or "none": beta = 0, a membrane without memory
    delay   "step": every spike arrives one step later; "real": delays of 1 to 1.8 steps, interpolated, with a gradient
    loss    "linear": sum_n c_n . s_n;   "distance": van Rossum distance to a random train. Both see the last layer
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from jaxsnn.core import Cell, Span, strong
from jaxsnn.engine import streams
from jaxsnn.fit import van_rossum
from jaxsnn.gradients import SpikeRule
from jaxsnn.networks import Chain, Recurrent
from jaxsnn.neurons import DiscreteLIF
from jaxsnn.synapses import DelayedDense

KINDS = ("weight", "threshold", "sigma", "delay")
DEPTHS = ("one", "two", "three", "loop")
RESETS = ("none", "zero", "subtract")
DELAYS = ("step", "real")
LOSSES = ("linear", "distance")
BETA = 0.7
FILTER = 2.0  # steps: time constant of the van Rossum distance
MAX_DELAY = 2  # steps


class Wiring(NamedTuple):
    """Which of the neurons and synapses exist, as 0 and 1."""

    first: np.ndarray  # [neuron], those that the input spikes reach
    last: np.ndarray  # [neuron], those that the loss sees
    lateral: np.ndarray  # [post, pre]


def wiring(depth: str, layers: tuple[int, ...]) -> Wiring:
    """Layers of these sizes one after the other; for a "loop", all of their neurons in one."""
    layer = np.repeat(np.arange(len(layers)), layers)
    if depth == "loop":
        everyone = np.ones(len(layer))
        return Wiring(everyone, everyone, 1 - np.eye(len(layer)))
    lateral = layer[:, None] == layer[None, :] + 1
    return Wiring((layer == 0).astype(float), (layer == layer[-1]).astype(float), lateral.astype(float))


class Numbers(NamedTuple):
    """What distinguishes one random network from another. The last column of an input is the constant drive."""

    xs: Float[Array, "time pre"]
    w_in: Float[Array, "post pre"]
    w: Float[Array, "post post"]
    threshold: Float[Array, " post"]
    sigma: Float[Array, " post"]
    d_in: Float[Array, "..."]  # [post, pre], or [pre], as the next
    d: Float[Array, "..."]
    weights: Float[Array, "time post"]  # of the linear loss
    target: Float[Array, "time post"]  # of the distance


def numbers(point: dict[str, Any], key: Array, *, steps: int, inputs: int, fan_in: float, axonal: bool) -> Numbers:
    """Draw a network. fan_in: synapses that a neuron has within the network, about. axonal: a delay per neuron."""
    size = point["first"].shape[0]
    draws = [jax.random.fold_in(key, slot) for slot in range(10)]
    normal = lambda slot, *shape: jax.random.normal(draws[slot], shape)
    uniform = lambda slot, *shape: jax.random.uniform(draws[slot], shape)
    one = jnp.ones((), point["noise"].dtype)
    scale = one / (one + 1.2 * point["beta"])  # a membrane with memory needs less
    spikes = (uniform(0, steps, inputs) < 0.5).astype(one.dtype)
    xs = jnp.concatenate([spikes, jnp.ones((steps, 1))], axis=1)
    reaches = point["first"][:, None]
    from_spikes = (1.2 + 1.2 * normal(1, size, inputs)) / inputs * reaches
    drive = 0.35 + 0.25 * reaches[:, 0] + 0.2 * normal(2, size)
    w_in = scale * jnp.concatenate([from_spikes, drive[:, None]], axis=1)
    w = scale * (1.2 + 1.2 * normal(3, size, size)) / fan_in * point["lateral"]
    real = point["real"]
    late = uniform(4, *(() if axonal else (size,)), inputs)
    late = jnp.concatenate([late, jnp.zeros((*late.shape[:-1], 1))], axis=-1)
    return Numbers(
        xs=xs,
        w_in=w_in,
        w=w,
        threshold=1 + 0.1 * normal(5, size),
        sigma=point["noise"] * jnp.exp(0.15 * normal(9, size)),
        d_in=real * (0.1 + 0.8 * late),
        d=1 + real * (0.1 + 0.7 * (uniform(6, size) if axonal else uniform(6, size, size))),
        weights=normal(7, steps, size) * point["last"][None],
        target=(uniform(8, steps, size) < 0.4).astype(one.dtype) * point["last"][None],
    )


def build(point: dict[str, Any], n: Numbers, spike: SpikeRule, *, detach: bool = False) -> Cell:
    """The cell of these numbers; emits the spikes of all neurons."""
    neuron = DiscreteLIF(
        point["beta"], n.threshold, spike, size=n.threshold.shape[0], reset=point["form"], detach_reset=detach
    )
    lateral = DelayedDense(n.w, n.d, max_delay=MAX_DELAY)
    return Chain(DelayedDense(n.w_in, n.d_in, max_delay=1), Recurrent(neuron, lateral))


def play(cell: Cell, xs: Float[Array, "time pre"], key: Array) -> tuple[PyTree, Float[Array, "time post"]]:
    """One run: final state and spikes."""
    initial, stream = streams(key)
    steps = xs.shape[0]
    noise = cell.draw(stream, jnp.arange(steps, dtype=jnp.int32))
    return cell.unroll(cell.init(initial), xs, Span(jnp.zeros((), jnp.int32), strong(1.0), noise, steps))


def loss(point: dict[str, Any], n: Numbers, spikes: Float[Array, "time post"]) -> Float[Array, ""]:
    """The loss that the point's `linear` (1 or 0) chooses."""
    line = jnp.sum(n.weights * spikes)
    distance = van_rossum(spikes * point["last"][None], n.target, FILTER, 1.0) * spikes.shape[1]
    return point["linear"] * line + (1 - point["linear"]) * distance


def by_kind(gradient: PyTree, point: dict[str, Any]) -> dict[str, Float[Array, " component"]]:
    """The gradient for a cell, sorted by kind of parameter; zero for synapses that do not exist.

    The drive counts among the weights, its delay (of a constant) among nothing.
    """
    into, loop = gradient.cells
    neuron, line = loop.forward, loop.line
    reached = jnp.broadcast_to(point["first"][:, None], into.weight.shape)
    spiking, delayed = reached.at[:, -1].set(0), point["lateral"]  # the last input is the drive
    if line.delay.ndim == 1:
        spiking, delayed = jnp.max(spiking, axis=0), jnp.max(delayed, axis=0)
    join = lambda *parts: jnp.concatenate([jnp.ravel(part) for part in parts])
    sigma: Any = getattr(neuron.spike, "sigma", getattr(neuron.spike, "temperature", None))
    return {
        "weight": join(into.weight * reached.at[:, -1].set(1), line.weight * point["lateral"]),
        "threshold": neuron.threshold,
        "sigma": sigma,
        "delay": join(into.delay * spiking, line.delay * delayed) * point["real"],  # whole steps: two one-sided slopes
    }
