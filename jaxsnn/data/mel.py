"""Log-mel front end for spoken words, with the numbers that DCLS uses, kept for parity.

    16 kHz, 1 s -> 8 kHz -> power spectrogram (256 points, hop 80, periodic Hann, reflected ends) -> 140 mel bands
    -> 10 log10(max(power, 1e-10))                                    [101 frames of 10 ms, 140 bands]

    mel(f) = 2595 log10(1 + f / 700); bands are triangles in Hz with a height of one

The bands reach from 50 to 14000 Hz although sound sampled at 8 kHz ends at 4 kHz: the last 53 hold nothing, -100 dB in
every frame. Resampling is by a sinc of 6 zero crossings under a squared-cosine window, cut at 0.99 of the new Nyquist
frequency.
"""

import math
from typing import Any

import numpy as np
from jaxtyping import Float, Float32

from ._say import need, size_of

RATE, NEW_RATE, POINTS, HOP, BANDS, LOWEST, HIGHEST = 16000, 8000, 256, 80, 140, 50.0, 14000.0
CROSSINGS, ROLL_OFF, LEAST = 6, 0.99, 1e-10


def resample(sound: Float[np.ndarray, " sample"], rate: int, new_rate: int) -> Float[np.ndarray, " new"]:
    """Sound at another rate (Hz): ceil(len new_rate / rate) samples."""
    common = math.gcd(size_of("rate", rate), size_of("new_rate", new_rate))
    old, new = rate // common, new_rate // common
    cut = min(old, new) * ROLL_OFF
    width = math.ceil(CROSSINGS * old / cut)
    place = np.arange(-width, width + old)[None] / old - np.arange(new)[:, None] / new
    place = np.clip(place * cut, -CROSSINGS, CROSSINGS)
    kernel = np.sinc(place) * np.cos(place * np.pi / (2 * CROSSINGS)) ** 2 * cut / old
    wide = np.pad(np.asarray(sound, np.float64), (width, width + old))
    windows = np.lib.stride_tricks.sliding_window_view(wide, 2 * width + old)[::old]
    return (windows @ kernel.T).reshape(-1)[: math.ceil(len(sound) * new / old)]


def power_spectrogram(sound: Float[np.ndarray, " sample"], points: int, hop: int) -> Float[np.ndarray, "frame half"]:
    """|FFT|^2 under a periodic Hann window, centred on every `hop`-th sample; the ends are reflected."""
    need(len(sound) > points // 2, "sound", len(sound), f"must have more than {points // 2} samples", "pad it")
    wide = np.pad(np.asarray(sound, np.float64), points // 2, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(points) / points)
    frames = np.lib.stride_tricks.sliding_window_view(wide, points)[::hop]
    return np.abs(np.fft.rfft(frames * window)) ** 2


def mel_bands(
    bands: int = BANDS, points: int = POINTS, rate: int = NEW_RATE, lowest: float = LOWEST, highest: float = HIGHEST
) -> Float[np.ndarray, "half band"]:
    """Weight of each point of the spectrum in each band."""
    first, last = (2595 * math.log10(1 + hertz / 700) for hertz in (lowest, highest))
    mels = np.linspace(first, last, bands + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    spectrum = np.linspace(0, rate // 2, points // 2 + 1)[:, None]
    rising = (spectrum - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - spectrum) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rising, falling))


def log_mel(sound: Float[np.ndarray, " sample"], rate: int = RATE) -> Float32[np.ndarray, "frame band"]:
    """One second of sound as decibels [101, 140]; shorter sound is padded with silence, longer cut."""
    need(rate == RATE, "rate", rate, f"must be {RATE} Hz, for which these numbers are", "resample it first")
    second = np.zeros(RATE)
    second[: min(len(sound), RATE)] = sound[:RATE]
    power = power_spectrogram(resample(second, RATE, NEW_RATE), POINTS, HOP) @ mel_bands()
    return (10 * np.log10(np.maximum(power, LEAST))).astype(np.float32)


def log_mels(sounds: Any, rate: int = RATE) -> Float32[np.ndarray, "sample frame band"]:
    """`log_mel` of each of many."""
    return np.stack([log_mel(sound, rate) for sound in sounds])
