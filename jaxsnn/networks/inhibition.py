"""Who fires in a step of a balanced network, and when the others feel it.

The population is described by its decoder Gamma [signal, neuron] and thresholds; a spike of neuron j moves neuron i by
-Gamma_i . Gamma_j. Three rules, one interface, `fire(state, v, network, tick) -> (state, Firing)`:

    Delayed      everybody above threshold fires; own reset at once, everybody else after the delay
    Sequential   no delay: the neuron furthest above threshold fires, all feel it, look again
    Simultaneous no delay, but everybody above threshold fires together: WRONG by an amount that shrinks only with dt,
                 because the step itself acts as a delay. Here to be shown, not used.

`Firing.now` is taken from the membrane at once and leaks with it during the step, `Firing.later` arrives at its end.
"""

import functools
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from ..core import check_kind, check_positive, check_size, copied_last, param, require, when_known
from ..delays import FloatHistory, PackedHistory, decode, in_steps
from ..gradients import FastSigmoid, LogProb, SpikeRule, Surrogate, emit, threshold, undifferentiable


class Firing(NamedTuple):
    spikes: Float[Array, " neuron"]  # 0/1; a count under sequential firing
    decoded: Float[Array, " signal"]  # decoder @ spikes
    count: Float[Array, ""]  # spikes in this step
    left: Float[Array, ""]  # neurons still above threshold, that fire in the next step
    arrived: Float[Array, ""]  # spikes whose inhibition arrives at the end of this step
    now: Float[Array, " neuron"]
    later: Float[Array, " signal"]  # decoded: a neuron loses its projection
    own: Float[Array, " neuron"] | float  # what of that is of its own spikes, which have acted already


def project(decoder: Float[Array, "signal neuron"], signal: Float[Array, " signal"]) -> Float[Array, " neuron"]:
    # signal by signal: a sum over so short an axis takes longer than everything else in a step
    terms = [row * copied_last(of, row.size) for row, of in zip(decoder, signal, strict=True)]
    return functools.reduce(jnp.add, terms)


_SPIKES = 0xFFFFFFFF  # slot of the stream from which a rule draws: the network's own draws take the numbers of steps


class Scored(NamedTuple):
    """State of `Delayed` with a rule in score mode; otherwise it is the ring alone."""

    ring: PyTree
    log_prob: LogProb


class Delayed(eqx.Module):
    """Own reset at once, inhibition of all others after `delay`. The rule may fire by chance: it has its own draw."""

    delay: Float[Array, ""] = param()  # in the time unit of dt
    history: FloatHistory | PackedHistory
    spike: SpikeRule = eqx.field(default_factory=FastSigmoid, kw_only=True)

    def __check_init__(self):
        check_positive("Delayed.delay", self.delay, "for no delay use Sequential()")
        require(
            self.delay.shape == (), "Delayed.delay.shape", self.delay.shape, "must be ()", "vmap over several delays"
        )
        check_kind("Delayed.spike", self.spike, SpikeRule, "FastSigmoid()")
        require(
            self.spike.mode != "score" or isinstance(self.history, FloatHistory),
            "Delayed.history",
            type(self.history).__name__,
            "has no gradients, which a rule in score mode is for",
            "take a FloatHistory (in homogeneous: gradients=True)",
        )
        placement = getattr(self.spike, "placement", "escape")
        require(
            placement == "escape",
            "Delayed.spike.placement",
            placement,
            'must be "escape": a balanced network has membrane noise of its own',
            "pass noise=... to the network, or leave the placement out",
        )

    def check(self, dt: float) -> None:
        """A delay outside [dt, max_delay dt] would read a stale slot of the ring."""

        def fits(delay):
            steps = float(delay) / dt
            require(
                1 - 1e-4 <= steps <= self.history.max_delay + 1e-4,
                "delay",
                delay,
                f"is {steps:.4g} steps of dt = {dt:.4g}, must lie between 1 and max_delay = {self.history.max_delay}",
                "raise max_delay, or choose another dt",
            )
            whole = isinstance(self.history, FloatHistory) or abs(steps - round(steps)) < 1e-3
            require(
                whole,
                "delay",
                delay,
                f"is {steps:.6g} steps of dt = {dt:.4g}, the packed history needs a whole number",
                "take dt = delay / steps, or a FloatHistory with the linear kernel",
            )

        when_known(fits, self.delay)

    def init(self) -> PyTree:
        ring, log_prob = self.history.make(), self.spike.begin((self.history.neurons,))
        return Scored(ring, log_prob) if isinstance(log_prob, LogProb) else ring

    @property
    def draws(self) -> bool:
        """Whether the rule fires by chance."""
        return type(self.spike).draw is not SpikeRule.draw

    def draw(self, stream: Array, steps: Int[Array, " time"], shape: tuple[int, ...]) -> PyTree:
        """What the rule draws, apart from the network's membrane noise."""
        return self.spike.draw(jax.random.fold_in(stream, _SPIKES), steps, shape)

    def fire(self, state, v, network, tick) -> tuple[PyTree, Firing]:
        decoder, reset = network.decoder, network.reset
        ring, log_prob = state if isinstance(state, Scored) else (state, ())
        delay = self.delay
        if isinstance(self.history, PackedHistory):
            delay, v = undifferentiable((delay, v), "take a FloatHistory (in homogeneous: gradients=True)")
            if type(self.spike).fire is Surrogate.fire:  # the difference would be taken anew for each who reads them
                spikes = (v >= network.threshold).astype(v.dtype)
            else:
                spikes = self.spike.at(tick.dt).fire(v - network.threshold, tick.noise)
        else:
            _, spikes, log_prob = emit(self.spike, v, network.threshold, log_prob, tick)
        delay_steps = in_steps(delay, tick.dt)
        exchanged = self.history.exchange(ring, tick.index, decoder, spikes, delay_steps, self.spike.mode)
        ring, decoded, count, past = exchanged
        left, now, own = jnp.zeros_like(count), reset * spikes, reset * past.own
        firing = Firing(spikes, decoded, count, left, past.count, now, past.decoded, own)
        return Scored(ring, log_prob) if isinstance(state, Scored) else ring, firing


