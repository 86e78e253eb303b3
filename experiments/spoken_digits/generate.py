"""Make the set: speak every utterance, let the ear hear it, keep the counts; in pieces, resuming.

    python -m experiments.spoken_digits.generate pieces/            # as often as it takes; --seconds 400 for a while
    python -m experiments.spoken_digits.generate pieces/ --freeze   # what is there, into the frozen file and manifest

Needs espeak-ng and flite. A piece is a file of 64 utterances. The noise of an utterance depends on the seed and on what
is said by whom, not on its place.
"""

import argparse
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np

from . import frozen
from .ear import DEFAULT, Settings, auditory_network, bank_of, listen, padded, prepared
from .speech import RATE, espeak, flite, trimmed
from .voices import SEED, Utterance, plan

PIECE = 64
BATCH = 16
TAIL = 12  # frames after the end of the sound in which the ear, and a network, may still answer
CLASSES = (48, 64, 80, 96)  # frames that a run of the ear may have


def spoken(utterance: Utterance, settings: Settings = DEFAULT) -> tuple[np.ndarray, Utterance]:
    """The sound without silence, and the utterance as it was spoken: faster in steps of 5 % if it was too long."""
    longest = round((settings.frames - TAIL) * settings.frame * RATE / 1000)
    for _ in range(20):
        if utterance.voice == "flite":
            sound = flite(utterance.word, utterance.speaker, utterance.speed)
            faster = utterance._replace(speed=round(utterance.speed / 1.05, 3))
        else:
            speed = int(utterance.speed)
            sound = espeak(utterance.word, utterance.voice, utterance.speaker, speed, utterance.pitch)
            faster = utterance._replace(speed=round(speed * 1.05))
        sound = trimmed(sound)
        if 0 < sound.size <= longest:
            return sound, utterance
        utterance = faster
    raise ValueError(f"{utterance}: {sound.size} samples, must be 1 to {longest}; leave the speaker out")


def noise_key(utterance: Utterance, seed: int = SEED) -> jax.Array:
    """The key of an utterance's noise in the ear."""
    words = np.random.SeedSequence([seed, *utterance.number, 1]).generate_state(2)
    return jax.random.wrap_key_data(np.asarray(words, np.uint32))


def lasting(sound: np.ndarray, settings: Settings = DEFAULT) -> int:
    """Frames of the utterance with its tail."""
    return min(int(np.ceil(sound.size / RATE * 1000 / settings.frame)) + TAIL, settings.frames)


def heard(sounds: list[np.ndarray], keys: list[jax.Array], settings: Settings = DEFAULT) -> np.ndarray:
    """Counts of all sounds [sound, frame, channel], zero after their tails; runs of the ear in batches of one size."""
    bank, network = bank_of(settings), auditory_network(settings.channels)
    lengths = np.array([lasting(sound, settings) for sound in sounds])
    counts = np.zeros((len(sounds), settings.frames, settings.channels), np.uint8)
    kinds = np.array([next(c for c in CLASSES if c >= length) for length in lengths])
    for kind in np.unique(kinds):
        own = np.flatnonzero(kinds == kind)
        for start in range(0, own.size, BATCH):
            rows = own[start : start + BATCH]
            rows = np.concatenate([rows, np.full(BATCH - rows.size, rows[0])])
            short = settings._replace(frames=int(kind))
            found = listen(
                padded([prepared(sounds[row]) for row in rows], short),
                jax.numpy.stack([keys[row] for row in rows]),
                bank,
                short,
                network,
            )
            counts[rows, :kind] = np.asarray(found)
    counts[np.arange(settings.frames) >= lengths[:, None]] = 0
    return counts


def make_piece(utterances: list[Utterance]) -> dict[str, np.ndarray]:
    """Counts of these utterances, and what the manifest says of each."""
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(spoken, utterances))
    sounds = [sound for sound, _ in said]
    return {
        "frames": heard(sounds, [noise_key(u) for u in utterances]),
        "length": np.array([lasting(sound) for sound in sounds], np.uint8),
        "samples": np.array([sound.size for sound in sounds], np.int32),
        "speed": np.array([u.speed for _, u in said], float),
        "sound": np.array([sound_hash(sound) for sound in sounds]),
    }


def sound_hash(sound: np.ndarray) -> str:
    """Of the trimmed sound, in 16-bit samples."""
    return hashlib.sha256(np.round(sound).astype("<i2").tobytes()).hexdigest()[:8]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pieces", type=Path)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after the piece in which this passes")
    parser.add_argument("--freeze", action="store_true", help="write the frozen file from the pieces that exist")
    given = parser.parse_args()
    everything, began = plan(), time.time()
    given.pieces.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(everything), PIECE)
    if given.freeze:
        frozen.freeze([(everything[s : s + PIECE], given.pieces / f"{s:05d}.npz") for s in starts])
        return
    for start in starts:
        path = given.pieces / f"{start:05d}.npz"
        if path.exists():
            continue
        piece = make_piece(everything[start : start + PIECE])
        half = path.with_suffix(".part.npz")
        np.savez_compressed(half, **piece)
        half.rename(path)
        print(f"{start + PIECE} of {len(everything)}, {time.time() - began:.0f} s", flush=True)
        if time.time() - began > given.seconds:
            return


if __name__ == "__main__":
    main()
