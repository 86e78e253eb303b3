"""Google Speech Commands, version 2: folders of wav files, `<word>/<speaker>_nohash_<number>.wav`, 16 kHz, at most 1 s.

`validation_list.txt` and `testing_list.txt` name the files of these splits, one a line; all others are for training.
`_background_noise_` is no word. `log_mel` (see `mel`) makes of a second of sound what DCLS trains on.
"""

import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32

from ._say import MissingData, damaged, existing, one_of, reading

LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
_WORDS = """backward bed bird cat dog down eight five follow forward four go happy house learn left marvin nine no off
    on one right seven sheila six stop three tree two up visual wow yes zero"""
WORDS = tuple(_WORDS.split())


class SpokenWords(NamedTuple):
    """Files of one split, sorted; label: number of the word in `words`."""

    path: tuple[Path, ...]
    label: Int32[np.ndarray, " sample"]
    speaker: tuple[str, ...]
    words: tuple[str, ...]


def speech_command_files(folder: Path | str, split: str = "train", words: tuple[str, ...] = WORDS) -> SpokenWords:
    """The files of one split: "train", "validation" or "test". folder: what `find("speech-commands")` gives."""
    one_of("split", split, ("train", *LISTS))
    folder = Path(folder)
    listed = {name: _listed(folder / file) for name, file in LISTS.items()}
    both = listed["validation"] & listed["test"]
    if both:
        damaged(folder, f"{min(both)} is in both lists")
    present = {f"{word}/{path.name}" for word in words for path in (folder / word).glob("*.wav")}
    named = {name for name in set().union(*listed.values()) if name.split("/")[0] in words}
    absent = sorted((named if split == "train" else named & listed[split]) - present)
    if absent:
        damaged(folder, f"lacks {absent[0]}, and {len(absent) - 1} more of the files that its lists name")
    chosen = sorted(present - named if split == "train" else present & listed[split])
    if not chosen:
        raise MissingData(
            f"{folder}: holds no wav files for the split {split!r}; unpack the set, or pass another folder"
        )
    label = np.asarray([words.index(name.split("/")[0]) for name in chosen], np.int32)
    speaker = tuple(name.split("/")[1].split("_")[0] for name in chosen)
    return SpokenWords(tuple(folder / name for name in chosen), label, speaker, tuple(words))


def _listed(path: Path) -> set[str]:
    return {line.strip() for line in existing(path).read_text().splitlines() if line.strip()}


def read_wav(path: Path | str) -> tuple[Float32[np.ndarray, " sample"], int]:
    """Sound in [-1, 1) and its rate in Hz, from an uncompressed wav file, mono, 16 bits."""
    path = existing(path)
    with reading(path, wave.Error, RuntimeError), wave.open(str(path), "rb") as file:
        form = file.getnchannels(), file.getsampwidth()
        claimed, rate, raw = file.getnframes(), file.getframerate(), file.readframes(path.stat().st_size)
    if form != (1, 2):
        damaged(path, f"has {form[0]} channels of {8 * form[1]} bits, not one of 16")
    if len(raw) != 2 * claimed:
        damaged(path, f"should hold {claimed} samples and ends after {len(raw) // 2}")
    if claimed == 0:
        damaged(path, "holds no sound")
    return np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(32768), rate