class Sequential(eqx.Module):
    """No delay, one spike after the other.

    equal: all weights are equal (static), so that everybody is moved alike and the number of spikes of the top neuron
        is known in closed form, k = floor((v_max - threshold) / reset) + 1. Otherwise `passes` spikes at most in a
        step; what is `left` above threshold fires in the next step.
    """

    equal: bool = eqx.field(static=True, default=False)
    passes: int = eqx.field(static=True, default=4)

    def __check_init__(self):
        check_size("Sequential.passes", self.passes)

    def check(self, dt: float) -> None:
        del dt

    def init(self) -> PyTree:
        return ()

    def fire(self, state, v, network, tick) -> tuple[PyTree, Firing]:
        del tick
        top = lambda u: jax.nn.one_hot(jnp.argmax(u), u.shape[0], dtype=u.dtype)
        if self.equal:
            weight, reset, edge = network.decoder[0, 0], network.reset[0], network.threshold[0]
            k = jnp.maximum(0.0, jnp.floor((jnp.max(v) - edge) / reset) + 1).astype(v.dtype)
            spikes = k * top(v)
            now = jnp.broadcast_to(reset * k, v.shape)
            decoded = (weight * k)[None]
            return state, Firing(spikes, decoded, k, jnp.zeros_like(k), k, now, jnp.zeros_like(decoded), 0.0)
        spikes = jnp.zeros_like(v)
        moved = jnp.zeros_like(v)
        for _ in range(self.passes):
            u = v - moved - network.threshold
            fired = top(u) * threshold(jnp.max(u))
            moved = moved + project(network.decoder, decode(network.decoder, fired))
            spikes = spikes + fired
        total = jnp.sum(spikes)
        left = jnp.sum(threshold(v - moved - network.threshold))
        decoded = decode(network.decoder, spikes)
        return state, Firing(spikes, decoded, total, left, total, moved, jnp.zeros_like(decoded), 0.0)


class Simultaneous(eqx.Module):
    """No delay, all above threshold at once: the step acts as a delay, and the coding error depends on dt."""

    def check(self, dt: float) -> None:
        del dt

    def init(self) -> PyTree:
        return ()

    def fire(self, state, v, network, tick) -> tuple[PyTree, Firing]:
        del tick
        spikes = (v >= network.threshold).astype(v.dtype)
        decoded = decode(network.decoder, spikes)
        total = jnp.sum(spikes)
        now, later = project(network.decoder, decoded), jnp.zeros_like(decoded)
        return state, Firing(spikes, decoded, total, jnp.zeros_like(total), total, now, later, 0.0)
