"""The frozen set: spikes counted in frames, one compressed file, and a manifest that says of each utterance what it is.

data = load()
data["train"]["frames"]     uint8 [sample, 96, 140], spikes of a channel (0: highest tones) in a frame of 10 ms
data["train"]["labels"]     0 to 9 English digits, 10 to 19 German ones
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from jaxsnn.core import require

from .speech import WORDS
from .voices import FLITE, SEED, SPLITS, Utterance

HERE = Path(__file__).parent
DATA, MANIFEST = HERE / "spoken_digits.npz", HERE / "manifest.json"
LICENCE = (
    "The counts were made by running espeak-ng, flite and the ear in this folder; no sound and no data of these "
    "programs is stored. As Debian's copyright files state, espeak-ng is under GPL-3.0-or-later, flite under "
    "permissive licences of Carnegie Mellon University and others. Neither file says anything on the output of "
    "the program. The counts and the ear are under the licence of this repository."
)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def manifest(path: Path = MANIFEST) -> dict[str, Any]:
    """What is known of the set: versions, seed, hash, and a column per property of an utterance."""
    return json.loads(path.read_text())


@cache
def _arrays(data: Path, expected: str) -> tuple[np.ndarray, np.ndarray]:
    remedy = "restore the file from the repository, or make it again: python -m experiments.spoken_digits.generate"
    require(data.is_file(), "spoken digits", str(data), "is not there", remedy)
    found = sha256(data)
    require(found == expected, f"sha256 of {data.name}", found, f"must be {expected}, as in the manifest", remedy)
    with np.load(data) as file:
        return file["frames"], file["length"]


def load(data: Path = DATA, about: Path = MANIFEST) -> dict[str, dict[str, np.ndarray]]:
    """The arrays of every split, by name (`train`, `validation`, `test`, `accent`, `flite`).

    Each has frames [sample, time, channel] uint8, labels [sample], mask [sample, time] bool (the utterance and 120 ms
    after it), voice [sample] (a place in `manifest()["speakers"]`), word [sample], language [sample] (`en`, `de`),
    accent [sample] (espeak-ng's name of it), repetition [sample]. Raises ValueError if the file is not the one that the
    manifest describes.
    """
    told = manifest(about)
    frames, length = _arrays(data, told["sha256"])
    columns = {name: np.array(values) for name, values in told["utterances"].items()}
    words, accents = np.array(WORDS), np.array(told["accents"])
    found = {}
    for place, split in enumerate(told["splits"]):
        own = np.flatnonzero(columns["split"] == place)
        labels = columns["label"][own].astype(np.int32)
        found[split] = {
            "frames": frames[own],
            "labels": labels,
            "mask": np.arange(frames.shape[1]) < length[own, None],
            "voice": columns["speaker"][own].astype(np.int32),
            "word": words[labels],
            "language": np.where(labels < 10, "en", "de"),
            "accent": accents[columns["accent"][own]],
            "repetition": columns["repetition"][own].astype(np.int32),
        }
    return found


def freeze(pieces: list[tuple[list[Utterance], Path]], data: Path = DATA, about: Path = MANIFEST) -> None:
    """Write the file and its manifest from the pieces that exist."""
    import jax

    from .ear import DEFAULT, GAIN
    from .speech import version

    there = [(utterances, dict(np.load(path))) for utterances, path in pieces if path.exists()]
    require(bool(there), "pieces", 0, "none is there", "run the generator first")
    utterances = [u for some, _ in there for u in some]
    joined = {name: np.concatenate([piece[name] for _, piece in there]) for name in there[0][1]}
    np.savez_compressed(data, frames=joined["frames"], length=joined["length"])
    speakers = sorted({u.speaker for u in utterances} - set(FLITE)) + list(FLITE)
    accents = sorted({u.voice for u in utterances})
    told = {
        "name": "SSD-20, synthetic spoken digits; not SHD, and not to be compared with it",
        "sha256": sha256(data),
        "seed": SEED,
        "versions": {
            "espeak-ng": version("espeak-ng"),
            "flite": version("flite"),
            "numpy": np.__version__,
            "jax": jax.__version__,
        },
        "ear": {**DEFAULT._asdict(), "gain": GAIN},
        "licence": LICENCE,
        "complete": len(there) == len(pieces),
        "splits": list(SPLITS),
        "speakers": speakers,
        "accents": accents,
        "utterances": {
            "split": [SPLITS.index(u.split) for u in utterances],
            "speaker": [speakers.index(u.speaker) for u in utterances],
            "accent": [accents.index(u.voice) for u in utterances],
            "label": [u.label for u in utterances],
            "repetition": [u.repetition for u in utterances],
            "speed": joined["speed"].tolist(),
            "pitch": [u.pitch for u in utterances],
            "samples": joined["samples"].tolist(),
            "sound": joined["sound"].tolist(),
        },
    }
    told["utterances"]["speed"] = [int(v) if v == int(v) else v for v in told["utterances"]["speed"]]
    lines = json.dumps({k: v for k, v in told.items() if k != "utterances"}, indent=1)[:-2]
    columns = ",\n".join(f'  "{k}": {json.dumps(v, separators=(",", ":"))}' for k, v in told["utterances"].items())
    about.write_text(f'{lines},\n "utterances": {{\n{columns}\n }}\n}}\n')
