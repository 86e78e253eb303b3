"""Tightly balanced predictive-coding network of leaky integrate-and-fire neurons, with delayed inhibition and noise.

After Boerlin, Machens & Deneve 2013, as Timcheck, Kadmon, Boahen & Ganguli 2022 study it (the equations are our
derivation from the described model):

    dv_i = (-leak v_i + Gamma_i . c(t)) dt + noise dW_i
           - |Gamma_i|^2 o_i(t) - sum_{j != i} Gamma_i . Gamma_j o_j(t - delay)
    de   = (-readout_rate e + c(t)) dt - sum_j Gamma_j o_j(t)              readout error: target minus readout
    spike of i when v_i >= |Gamma_i|^2 / 2

The input of a step is the drive c [signal] (dx/dt + readout_rate x for a target x), constant over the step. With leak =
readout_rate, no noise and no delay v_i = Gamma_i . e: the membrane is the coding error, and a spike is fired only if it
reduces it. Integration is exact between spikes. A spike flagged at t_n acts on its own neuron at t_n and on the others
at t_n + delay.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from ..core import (
    Cell,
    Span,
    Tick,
    check_between,
    check_finite,
    check_kind,
    check_not_negative,
    decay,
    integral,
    param,
    require,
    when_known,
)
from ..noise import AggregatedMembraneNoise, WhiteMembraneNoise, innovation_scale
from ..readouts import ErrorReadout
from .inhibition import Delayed, Sequential, Simultaneous, project

_AGE = 1e4  # time units for which the initial packet has spread: stationary unless the leak is below 1 / _AGE


_UNEQUAL = "take Sequential(), which looks at every neuron"


def _check_equal(decoder) -> None:
    equal = bool(np.all(np.asarray(decoder) == np.asarray(decoder)[0, 0]))
    require(equal, "decoder", decoder, "must hold one weight for all neurons with Sequential(equal=True)", _UNEQUAL)


class Emission(NamedTuple):
    """What a balanced network shows of one step."""

    spikes: Float[Array, " neuron"]
    v: Float[Array, " neuron"]  # membrane at the start of the step, before the reset
    decoded: Float[Array, " signal"]  # decoder @ spikes
    count: Float[Array, ""]  # spikes in this step
    left: Float[Array, ""]  # neurons above threshold that wait for the next step (sequential firing, unequal weights)
    arrived: Float[Array, ""]  # spikes whose inhibition arrives at the end of this step
    error: Float[Array, " signal"]  # target minus readout, just after this step's spikes


class BalancedState(NamedTuple):
    v: Float[Array, " neuron"]  # carried before the reset: spikes are found at the start of a step
    inhibition: PyTree  # the spikes on their way
    readout: PyTree


class BalancedNoise(NamedTuple):
    """What a network draws whose neurons fire by chance; otherwise it is `membrane` alone."""

    membrane: Float[Array, "time ..."]
    chance: PyTree


class Balanced(Cell):
    """d signals, any decoding weights; `homogeneous` makes the one-dimensional network of the paper."""

    decoder: Float[Array, "signal neuron"] = param()
    leak: Float[Array, ""] = param()  # of the membrane, 1 / time unit
    noise: Float[Array, "..."] = param()  # per sqrt(time unit); one for all, or [neuron]
    readout: ErrorReadout
    inhibition: Delayed | Sequential | Simultaneous
    threshold_shift: Float[Array, "..."] = param(0.0, kw_only=True)  # one for all, or [neuron]
    jitter: Float[Array, ""] = param(0.01, kw_only=True)  # spread of the initial packet without noise, in resets
    membrane_noise: WhiteMembraneNoise | AggregatedMembraneNoise = eqx.field(
        default_factory=WhiteMembraneNoise, kw_only=True
    )

    def __check_init__(self):
        require(self.decoder.ndim == 2, "decoder", self.decoder, "must have shape [signal, neuron]", "add an axis")
        check_finite("decoder", self.decoder)
        signals, neurons = self.decoder.shape
        for name, allowed in {"leak": [()], "noise": [(), (neurons,)], "threshold_shift": [(), (neurons,)]}.items():
            shape = getattr(self, name).shape
            require(shape in allowed, f"{name}.shape", shape, f"must be one of {allowed}", "vmap over anything else")
        check_kind("readout", self.readout, ErrorReadout, "ErrorReadout(1.0)")
        check_between("readout.signal", self.readout.signal, signals, signals, "pass the number of the decoder's rows")
        require(
            isinstance(self.inhibition, Delayed | Sequential | Simultaneous),
            "inhibition",
            self.inhibition,
            "must be Delayed, Sequential or Simultaneous",
            "make one, such as Sequential()",
        )
        if isinstance(self.inhibition, Delayed):
            kept = self.inhibition.history
            found = (kept.signals, kept.neurons)
            require(
                found == (signals, neurons),
                "inhibition.history (signals, neurons)",
                found,
                f"must be those of the decoder, {(signals, neurons)}",
                "make the history for this network",
            )
        if isinstance(self.inhibition, Sequential) and self.inhibition.equal:
            allowed = "must be () where Sequential(equal=True) takes all neurons for alike"
            found = self.threshold_shift.shape
            require(found == (), "threshold_shift.shape", found, allowed, "take Sequential()")
            require(signals == 1, "decoder", self.decoder, "must have one row for Sequential(equal=True)", _UNEQUAL)
            when_known(_check_equal, self.decoder)
        check_not_negative("leak", self.leak)
        check_not_negative("noise", self.noise)
        check_not_negative("jitter", self.jitter)
        check_finite("threshold_shift", self.threshold_shift)

    @property
    def input_shape(self) -> tuple[int]:
        """Shape of what it takes in a step."""
        return (self.decoder.shape[0],)

    @property
    def neurons(self) -> int:
        return self.decoder.shape[1]

    @property
    def reset(self) -> Float[Array, " neuron"]:
        """What a neuron's own spike takes from its membrane: |Gamma_i|^2."""
        return jnp.sum(self.decoder * self.decoder, axis=0)

    @property
    def threshold(self) -> Float[Array, " neuron"]:
        return self.reset / 2 + self.threshold_shift

    def check(self, dt):
        self.inhibition.check(dt)

    def init(self, key):
        """Membranes from the packet that noise and leak make in _AGE, its top less than one reset below threshold."""
        spread_key, phase_key, readout_key = jax.random.split(key, 3)
        z = jax.random.normal(spread_key, (self.neurons,), self.decoder.dtype)
        width = jnp.hypot(innovation_scale(self.leak, self.noise, jnp.asarray(_AGE, z.dtype)), self.jitter * self.reset)
        if self.decoder.shape[0] == 1:
            phase = jax.random.uniform(phase_key, (), z.dtype)
            v = self.threshold - self.reset * phase - width * (jnp.max(z) - z)
        else:
            v = jnp.minimum(self.threshold, width * z)
        return BalancedState(v, self.inhibition.init(), self.readout.init(readout_key))

    def draw(self, stream, steps):
        membrane = self.membrane_noise.draw(stream, steps, (self.neurons,))
        if isinstance(self.inhibition, Delayed) and self.inhibition.draws:
            return BalancedNoise(membrane, self.inhibition.draw(stream, steps, (self.neurons,)))
        return membrane

    def _membrane(self, state, drive, tick: Tick):
        v, inhibition = state
        membrane, chance = tick.noise if isinstance(tick.noise, BalancedNoise) else (tick.noise, ())
        inhibition, firing = self.inhibition.fire(inhibition, v, self, tick._replace(noise=chance))
        moved = project(self.decoder, integral(self.leak, tick.dt) * drive - firing.later)
        kick = self.membrane_noise.innovation(membrane, self.leak, self.noise, tick.dt)
        after = decay(self.leak, tick.dt) * (v - firing.now) + moved + kick + firing.own
        return (after, inhibition), (firing, v)

    def step(self, state: BalancedState, x: Float[Array, " signal"], tick: Tick):
        (v, inhibition), (firing, before) = self._membrane(state[:2], x, tick)
        readout, error = self.readout.step(state.readout, (x, firing.decoded), tick._replace(noise=()))
        return BalancedState(v, inhibition, readout), _emission(firing, before, error)

    def unroll(self, state: BalancedState, xs: Float[Array, "time signal"], span: Span):
        (v, inhibition), (firing, before) = span.each(self._membrane, state[:2], xs)
        readout, error = self.readout.unroll(state.readout, (xs, firing.decoded), span.part(()))
        return BalancedState(v, inhibition, readout), _emission(firing, before, error)


def _emission(firing, v, error) -> Emission:
    return Emission(firing.spikes, v, firing.decoded, firing.count, firing.left, firing.arrived, error)
