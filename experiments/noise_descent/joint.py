"""Descent on the noise together with two spreads over the neurons, and whether it leaves a smaller error.

    threshold_i = reset_i / 2 + a z_i          a: spread of the thresholds, in w^2
    weight_i    = 1 + b z'_i                   b: spread of the decoding weights; every weight squared is an own reset

z and z' are fixed, even, of mean zero and unit variance, in orders that have nothing to do with each other. The means
are no parameters here: a common threshold shift is a constant input, and a common weight is a unit. Neurons that are
alike can be exchanged, so the error is even in a and in b, its slope at zero is zero, and a descent must begin away
from it.

Small weights would make a small error with many spikes, so what is made small is the error at an equal number of
spikes, log(variance rate^2): for weights that are all the same it does not change when they are scaled.

In a window eight networks run on the same noise: sigma e^(+-h) without spreads, and central differences in log sigma,
a and b about the joint point. Both descents follow Robbins and Monro. Then both points are run on noise that neither
has seen, beside others that tell the parts apart (`COMPARED`).

A neuron feels its own reset at once and only the others' late, so few neurons that fire for all have no delay to suffer
from: unequal thresholds can lead there. `active` tells, the number of neurons that share the spikes, (sum of rates)^2 /
sum of squared rates.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsnn.engine import streams
from jaxsnn.networks import Balanced
from jaxsnn.readouts import Rate
from jaxsnn.sweeps import Study

from .descent import STEEPEST
from .networks import SETTINGS, network, plan
from .slopes import H, run

PARTS = ("noise", "thresholds", "weights")
REACH = (H, 0.1, 0.05)  # half the distance of the central differences in log sigma, a, b
GAIN = (2.0, 0.5, 0.2)
MOST = (0.0, 1.0, 0.4)  # of a and b
COMPARED = ("alone", "joint", "no_thresholds", "no_weights", "alone_less", "alone_more", "joint_less", "joint_more")
CONSTANTS = {**SETTINGS, "thresholds": 0.3, "weights": 0.15, "compared": 4}


def patterns(neurons: int) -> np.ndarray:
    """z and z' [2, neuron]: even steps, the second in the order of the golden ratio."""
    z = np.linspace(-1, 1, neurons)
    z = z / np.sqrt(np.mean(z**2))
    order = np.argsort(np.modf(np.arange(neurons) * (np.sqrt(5) - 1) / 2)[0])
    return np.stack([z, z[order]])


def heterogeneous(point: dict[str, Any], at: Float[Array, " part"]) -> Balanced:
    """The network at (log sigma, a, b)."""
    z, other = jnp.asarray(patterns(point["neurons"]), at.dtype)
    net = network(point, jnp.exp(at[0]), threshold_shift=at[1] * z)
    return eqx.tree_at(lambda n: n.decoder, net, (1 + at[2] * other)[None])


def around(alone: Float[Array, ""], joint: Float[Array, " part"]) -> Float[Array, "network part"]:
    """The eight networks of a window of the descents."""
    reach = jnp.diag(jnp.asarray(REACH, joint.dtype))
    sides = jnp.stack([joint[None] - reach, joint[None] + reach], axis=1).reshape(-1, joint.shape[0])
    lone = jnp.zeros((2, joint.shape[0]), joint.dtype).at[:, 0].set(alone + H * jnp.asarray([-1.0, 1.0], joint.dtype))
    return jnp.concatenate([lone, sides])


def compared(alone: Float[Array, ""], joint: Float[Array, " part"]) -> Float[Array, "network part"]:
    """The eight networks of the comparison, in the order of COMPARED."""
    lone = jnp.zeros_like(joint).at[0].set(alone)
    less = jnp.zeros_like(joint).at[0].set(-H)
    rows = [lone, joint, joint.at[1].set(0), joint.at[2].set(0), lone + less, lone - less, joint + less, joint - less]
    return jnp.stack(rows)


def descend_jointly(point: dict[str, Any], key: Array) -> dict[str, Array]:
    first, stream = streams(key)
    start = jnp.stack([jnp.log(point["noise"]), point["thresholds"], point["weights"]])
    gain, reach = (jnp.asarray(values, start.dtype) for values in (GAIN, REACH))
    least, most = (s * jnp.asarray((jnp.inf, *MOST[1:]), start.dtype) for s in (-1.0, 1.0))
    more = {"each": lambda **window: Rate("output.spikes", shape=point["neurons"], **window)}
    descents, half = point["windows"], point["windows"] // 2

    def window(carry, k):
        alone, joint, means, states = carry
        fresh = k >= descents
        own = jax.random.fold_in(stream, fresh.astype(jnp.int32))  # the comparison has noise of its own
        at = jnp.where(fresh, compared(means[0], means[1:]), around(alone, joint))

        def one(at, state):
            state, meters = run(heterogeneous(point, at), point, state, k * point["window"], own, more)
            each = meters["each"].rate
            square = jnp.square(jnp.sum(each))
            return state, (meters["error"].variance[0], meters["rate"].rate, square / jnp.sum(each * each))

        states, (variance, rate, active) = jax.vmap(one)(at, states)
        height = jnp.log(variance * rate * rate).reshape(4, 2)
        slope = jnp.clip((height[:, 1] - height[:, 0]) / (2 * jnp.concatenate([reach[:1], reach])), -STEEPEST, STEEPEST)
        size = jnp.where(fresh, 0, 1 / (k.astype(slope.dtype) + 2))
        alone = alone - size * gain[0] * slope[0]
        joint = jnp.clip(joint - size * gain * slope[1:], least, most)
        late = ((k >= half) & (k < descents)).astype(slope.dtype) / (descents - half)
        means = means + late * jnp.concatenate([alone[None], joint])
        return (alone, joint, means, states), (joint, alone, variance, rate, active)

    begin = jax.vmap(lambda at: heterogeneous(point, at).init(first))(around(start[0], start))
    carry = (start[0], start, jnp.zeros(1 + len(PARTS)), begin)
    numbers = jnp.arange(descents + point["compared"], dtype=jnp.int32)
    (_, _, means, _), (path, lone, variance, rate, active) = jax.lax.scan(window, carry, numbers)
    used = slice(descents + 1, None)  # the first window of the comparison settles
    final = {"variance": variance, "rate": rate, "active": active}
    return {
        **{
            f"{what}_{name}": jnp.mean(value[used, i])
            for what, value in final.items()
            for i, name in enumerate(COMPARED)
        },
        "noise_alone": jnp.exp(means[0]),
        "noise_joint": jnp.exp(means[1]),
        "thresholds_joint": means[2],
        "weights_joint": means[3],
        "path": jnp.concatenate([jnp.exp(lone)[:, None], jnp.exp(path[:, :1]), path[:, 1:]], axis=1)[:descents],
    }


def _prepare(point):
    if point["compared"] < 2:
        raise ValueError(f"compared = {point['compared']}: must be at least 2, the first window is not used; raise it")
    return plan(point, "compared", numbers=("thresholds", "weights"))


def updates(point: dict[str, Any]) -> float:
    return 8.0 * (point["windows"] + point["compared"]) * point["window"] * point["neurons"]


JOINT = Study("noise_descent.joint", 3, descend_jointly, _prepare, CONSTANTS, chunk=8, updates=updates)
