"""Words spoken by two synthesisers, espeak-ng and flite: programs of their own, needed by the generator only."""

import io
import shutil
import subprocess
import wave
from functools import cache
from math import gcd

import numpy as np
from jaxtyping import Float

from jaxsnn.core import require

ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
GERMAN = ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
WORDS = ENGLISH + GERMAN  # a label is a place in this list
RATE = 22050  # Hz, of every sound here


@cache
def program(name: str) -> str:
    """Where the synthesiser is; raises ValueError with the line that installs it."""
    found = shutil.which(name)
    require(
        found is not None, "synthesiser", name, "is not on the path", f"apt-get install {name}, or use the frozen set"
    )
    return str(found)


@cache
def version(name: str) -> str:
    """What the synthesiser says of itself, without the folder of its data."""
    order = [program(name), "--version"]
    text = subprocess.run(order, capture_output=True, text=True, check=False).stdout
    told = next(line for line in text.splitlines() if any(sign.isdigit() for sign in line) and "Copyright" not in line)
    return told.split("  Data at")[0].strip().removeprefix("version: ")


def espeak(word: str, voice: str, variant: str, speed: int, pitch: int) -> Float[np.ndarray, " sample"]:
    """One word. voice: accent or language (`en-us`); variant: the speaker; speed: words a minute; pitch: 0 to 99."""
    order = [
        program("espeak-ng"),
        "-v",
        f"{voice}+{variant}",
        "-s",
        str(speed),
        "-p",
        str(pitch),
        "-b",
        "1",
        "--stdout",
    ]
    return read_wave(subprocess.run([*order, word], capture_output=True, check=True).stdout)


def flite(word: str, voice: str, stretch: float) -> Float[np.ndarray, " sample"]:
    """One English word. stretch: of the durations, more is slower."""
    order = [program("flite"), "-voice", voice, "--setf", f"duration_stretch={stretch}", "-o", "/dev/stdout"]
    return read_wave(subprocess.run([*order, "-t", word], capture_output=True, check=True).stdout)


def read_wave(data: bytes) -> Float[np.ndarray, " sample"]:
    """Mono 16-bit samples of a WAV file in memory, at 22 050 Hz. A length that a pipe could not know is ignored."""
    start = data.find(b"data") + 8
    with wave.open(io.BytesIO(data)) as file:
        rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
    require((width, channels) == (2, 1), "wave format", (width, channels), "must be (2, 1)", "make it mono, 16 bit")
    body = data[start : start + (len(data) - start) // 2 * 2]
    return resampled(np.frombuffer(body, "<i2").astype(np.float64), rate)


def resampled(sound: Float[np.ndarray, " sample"], rate: int, to: int = RATE) -> Float[np.ndarray, " sample"]:
    """The sound at another rate, band-limited, by Fourier transform; ends are padded so that nothing wraps around."""
    if rate == to or sound.size == 0:
        return sound
    up, down = to // gcd(to, rate), rate // gcd(to, rate)
    size = -(-(sound.size + rate // 50) // down) * down
    spectrum = np.fft.rfft(sound, size)
    new = size // down * up
    out = np.zeros(new // 2 + 1, complex)
    kept = min(spectrum.size, out.size)
    out[:kept] = spectrum[:kept]
    return np.fft.irfft(out, new)[: round(sound.size * to / rate)] * (new / size)


def trimmed(
    sound: Float[np.ndarray, " sample"], share: float = 0.02, margin: float = 0.01
) -> Float[np.ndarray, " sample"]:
    """Without what is quieter than `share` of the peak at both ends; `margin` seconds are kept."""
    loud = np.flatnonzero(np.abs(sound) > share * np.max(np.abs(sound), initial=0))
    if not loud.size:
        return sound[:0]
    edge = round(margin * RATE)
    return sound[max(loud[0] - edge, 0) : loud[-1] + edge + 1]
