"""The inner ear: from a sound to the spikes of bushy cells.

    sound -> basilar membrane (a filter bank) -> hair cell -> 40 fibres of the auditory nerve -> bushy cell

Behind the membrane the places of the cochlea know nothing of each other: a `Chain` of cells, each of one neuron a
channel, scanned over time; `listen` maps it over sounds. The bushy cell is a leaky integrate-and-fire neuron with an
exponential synaptic current,

    tau dv/dt = -v + i        tau_syn di/dt = -i        i -> i + tau w      at a spike of a fibre, w = 13000 / s / 40

with tau = 1 ms, tau_syn = 0.5 ms, refractory for 1 ms, threshold 1; here v is counted in units of tau w, so that the
threshold is 1 / (tau w) = 3.08. Times in ms, except where seconds are named.
"""

from functools import cache
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from jaxsnn import simulate
from jaxsnn.core import check_size, require
from jaxsnn.networks import Chain
from jaxsnn.neurons import RefractoryLIF
from jaxsnn.synapses import Exponential

from .hair_cell import HairCell
from .membrane import excite, filter_bank
from .nerve import AuditoryNerve

GAIN = 9.8  # from the membrane's velocity, for a sound of rms 1, to the hair cell's input; see `docs/spoken_digits.md`
DRIVE = 13000.0  # weight of all fibres together, 1 / s


class Settings(NamedTuple):
    """Static choices of a run of the ear."""

    channels: int = 140
    rate: int = 11025  # Hz, of the simulation; sounds come at twice this rate
    bank: int = 12288  # samples of the filter bank: 1.11 s
    frames: int = 96
    frame: float = 10.0  # ms
    block: int = 441  # steps computed at a time

    @property
    def dt(self) -> float:
        return 1000 / self.rate

    @property
    def steps(self) -> int:
        return round(self.frames * self.frame / self.dt)


DEFAULT = Settings()


def auditory_network(channels: int, fibres: int = 40, gain: float = GAIN) -> Chain:
    """Hair cells, nerves and bushy cells of all places: membrane velocity [time, channel] in, spikes out."""
    return Chain(
        HairCell(gain=gain, size=channels),
        AuditoryNerve(fibres=fibres, size=channels),
        Exponential(tau_syn=0.5, size=channels),
        RefractoryLIF(tau=1.0, threshold=1000 * fibres / DRIVE, refractory=1.0, size=channels),
    )


@cache
def bank_of(settings: Settings) -> np.ndarray:
    """The filter bank of these settings, complex64 [channel, frequency]; computed once."""
    return filter_bank(settings.channels, settings.bank, settings.rate).astype(np.complex64)


def prepared(
    sound: Float[np.ndarray, " sample"], rate: int = 22050, ramp: float = 0.01
) -> Float[np.ndarray, " sample"]:
    """The sound with rms 1 and Hann-shaped beginning and end of `ramp` seconds."""
    sound = np.asarray(sound, np.float64)
    check_size("samples of the sound", sound.size)
    rms = np.sqrt(np.mean(sound**2))
    require(bool(rms > 0), "rms of the sound", rms, "must be positive", "pass a sound that is not silent")
    edge = min(round(ramp * rate), sound.size // 2)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge) if edge else np.ones(0)
    shape = np.concatenate([rise, np.ones(sound.size - 2 * edge), rise[::-1]])
    return (sound / rms * shape).astype(np.float32)


@eqx.filter_jit
def listen(
    sounds: Float[Array, "sample time_in"],
    keys: Array,
    bank: Array,
    settings: Settings,
    network: Chain,
) -> Int[Array, "sample frame channel"]:
    """Spikes of the bushy cells, counted in frames.

    sounds: prepared, at twice `settings.rate`, zeros behind their end up to the length of the bank (2 * settings.bank).
    keys: one a sound. bank: `bank_of(settings)`. network: `auditory_network(settings.channels)`.
    """
    frame = np.minimum(np.arange(settings.steps) * settings.dt // settings.frame, settings.frames - 1).astype(np.int32)

    def one(sound, key):
        velocity = excite(bank, sound, settings.steps)
        _, spikes = simulate(network, velocity, dt=settings.dt, key=key, block=settings.block)
        return jax.ops.segment_sum(spikes, frame, num_segments=settings.frames).astype(jnp.uint8)

    return jax.vmap(one)(sounds, keys)


def padded(sounds: list[np.ndarray], settings: Settings) -> Float[np.ndarray, "sample time_in"]:
    """Prepared sounds of different lengths as one array; raises ValueError for one that is longer than the frames."""
    longest = 2 * settings.steps
    out = np.zeros((len(sounds), 2 * settings.bank), np.float32)
    for row, sound in zip(out, sounds, strict=True):
        allowed = f"must be at most {longest} ({settings.frames} frames)"
        require(sound.size <= longest, "samples of the sound", sound.size, allowed, "cut it, or speak faster")
        row[: sound.size] = sound
    return out
