"""The connections of an event-driven network, as users give them and as the event loop takes them.

Weights are [post, pre]; a delay is one number, one per presynaptic neuron ([pre]) or one per synapse ([post, pre]).
"""

from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ..core import check_finite, check_not_negative, check_positive, is_concrete, require, strong
from .queue import Wiring


def optional(value):
    """A parameter that may be absent."""
    return None if value is None else strong(value)


def connect(network) -> Wiring:
    """One table of weights and delays: from the inputs and then, if there is recurrence, from the neurons."""
    weight, delay = network.weight_in, jnp.broadcast_to(network.delay_in, network.weight_in.shape)
    if network.weight_rec is None:
        return Wiring(weight, delay)
    back = jnp.broadcast_to(network.delay_rec, network.weight_rec.shape)
    together = lambda a, b: jnp.concatenate([jnp.asarray(a), jnp.asarray(b)], axis=1)
    return Wiring(together(weight, network.weight_rec), together(delay, back))


def in_one_dtype(*trees):
    """The float arrays of all trees in the widest dtype among them."""
    leaves = jax.tree.leaves(trees)
    dtype = reduce(jnp.promote_types, [leaf.dtype for leaf in leaves])
    return jax.tree.map(lambda leaf: leaf.astype(dtype), trees)


def check_network(network, *per_neuron: str) -> None:
    """Shapes of weights, delays and the parameters that are () or [neuron]; values where they are known."""
    name = type(network).__name__
    shape = jnp.shape(network.weight_in)
    require(
        len(shape) == 2 and min(shape) > 0,
        f"{name}.weight_in.shape",
        shape,
        "must be (neuron, input), both at least 1",
        "add the missing axis",
    )
    check_finite(f"{name}.weight_in", network.weight_in)
    _check_delay(f"{name}.delay_in", network.delay_in, shape)
    if network.weight_rec is not None:
        square = (shape[0], shape[0])
        require(
            network.weight_rec.shape == square,
            f"{name}.weight_rec.shape",
            network.weight_rec.shape,
            f"must be {square}, [post, pre] among the neurons of weight_in",
            "pass None for a network without recurrence",
        )
        check_finite(f"{name}.weight_rec", network.weight_rec)
        _check_delay(f"{name}.delay_rec", network.delay_rec, square)
    for field in per_neuron:
        found = getattr(network, field).shape
        allowed = ((), shape[:1])
        require(found in allowed, f"{name}.{field}.shape", found, f"must be one of {allowed}", "pass one, or one each")


def _check_delay(field, delay, shape):
    allowed = ((), shape[1:], shape)
    remedy = "pass one delay, one per presynaptic neuron, or one per synapse"
    require(delay.shape in allowed, f"{field}.shape", delay.shape, f"must be one of {allowed}", remedy)
    check_not_negative(
        field,
        delay,
        "a spike cannot arrive before it is sent: pass 0 or more, and keep it there with between(0, ...) in a fit",
    )


def check_inputs(network, input_times: Float[Array, "..."], t_end: Float[Array, ""]) -> None:
    """Spike times [input, spike], rising along each row and padded with inf."""
    name, inputs = type(network).__name__, network.weight_in.shape[1]
    shape = input_times.shape
    require(
        len(shape) == 2 and shape[0] == inputs,
        f"{name} input_times.shape",
        shape,
        f"must be ({inputs}, spikes), one row for each input of weight_in",
        "pad rows with inf; vmap over samples",
    )
    check_positive(f"{name} t_end", t_end)
    if is_concrete(input_times):
        times = np.asarray(input_times)
        wrong = np.isnan(times) | (times < 0)
        remedy = "pad rows with inf, and count time from 0"
        require(not wrong.any(), f"{name} input_times", times[wrong], "must be zero or later, not NaN", remedy)
        falls = times[:, 1:] < times[:, :-1]
        rows = np.flatnonzero(falls.any(axis=1))
        require(not rows.size, f"{name} input_times, rows", rows, "must rise along each row", "use jnp.sort(times)")


def sane_inputs(input_times: Float[Array, "..."], t_end: Float[Array, ""], wiring: Wiring) -> Bool[Array, ""]:
    """What `check_network` and `check_inputs` ask of values, for values that are known only inside a program."""
    good = (wiring.delay >= 0) & jnp.isfinite(wiring.delay) & jnp.isfinite(wiring.weight)
    good &= (t_end > 0) & jnp.isfinite(t_end)
    return jnp.all(good) & jnp.all(input_times >= 0) & jnp.all(input_times[:, 1:] >= input_times[:, :-1])
