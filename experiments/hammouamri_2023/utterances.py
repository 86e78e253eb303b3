"""What the networks are trained on: frames of spike counts with a label, and the voice that spoke them.

    spoken digits   SSD-20, synthetic spoken digits (`experiments.spoken_digits`): voices of training, validation and
                    test are different; two more sets are only tested on, a held-out accent and another synthesiser
    bursts          patterns of bursts that only their timing tells apart (`jaxsnn.data.Bursts`), for tests; "voices"
                    there are arbitrary groups of samples
    shd, ssc        the published sets, where their files are (`jaxsnn.data.find`): windows of 10 ms, five channels
                    summed, counts not clipped. Every fifth training speaker of SHD is for validation; SSC has a
                    validation set, and no speakers

SSD-20 is not the Spiking Heidelberg Digits (SHD): no number of the one may stand beside one of the other.
"""

from functools import lru_cache
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Int, UInt8

from jaxsnn.core import require
from jaxsnn.data import Bursts, find, open_spoken, padded

SETS = ("spoken digits", "bursts", "shd", "ssc")
MORE = 12  # empty frames behind the longest sample of a published set, for what is delayed


class Split(NamedTuple):
    """voice: numbered from 0 within the split."""

    frames: UInt8[np.ndarray, "sample time channel"]
    label: Int[np.ndarray, " sample"]
    voice: Int[np.ndarray, " sample"]

    @property
    def voices(self) -> int:
        return int(self.voice.max()) + 1

    def part(self, samples: int) -> "Split":
        """Chosen at random, always the same; 0: all."""
        if not 0 < samples < len(self.label):
            return self
        chosen = np.sort(np.random.default_rng(6).permutation(len(self.label))[:samples])
        return Split(*(column[chosen] for column in self))


@lru_cache(maxsize=2)
def splits(name: str) -> dict[str, Split]:
    """train, validation and test, and what else there is to test on. Raises ValueError for an unknown set."""
    require(name in SETS, "data", name, f"must be one of {SETS}", "pass one of them")
    if name in ("shd", "ssc"):
        return _published(name)
    return _bursts() if name == "bursts" else _spoken()


def _bursts() -> dict[str, Split]:
    task = Bursts(classes=4, channels=8, stretch=2, wander=6, margin=4)

    def made(number: int, samples: int) -> Split:
        drawn = task.draw(jax.random.key(number), samples, jitter=0.5)
        return Split(np.asarray(drawn.x), np.asarray(drawn.label), np.arange(samples) % 4)

    return {"train": made(0, 256), "validation": made(1, 64), "test": made(2, 64)}


def _numbered(voice: np.ndarray) -> np.ndarray:
    return np.unique(voice, return_inverse=True)[1].astype(np.int32)


def _spoken() -> dict[str, Split]:
    from experiments.spoken_digits import load

    return {name: Split(found["frames"], found["labels"], _numbered(found["voice"])) for name, found in load().items()}


def _published(name: str) -> dict[str, Split]:
    folder, files = find(name), {}
    for split in ("train", "test") if name == "shd" else ("train", "valid", "test"):
        with open_spoken(folder, split) as file:
            voice = np.zeros(len(file), np.int32) if file.speaker is None else file.speaker
            files[split] = file.frames().x, file.label, voice
    steps = max(frames.shape[1] for frames, _, _ in files.values()) + MORE
    whole = {key: (padded(list(frames), steps).x, *rest) for key, (frames, *rest) in files.items()}
    if name == "shd":
        frames, label, voice = whole["train"]
        held_out = np.isin(voice, np.unique(voice)[::5])
        whole["train"], whole["valid"] = (
            (frames[which], label[which], voice[which]) for which in (~held_out, held_out)
        )
    named = {"train": "train", "validation": "valid", "test": "test"}
    numbered = lambda frames, label, voice: Split(frames, label, _numbered(voice))
    return {key: numbered(*whole[file]) for key, file in named.items()}


def classes(found: dict[str, Split]) -> int:
    return int(found["train"].label.max()) + 1
