"""What `lauscher`, the program behind the SHD data, hears: counts of spikes by channel and by time, at 70 channels.

What tests/spoken_digits/test_lauscher.py compares with. A script of its own, not part of the test suite. To make the
recording again (minutes; needs espeak-ng for the words), from the checkout:

    python3.11 -m venv ear && ear/bin/pip install lauscher==1.0.1 numpy==2.4.6
    ear/bin/python tests/spoken_digits/lauscher.py

Only numbers that it computed are here, nothing of the program, which is under LGPL-2.1. The words are two of espeak-ng,
stored with the numbers so that our ear can hear the same; the tones last 150 ms.
"""

import base64
import json
import subprocess
import sys
import tempfile
import wave
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np

RATE, CHANNELS = 22050, 70
WORDS = {"seven": "en-us", "sieben": "de"}
TONES = (150, 300, 600, 1200, 2400, 4800)


def tone(frequency):
    time = np.arange(int(0.15 * RATE)) / RATE
    return (20000 * np.sin(2 * np.pi * frequency * time)).astype("<i2")


def word(text, voice):
    order = ["espeak-ng", "-v", voice, "-b", "1", "--stdout", text]
    data = subprocess.run(order, capture_output=True, check=True).stdout
    return np.frombuffer(data[data.find(b"data") + 8 :], "<i2")


def heard(samples, folder):
    """Spikes by channel, and by frame of 10 ms."""
    source, target = folder / "in.wav", folder / "out.npz"
    with wave.open(str(source), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    program = Path(sys.executable).with_name("lauscher")
    subprocess.run([program, source, target, "--num_channels", str(CHANNELS), "-j", "1"], check=True)
    time, channel = np.load(target)["arr_0"]
    return {
        "channels": np.bincount(channel.astype(int), minlength=CHANNELS).tolist(),
        "frames": np.bincount((time * 100).astype(int), minlength=96).tolist(),
    }


def main():
    sounds = {text: word(text, voice) for text, voice in WORDS.items()}
    sounds |= {f"{frequency} Hz": tone(frequency) for frequency in TONES}
    found = {"versions": {"lauscher": version("lauscher"), "numpy": np.__version__}, "sounds": {}}
    with tempfile.TemporaryDirectory() as folder:
        for name, samples in sounds.items():
            found["sounds"][name] = heard(samples, Path(folder))
            if name in WORDS:
                packed = base64.b64encode(zlib.compress(samples.tobytes(), 9)).decode()
                found["sounds"][name]["samples"] = packed
            print(name, sum(found["sounds"][name]["channels"]), flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
