"""Which espeak-ng variants are the same voice: correlation of log cochleagrams at one speed and pitch.

    python -m experiments.spoken_digits.likeness

lists the nearest pairs, and who is left out: the later of two above `voices.ALIKE`. The cochleagram is the power of the
basilar membrane in 70 channels and frames of 10 ms, of the same four words for all, so it knows the spectrum and the
timing of a voice but not its pitch, which the set varies anyway.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from jaxtyping import Float

from .ear import prepared
from .membrane import filter_bank
from .speech import espeak, trimmed
from .voices import ALIKE, EFFECTS

WORDS = (("en-us", "seven"), ("en-us", "one"), ("de", "sieben"), ("de", "zwei"))
_BANK, _RATE, _CHANNELS, _FRAME = 12288, 11025, 70, 110


def variants(folder: Path = Path("/usr/lib/x86_64-linux-gnu/espeak-ng-data/voices/!v")) -> list[str]:
    """Names of the variants installed, but for the effects."""
    return sorted({path.name for path in folder.iterdir()} - set(EFFECTS))


def cochleagram(sound: Float[np.ndarray, " sample"], bank: np.ndarray) -> Float[np.ndarray, "channel frame"]:
    """Log power of the membrane."""
    padded = np.zeros(2 * _BANK)
    padded[: sound.size] = prepared(sound)
    wave = np.fft.irfft(bank * np.fft.rfft(padded)[: bank.shape[1]], axis=1)[:, : 84 * _FRAME]
    return np.log((wave**2).reshape(_CHANNELS, 84, _FRAME).mean(2) + 1e-3)


def correlations(speakers: list[str]) -> Float[np.ndarray, "speaker speaker"]:
    """Of the cochleagrams of all words, after taking each speaker's mean away."""
    bank = filter_bank(_CHANNELS, _BANK, _RATE, grid=400)
    say = lambda speaker: [trimmed(espeak(word, voice, speaker, 165, 50))[:18000] for voice, word in WORDS]
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(say, speakers))
    rows = np.stack([np.concatenate([cochleagram(s, bank).ravel() for s in sounds]) for sounds in said])
    return np.corrcoef(rows)


def alike(speakers: list[str], matrix: Float[np.ndarray, "speaker speaker"], bound: float = ALIKE) -> list[str]:
    """Speakers who are too near to an earlier one that is kept."""
    kept: list[int] = []
    left: list[str] = []
    for row, speaker in enumerate(speakers):
        if kept and matrix[row, kept].max() > bound:
            left.append(speaker)
        else:
            kept.append(row)
    return left


def main() -> None:
    speakers = variants()
    matrix = correlations(speakers)
    upper = np.triu(matrix, 1)
    for i, j in np.argwhere(upper > ALIKE - 0.004):
        print(f"{speakers[i]:14} {speakers[j]:14} {upper[i, j]:.4f}")
    print("speakers:", len(speakers), speakers)
    print("left out:", alike(speakers, matrix))


if __name__ == "__main__":
    main()
