"""Still images: the IDX files of MNIST and Fashion-MNIST, and the 8 x 8 digits of scikit-learn.

    IDX, big-endian:  0 0 8 n      n = number of axes; 8 = unsigned bytes      (magic 2051 for images, 2049 for labels)
                      n sizes of 4 bytes each, then the bytes, last axis fastest

Files may be compressed by gzip. A file is read only as far as its header says, and refused if it holds less or more.
"""

import gzip
import math
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, UInt8

from ._say import MissingData, damaged, existing, extra, need, one_of, reading

SPLITS = {"train": "train", "test": "t10k"}
_DEFLATE = 1032  # no byte of a gzip file stands for more


class Images(NamedTuple):
    """Pixels as the file has them; scale and cast in the loss, so that a batch stays small."""

    x: UInt8[np.ndarray, "sample height width"]
    label: Int32[np.ndarray, " sample"]


def read_idx(path: Path | str, axes: int) -> np.ndarray:
    """The unsigned bytes of one IDX file with that many axes. Raises ValueError if the file is damaged or another."""
    path = existing(path)
    packed = path.read_bytes()[:2] == b"\x1f\x8b"
    room = path.stat().st_size * (_DEFLATE if packed else 1)
    with reading(path, gzip.BadGzipFile), gzip.open(path) if packed else path.open("rb") as file:
        header = file.read(4 + 4 * axes)
        magic, expected = header[:4], bytes([0, 0, 8, axes])
        if magic != expected:
            damaged(
                path, f"begins with {magic.hex(' ') or 'nothing'}, an IDX file of {axes} axes with 00 00 08 0{axes}"
            )
        if len(header) < 4 + 4 * axes:
            damaged(path, "ends within its header")
        shape = struct.unpack(f">{axes}I", header[4:])
        count = math.prod(shape)
        if count == 0:
            damaged(path, f"holds no samples (its shape is {shape})")
        if count > room:
            damaged(path, f"claims {count} bytes, more than a file of this size can hold")
        body = file.read(count + 1)
    if len(body) != count:
        held = "more" if len(body) > count else f"{len(body)}"
        damaged(path, f"should hold {count} bytes after its header (shape {shape}), and holds {held}")
    return np.frombuffer(body, np.uint8).reshape(shape)


def _file(folder: Path, stem: str, kind: str) -> Path:
    """`train-images-idx3-ubyte`, also with a dot before idx, also compressed."""
    tried = [folder / f"{stem}{dot}{kind}-ubyte{end}" for dot in "-." for end in ("", ".gz")]
    for path in tried:
        if path.is_file():
            return path
    raise MissingData(f"{folder}: holds no {tried[0].name}(.gz); get the four files of the set, or pass another folder")


def read_images(path: Path | str, split: str = "train", *, classes: int = 10) -> Images:
    """Images and labels of one split ("train" or "test") from a folder of IDX files, such as `find` gives.

    classes: labels must lie below. Raises MissingData for a missing file, ValueError for a damaged one.
    """
    one_of("split", split, SPLITS)
    folder = Path(path)
    stem = SPLITS[split]
    pixels, names = _file(folder, f"{stem}-images", "idx3"), _file(folder, f"{stem}-labels", "idx1")
    x, label = read_idx(pixels, 3), read_idx(names, 1)
    if len(x) != len(label):
        damaged(folder, f"{pixels.name} holds {len(x)} images, but {names.name} {len(label)} labels")
    if label.max() >= classes:
        damaged(names, f"holds the label {label.max()}; labels must lie in 0 to {classes - 1}")
    return Images(x, label.astype(np.int32))


def read_digits() -> Images:
    """The 1797 handwritten digits of scikit-learn, 8 x 8 pixels in 0 to 16; they are part of that package."""

    def load():
        from sklearn.datasets import load_digits

        return load_digits

    found = extra(load, "scikit-learn", "the set of 8 x 8 digits")()
    return Images(found.images.astype(np.uint8), found.target.astype(np.int32))


def divide(samples: int, shares: dict[str, float], seed: int = 0) -> dict[str, np.ndarray]:
    """Indices of a shuffled set, cut into parts: {"train": 0.7, "test": 0.3} -> {"train": [...], "test": [...]}.

    The same seed always gives the same parts. shares: positive, summing to at most 1.
    """
    whole = isinstance(samples, int) and not isinstance(samples, bool) and samples >= len(shares) >= 1
    need(whole, "samples", samples, "must be an integer, at least one for each part", "pass the number of samples")
    fair = all(share > 0 for share in shares.values()) and sum(shares.values()) <= 1 + 1e-9
    need(fair, "shares", shares, "must be positive and sum to at most 1", "pass fractions of the whole")
    ends = [round(samples * total) for total in np.cumsum([0.0, *shares.values()])]
    order = np.random.Generator(np.random.PCG64(seed)).permutation(samples)
    parts = {name: np.sort(order[low:high]) for name, low, high in zip(shares, ends, ends[1:], strict=False)}
    empty = [name for name, part in parts.items() if len(part) == 0]
    need(not empty, "shares", shares, f"leave no sample for {empty}", "give them larger shares")
    return parts
