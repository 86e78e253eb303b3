"""Score function (likelihood ratio, REINFORCE): the exact gradient of an expected loss, from samples.

    d E[L] = E[ dL + (L - b) d log P(spikes) ],        log P = sum over neurons and steps of log P(s | u)

with the spikes held fixed inside u. Any loss will do, one that counts spikes through a table included; b is anything
that does not depend on the path's own spikes. Spikes come from a rule with mode="score", whose neurons carry LogProb:

    final, ys = jax.vmap(lambda key: simulate(net, xs, dt=dt, key=key))(keys)
    loss = score_loss(path_losses, final)               a number to differentiate; its value is the mean loss

The variance grows with neurons times steps. Two ways against it: `baseline="loo"`, and, where a loss has a single step
of independent spikes, the noise-driven gradient as a control variate (`one_step_score_loss`).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from .stochastic import LogProb, SpikeNoise, StochasticRule

BASELINES = ("loo", "none")


def total_log_prob(state: PyTree, axes: int = 0) -> Float[Array, "..."]:
    """Sum of all LogProb nodes of a state, over everything but the leading `axes` axes (those of vmap).

    Raises ValueError for a state without any.
    """
    found = [node for node in jax.tree.leaves(state, is_leaf=_is_log_prob) if _is_log_prob(node)]
    if not found:
        raise ValueError(
            "the state holds no LogProb: no rule of the network is in score mode; give its neurons a rule such as "
            'NoiseDriven("gaussian", 0.3, mode="score"), or use `with_mode(network, "score")`'
        )
    short = [node.value.shape for node in found if node.value.ndim < axes]
    if short:
        raise ValueError(f"LogProb has shape {short[0]}, which lacks the {axes} leading axes of the losses")
    each = [jnp.sum(node.value, axis=tuple(range(axes, node.value.ndim))) for node in found]
    return sum(each[1:], start=each[0])


def score_loss(losses: Float[Array, "*path"], final_state: PyTree, baseline: Any = "loo") -> Float[Array, ""]:
    """Mean of `losses`, whose gradient is an unbiased estimate of that of the expected loss.

    losses: [path] or [path, ...], or () for a single path; final_state: of those runs, with the same leading axes.
    baseline: "loo" (leave one out: the mean loss of the other paths on the first axis), "none", or an array of the
        shape of `losses`, or one number, that does not depend on the path's own spikes.
    Raises ValueError for one path with "loo", an unknown baseline, and shapes or a state that do not fit.
    """
    log_prob = total_log_prob(final_state, losses.ndim)
    if log_prob.shape != losses.shape:
        raise ValueError(
            f"losses have shape {losses.shape}, the final state's LogProb {log_prob.shape}: pass one loss per path, "
            "from the same vmap"
        )
    excess = jax.lax.stop_gradient(losses - _baseline(losses, baseline))
    # log P - stop(log P) is zero, so the value stays the mean loss
    return jnp.mean(losses + excess * (log_prob - jax.lax.stop_gradient(log_prob)))


def _baseline(losses: Array, baseline: Any) -> Array:
    if not isinstance(baseline, str):
        given = jnp.asarray(baseline, losses.dtype)
        if given.shape not in ((), losses.shape):
            raise ValueError(f"baseline has shape {given.shape}; must be () or that of the losses, {losses.shape}")
        return given
    if baseline == "none":
        return jnp.zeros_like(losses)
    if baseline != "loo":
        raise ValueError(f"baseline = {baseline!r}: must be one of {', '.join(BASELINES)}, or an array")
    if losses.ndim == 0 or losses.shape[0] < 2:
        raise ValueError(
            f"baseline = 'loo': needs at least 2 paths on the first axis, losses have shape {losses.shape}; "
            'vmap over more keys, or pass baseline="none"'
        )
    return (jnp.sum(losses, axis=0, keepdims=True) - losses) / (losses.shape[0] - 1)


def one_step_score_loss(
    loss: Callable[[Float[Array, "*neuron"]], Float[Array, ""]],
    rule: StochasticRule,
    u: Float[Array, "*neuron"],
    noise: SpikeNoise,
    dt: Float[Array, ""] | None = None,
) -> Float[Array, ""]:
    """loss(s) of one sample of one step's spikes, its gradient the score with noise-driven learning as control variate.

        b(s) = L(P) + dL/ds(P) . (s - P)              P: the probabilities, so b is linear in the spikes
        d E[L] = E[ dL + (L - b) d log P(s) ] + dL/ds(P) . dP

    Unbiased because, u given, the spikes are independent of each other: then E[(s - P) d log P(s)] = dP. So it holds
    for one step of one layer, and not for spikes that change the u of later ones. For a linear loss it has no variance.
    """
    rule = rule.at(dt)
    s = jax.lax.stop_gradient(rule.fire(u, noise))
    p = rule.probability(u)
    held = jax.lax.stop_gradient(p)
    at_mean, slope = jax.value_and_grad(loss)(held)
    slope = jax.lax.stop_gradient(slope)
    value = loss(s)
    excess = jax.lax.stop_gradient(value - at_mean - jnp.sum(slope * (s - held)))
    log_prob = jnp.sum(rule.log_probability(u, s))
    return value + excess * (log_prob - jax.lax.stop_gradient(log_prob)) + jnp.sum(slope * (p - held))


def _is_log_prob(node: Any) -> bool:
    return isinstance(node, LogProb)
