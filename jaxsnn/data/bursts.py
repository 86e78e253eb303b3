"""Burst patterns that only delays can tell apart: a task whose optimal delays are known in closed form.

Every channel sends one burst in every sample, so that counts say nothing. In class c the burst of channel j begins
`offset[c, j]` steps after an onset that is drawn at random and is the same for all channels:

    offset[c, j] = stretch ((c + 1) j mod p)         c = 0 ... classes - 1, j = 0 ... channels - 1

with p the smallest prime that is at least `channels` and above `classes` (a prime code). Delays

    delay[c, j] = longest - offset[c, j],            longest = max offset

bring the n bursts of class c together, at step onset + longest; so does any other shift that is common to the channels
of a class. In another class c' burst j arrives offset[c', j] - offset[c, j] later. These numbers are all different,
because (c' - c) j mod p are, so that of bursts of b spikes at most b / stretch, rounded up, meet in one step, and a
threshold between that and n solves the task without error while there is no jitter.

The onset wanders, so that a channel alone tells the class only by its first and last possible steps.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int, Real, UInt8

from ._say import need, size_of


class BurstSample(NamedTuple):
    """x: spike counts."""

    x: UInt8[Array, "sample time channel"]
    label: Int[Array, " sample"]
    onset: Int[Array, " sample"]  # steps


def _prime(least: int) -> int:
    while any(least % factor == 0 for factor in range(2, int(least**0.5) + 1)):
        least += 1
    return least


@dataclass(frozen=True)
class Bursts:
    """The task; times in steps. Two with the same numbers are the same task, and nothing about it is drawn."""

    classes: int = 4
    channels: int = 8
    spikes: int = 1  # in a burst, in consecutive steps
    stretch: int = 1  # steps to which the unit of the pattern is stretched; longer patterns need longer delays
    wander: int = 20  # the onset is uniform over this many steps
    margin: int = 8  # steps before the earliest onset and after the last spike, room for jitter

    def __post_init__(self):
        for name in ("classes", "channels", "spikes", "stretch", "wander"):
            size_of(f"Bursts.{name}", getattr(self, name))
        known = isinstance(self.margin, int) and self.margin >= 0
        need(known, "Bursts.margin", self.margin, "must be an integer, zero or more", "pass a number of steps")
        need(self.channels > 1, "Bursts.channels", self.channels, "must be at least 2", "one channel has no pattern")
        most = self.overlap
        remedy = "add channels, shorten the bursts or stretch the pattern"
        allowed = f"of these bursts {most} would meet in a wrong class, which must be fewer than the channels"
        need(most < self.channels, "Bursts.channels", self.channels, allowed, remedy)

    @cached_property
    def offset(self) -> Int[np.ndarray, "class channel"]:
        """When each burst begins, after the onset."""
        prime = _prime(max(self.channels, self.classes + 1, 2))
        code = np.outer(np.arange(1, self.classes + 1), np.arange(self.channels)) % prime
        return self.stretch * code

    @property
    def longest(self) -> int:
        """The longest offset; delays up to this are enough."""
        return int(self.offset.max())

    @property
    def delay(self) -> Int[np.ndarray, "class channel"]:
        """Optimal delays of a neuron for each class."""
        return self.longest - self.offset

    @property
    def steps(self) -> int:
        """Length of a sample: with the optimal delays every spike still arrives within it."""
        return 2 * self.margin + self.wander + self.longest + self.spikes - 1

    @property
    def overlap(self) -> int:
        """The most spikes that arrive in one step at the neuron of another class, without jitter."""
        arrival = self.delay[:, None] + self.offset[None]  # [neuron, class, channel]
        last = int(arrival.max()) + self.spikes
        meeting = [0]
        for neuron, label in zip(*np.nonzero(~np.eye(self.classes, dtype=bool)), strict=True):
            begun = np.bincount(arrival[neuron, label], minlength=last)
            meeting.append(int(np.convolve(begun, np.ones(self.spikes, int)).max()))
        return max(meeting)

    @property
    def threshold(self) -> float:
        """Of a neuron without memory, with unit weights and the optimal delays: in the middle of what is allowed."""
        return (self.channels + self.overlap) / 2

    def draw(
        self, key: Array, samples: int, jitter: float | Float[Array, ""] = 0.0, noise: float | Float[Array, ""] = 0.0
    ) -> BurstSample:
        """Samples in random order, of every class equally many (up to one).

        jitter: standard deviation, in steps, by which every spike is moved, rounded to steps; spikes stay within the
        sample. noise: probability of a spike more, in each step and channel. Both may be traced.
        """
        size_of("samples", samples)
        for name, value, most in (("jitter", jitter, float("inf")), ("noise", noise, 1.0)):
            fair = isinstance(value, Tracer) or 0 <= float(value) <= most
            need(fair, name, value, f"must lie in 0 to {most}", "pass steps for jitter, a probability for noise")
        return _drawn(self, key, samples, jnp.asarray(jitter, float), jnp.asarray(noise, float))

    def coincidences(self, x: UInt8[Any, "sample time channel"]) -> Int[Array, "sample time class"]:
        """Spikes that arrive in each step at the neuron of each class, through the optimal delays."""
        return _arriving(self, x)

    def decide(self, x: UInt8[Any, "sample time channel"], width: int = 1) -> Int[Array, " sample"]:
        """The class at whose neuron most spikes arrive within `width` steps: what the optimal delays can do.

        Of equals the first, as `argmax` has it.
        """
        return _decided(self, x, size_of("width", width))

    def misfit(self, delay: Real[Any, "class channel"]) -> Float[np.ndarray, " class"]:
        """Root mean square distance of known delays (steps) from the optimal ones, after the best common shift."""
        return np.std(np.asarray(delay, np.float64) - self.delay, axis=1)


# Compiled as wholes: operation by operation every task would compile some thirty small programs.
@partial(jax.jit, static_argnums=(0, 2))
def _drawn(task: Bursts, key: Array, samples: int, jitter: Array, noise: Array) -> BurstSample:
    order, starts, moves, more = jax.random.split(key, 4)
    label = jax.random.permutation(order, jnp.arange(samples, dtype=jnp.int32) % task.classes)
    onset = jax.random.randint(starts, (samples,), task.margin, task.margin + task.wander, dtype=jnp.int32)
    standard = jax.random.normal(moves, (samples, task.channels, task.spikes), jitter.dtype)
    begin = onset[:, None] + jnp.asarray(task.offset, jnp.int32)[label]
    place = begin[:, :, None] + jnp.arange(task.spikes, dtype=jnp.int32)[None, None]
    time = jnp.clip(place + jnp.round(jitter * standard).astype(jnp.int32), 0, task.steps - 1)
    sample, channel, _ = jnp.indices(time.shape, sparse=True)
    x = jnp.zeros((samples, task.steps, task.channels), jnp.uint8).at[sample, time, channel].add(jnp.uint8(1))
    stray = jax.random.uniform(more, x.shape, noise.dtype) < noise
    return BurstSample(x + stray.astype(jnp.uint8), label, onset)


@partial(jax.jit, static_argnums=0)
def _arriving(task: Bursts, x: Array) -> Array:
    early = jnp.pad(x.astype(jnp.int32), ((0, 0), (task.longest, 0), (0, 0)))
    time = jnp.arange(x.shape[1], dtype=jnp.int32)[:, None, None] + jnp.asarray(task.offset, jnp.int32)[None]
    channel = jnp.arange(task.channels, dtype=jnp.int32)[None, None]
    return jnp.sum(early[:, time, channel], axis=3)


@partial(jax.jit, static_argnums=(0, 2))
def _decided(task: Bursts, x: Array, width: int) -> Array:
    arriving = jnp.pad(_arriving(task, x), ((0, 0), (width, width - 1), (0, 0)))
    total = jnp.cumsum(arriving, axis=1)
    return jnp.argmax(jnp.max(total[:, width:] - total[:, :-width], axis=1), axis=1)


class SequenceDetection(NamedTuple):
    """Which of two inputs leads? Two inputs, two leaky integrators, unit weights (Meszaros, Knight & Nowotny 2025).

    The class is the output with the larger maximal membrane potential. Output k detects input k leading. Delays are
    [output, input]; those to start from are the worst, those at the end the best. Times in ms.
    """

    x: UInt8[np.ndarray, "sample time input"]
    label: Int[np.ndarray, " sample"]
    start: Float[np.ndarray, "output input"]
    optimal: Float[np.ndarray, "output input"]
    tau_mem: float = 10.0
    tau_syn: float = 5.0


def sequence_detection(lead: float = 10.0, dt: float = 1.0, duration: float = 100.0) -> SequenceDetection:
    """Both patterns: in sample k input k spikes at `lead` and the other input at twice that. Times in ms.

    duration: of a sample; the potentials have reached their maximum well before the default.
    """
    need(dt > 0, "dt", dt, "must be positive", "pass a step in ms")
    first = round(lead / dt)
    whole = first >= 1 and abs(first * dt - lead) <= 1e-9 * lead
    need(whole, "lead", lead, f"must be a positive multiple of dt = {dt}", "change one of the two")
    room = duration >= 5 * lead
    need(room, "duration", duration, f"must be at least five leads, {5 * lead}", "late spikes need time to arrive")
    x = np.zeros((2, round(duration / dt), 2), np.uint8)
    for sample in range(2):
        x[sample, first, sample] = 1
        x[sample, 2 * first, 1 - sample] = 1
    away = lead * (1 - np.eye(2))
    return SequenceDetection(x, np.arange(2), start=away, optimal=lead * np.eye(2))
