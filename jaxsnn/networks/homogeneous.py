"""The one-dimensional homogeneous network of Timcheck et al. 2022 in its dimensionless form, in one call.

    dv_i = (-lam_V v_i + R) dt + sigma dW_i - o_i(t) - sum_{j != i} o_j(t - Delta),     threshold 1/2
    dy   = -y dt + sum_j o_j(t)

Parameters are in readout units (time in tau_d, potentials in w^2, readout in w = 1/N, so errors are in units of 1/N);
the delay is in mean population inter-spike intervals, delta = R Delta. Inside, and in `dt`, time is in mean inter-spike
intervals (conversion: `units`). Reading the paper's pure numbers in these units is our choice: its own time unit could
not be checked.
"""

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax.core import Tracer

from ..core import check_not_negative, check_positive, check_size, require, strong
from ..delays import FloatHistory, PackedHistory
from ..gradients import SpikeRule
from ..readouts import ErrorReadout
from .balanced import Balanced
from .inhibition import Delayed, Sequential, Simultaneous
from .units import ReadoutUnits, to_isi


class TimeStep(NamedTuple):
    dt: float  # mean inter-spike intervals
    delay_steps: int  # 0 at zero delay


def time_step(delay: float, steps_per_isi: int = 50, steps_per_delay: int = 8) -> TimeStep:
    """The coarsest dt with a whole number of steps per delay, that resolves both the interval and the delay (host)."""
    check_not_negative("delay", delay)
    check_size("steps_per_isi", steps_per_isi)
    check_size("steps_per_delay", steps_per_delay)
    if delay == 0:
        return TimeStep(1 / steps_per_isi, 0)
    steps = max(steps_per_delay, math.ceil(delay * steps_per_isi - 1e-9))
    return TimeStep(delay / steps, steps)


def homogeneous(
    neurons: int,
    *,
    leak: Any,
    noise: Any,
    delay: Any = 0.0,
    rate: Any = None,
    max_delay: int = 64,
    gradients: bool = False,
    sequential: bool = True,
    spike: SpikeRule | None = None,
    **options: Any,
) -> Balanced:
    """N identical neurons of weight one. Input: the drive, `[1.0]` spike per mean interval for the constant signal.

    leak: lam_V; noise: sigma; rate: R, spikes per tau_d, default N. delay: delta in mean inter-spike intervals; a
    concrete zero gives sequential firing (`sequential=False`: the simultaneous rule, wrong but instructive), anything
    else, a traced value included, delayed inhibition through a ring of max_delay steps.
    gradients: keep the past as floats, differentiable, in place of bits. spike: the rule by which neurons fire and what
    their spikes pass on, when there is a delay (default FastSigmoid). Further options go to `Balanced`.
    Raises ValueError for a negative leak, noise or delay, and a rate or number of neurons that is not positive.
    """
    check_size("neurons", neurons)
    rate = strong(neurons if rate is None else rate, "rate")
    leak, noise = strong(leak, "leak"), strong(noise, "noise")
    check_positive("rate", rate)
    check_not_negative("delay", delay)
    for name, value in {"leak": leak, "noise": noise, "rate": rate, "delay": delay}.items():
        single = jnp.shape(value) == () or (name == "noise" and jnp.shape(value) == (neurons,))
        require(single, f"{name}.shape", jnp.shape(value), "must be ()", "vmap over several values")
    isi = to_isi(ReadoutUnits(leak, noise, strong(0.0)), rate)
    if not isinstance(delay, Tracer) and float(delay) == 0:
        require(
            spike is None, "spike", type(spike).__name__, "needs a delay: without one there is no rule", "leave out"
        )
        alike = jnp.shape(options.get("threshold_shift", 0.0)) == ()
        inhibition = Sequential(equal=alike) if sequential else Simultaneous()
    else:
        require(sequential, "sequential", sequential, "applies to zero delay only", "leave it out")
        history = FloatHistory if gradients else PackedHistory
        rule = {} if spike is None else {"spike": spike}
        inhibition = Delayed(delay, history(neurons, max_delay), **rule)
    return Balanced(jnp.ones((1, neurons)), isi.leak, isi.noise, ErrorReadout(1 / rate), inhibition, **options)
