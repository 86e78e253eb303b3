"""Losses of spike trains and readouts. One sample each: vmap over a batch and average.

rate           mean over neurons of (spikes per time unit - target)^2
van Rossum     (1/tau) int (f - g)^2 dt,   f, g = trains filtered by exp(-t/tau), t >= 0      (van Rossum 2001)
spike times    mean of (t_k - target_k)^2 over the pairs that both exist; see `spike_time_loss` for the rest
readout        mean over time of |y - target|^2
cross-entropy  of logits [time, class], in the three forms of the papers:
               "step"   mean over time of the entropy of each step's logits          (Ma et al. 2023, released code)
               "mean"   of the mean over time of the logits
               "sum"    of the sum over time of each step's softmax, taken as logits (Hammouamri et al. 2023, code)
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from ..core import check_not_negative, check_positive, known, require, when_known

FORMS = ("step", "mean", "sum")


def _check_axes(name: str, value: Any, axes: str) -> None:
    require(
        jnp.ndim(value) == len(axes.split()), f"{name}.shape", jnp.shape(value), f"must be [{axes}]", "vmap over others"
    )


def _check_alike(value: Any, target: Any) -> None:
    wanted = jnp.shape(value)
    require(
        jnp.shape(target) == wanted, "target.shape", jnp.shape(target), f"must be {wanted}", "broadcast it if meant"
    )


def _floats(*arrays: Any) -> list[Array]:
    """As floats: differences of truth values, or of whole numbers without a sign, would be others."""
    floats = [array for array in map(jnp.asarray, arrays) if jnp.issubdtype(array.dtype, jnp.floating)]
    dtype = jnp.result_type(*floats) if floats else jnp.zeros(()).dtype
    return [jnp.asarray(array, dtype) for array in arrays]


def rate_loss(spikes: Float[Array, "time neuron"], target: Any, dt: Any) -> Float[Array, ""]:
    """target: spikes per time unit, one for all or [neuron]."""
    _check_axes("spikes", spikes, "time neuron")
    check_positive("dt", dt)
    allowed = (), spikes.shape[1:]
    require(
        jnp.shape(target) in allowed, "target.shape", jnp.shape(target), f"must be one of {allowed}", "pass one each"
    )
    rate = jnp.mean(spikes, axis=0) / dt
    return jnp.mean(jnp.square(rate - target))


def filtered(spikes: Shaped[Array, "time neuron"], tau: Any, dt: Any) -> Float[Array, "time neuron"]:
    """A spike train filtered by exp(-t/tau), the spike itself included."""
    _check_axes("spikes", spikes, "time neuron")
    check_positive("tau", tau)
    check_positive("dt", dt)
    (spikes,) = _floats(spikes)
    decay = jnp.exp(-dt / tau).astype(spikes.dtype)

    def step(trace, s):
        trace = decay * trace + s
        return trace, trace

    return jax.lax.scan(step, jnp.zeros_like(spikes[0]), spikes)[1]


def van_rossum(
    spikes: Shaped[Array, "time neuron"], target: Shaped[Array, "time neuron"], tau: Any, dt: Any
) -> Float[Array, ""]:
    """Squared distance of two sets of trains on one grid, mean over neurons: 1/2 for a single extra spike, to dt/tau.

    tau, dt: in one time unit. The integral ends with the trains, so late spikes count for less.
    """
    _check_axes("spikes", spikes, "time neuron")
    _check_alike(spikes, target)
    check_positive("tau", tau)
    check_positive("dt", dt)
    spikes, target = _floats(spikes, target)
    tau, dt = jnp.asarray(tau, spikes.dtype), jnp.asarray(dt, spikes.dtype)
    trace = filtered(spikes - target, tau, dt)
    return jnp.sum(jnp.mean(jnp.square(trace), axis=1)) * dt / tau


def spike_time_loss(
    times: Float[Array, "neuron spike"], target: Shaped[Array, "neuron wanted"], missing: Any = 0.0
) -> Float[Array, ""]:
    """Exact spike times against wanted ones, both increasing and padded with inf: the k-th with the k-th.

    The squared differences of the pairs that both exist, summed, over the number of wanted spikes. NaN where a time is
    (an event network says so that its parameters are impossible). Without `missing` a spike that is lost lowers it.

    missing: added for every spike that one of the two has and the other has not. It carries no gradient: a spike that
    does not exist cannot be moved (a quadratic neuron with pseudospikes always has one).
    """
    _check_axes("times", times, "neuron spike")
    _check_axes("target", target, "neuron wanted")
    allowed = f"must have {times.shape[0]} rows, one for each neuron"
    require(target.shape[0] == times.shape[0], "target.shape", target.shape, allowed, "pad rows with inf")
    check_not_negative("missing", missing)
    when_known(_check_times, target)
    times, target = _floats(times, target)  # whole numbers know no inf
    width = max(times.shape[1], target.shape[1])
    pad = lambda t: jnp.pad(t, ((0, 0), (0, width - t.shape[1])), constant_values=jnp.inf)
    times, target = pad(times), pad(target)
    both = jnp.isfinite(times) & jnp.isfinite(target)
    only = jnp.isfinite(times) != jnp.isfinite(target)
    # inside the where, or an infinite difference would give the gradient NaN
    gap = jnp.where(both, times, 0.0) - jnp.where(both, target, 0.0)
    pairs = jnp.maximum(jnp.sum(jnp.isfinite(target)), 1).astype(times.dtype)
    loss = (jnp.sum(jnp.square(gap)) + missing * jnp.sum(only).astype(times.dtype)) / pairs
    return jnp.where(jnp.any(jnp.isnan(times) | jnp.isnan(target)), jnp.nan, loss)  # NaN is no spike that is missing


def _check_times(target: Any) -> None:
    nothing = np.isnan(np.asarray(target, float))
    require(not nothing.any(), "target", target, "must hold times, and inf where there is none", "put inf for NaN")


def readout_loss(y: Shaped[Array, "time signal"], target: Shaped[Array, "time signal"]) -> Float[Array, ""]:
    """Mean over time of the squared distance."""
    _check_alike(y, target)
    y, target = _floats(y, target)
    return jnp.mean(jnp.sum(jnp.square(y - target), axis=-1))


def cross_entropy(
    logits: Float[Array, "time class"],
    label: Any,
    form: str = "mean",
    mask: Any = None,
) -> Float[Array, ""]:
    """Minus the log-probability of `label`, the number of a class.

    form: "step", "mean" or "sum", as above. mask: [time], 1 for the steps that count, 0 for padding.
    Where a label is no class, and traced so that it cannot be refused, the loss is NaN.
    """
    _check_axes("logits", logits, "time class")
    require(jnp.shape(label) == (), "label.shape", jnp.shape(label), "must be ()", "vmap over several labels")
    kind, last = jnp.result_type(label), logits.shape[1] - 1
    allowed = f"must be an integer from 0 to {last}, the last class"
    check = lambda good, shown: require(good, "label", shown, allowed, "count classes from 0")
    check(jnp.issubdtype(kind, jnp.integer), label if known(label) else kind)
    when_known(lambda label: check(0 <= int(label) <= last, label), label)
    if mask is not None:
        found, wanted = jnp.shape(mask), logits.shape[:1]
        require(found == wanted, "mask.shape", found, f"must be {wanted}, [time]", "pass one a step")
    if form not in FORMS:
        raise ValueError(f'form = {form!r}: must be one of {", ".join(FORMS)}; pass "mean", the usual one')
    if form == "step":
        return _mean_over_time(_minus_log(logits, label), mask)
    if form == "sum":
        shares = jax.nn.softmax(logits)
        total = jnp.sum(shares if mask is None else shares * mask[:, None], axis=0)
        return _minus_log(total, label)
    return _minus_log(_mean_over_time(logits, mask), label)


def _minus_log(logits: Float[Array, "... class"], label: Int[Array, ""]) -> Float[Array, "..."]:
    shares = jax.nn.log_softmax(logits)
    label = jnp.where(label < 0, shares.shape[-1], label)  # no class, and not the last
    return -jnp.take(shares, label, axis=-1, mode="fill", fill_value=jnp.nan)


def _mean_over_time(x: Float[Array, "time ..."], mask: Float[Array, " time"] | None) -> Float[Array, "..."]:
    if mask is None:
        return jnp.mean(x, axis=0)
    weight = mask.reshape(mask.shape + (1,) * (x.ndim - 1))
    return jnp.sum(x * weight, axis=0) / jnp.maximum(jnp.sum(mask), 1)
