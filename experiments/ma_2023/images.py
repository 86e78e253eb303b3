"""The two sets of images, as pixels in [0, 1] with labels, in three parts: training, validation, test.

    digits          1797 of 8 x 8 pixels, from scikit-learn: 1000, 297 and 500
    fashion-mnist   70 000 of 28 x 28 pixels: 55 000, 5000 and 10 000 (its own test set)

CIFAR-10 and event recordings, which the paper uses, are not to be had offline; see `docs/noisy_networks.md`.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, UInt8

from jaxsnn.data import Images, divide, find, read_digits, read_images

SETS = ("digits", "fashion-mnist")
DIGITS = {"train": 1000, "validation": 297, "test": 500}
HELD_OUT = 5000  # of Fashion-MNIST's training set, for validation


class Set(NamedTuple):
    """Pixels [sample, height, width], 0 to `white`, and labels; `mean` and `deviation` of all training pixels."""

    x: dict[str, UInt8[np.ndarray, "sample height width"]]
    label: dict[str, Int[np.ndarray, " sample"]]
    white: int
    mean: float
    deviation: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.x["train"].shape[1:]

    def pixels(self, part: str, count: int | None = None) -> np.ndarray:
        """The first `count` images of a part, in [0, 1]."""
        return self.x[part][:count].astype(np.float32) / np.float32(self.white)


@lru_cache(maxsize=2)
def load(name: str, data: Any = None) -> Set:
    """data: where Fashion-MNIST lies, as `jaxsnn.data.find` takes it. Raises ValueError for a set that is not there."""
    if name not in SETS:
        raise ValueError(f"set = {name!r}: must be one of {', '.join(SETS)}; pass one of these")
    if name == "digits":
        found = read_digits()
        shares = {part: count / len(found.label) for part, count in DIGITS.items()}
        return _parts(found, found, divide(len(found.label), shares), 16)
    folder = find(name, data)
    train, test = read_images(folder, "train"), read_images(folder, "test")
    share = HELD_OUT / len(train.label)
    where = divide(len(train.label), {"train": 1 - share, "validation": share})
    return _parts(train, test, where | {"test": np.arange(len(test.label))}, 255)


def _parts(known: Images, test: Images, where: dict[str, np.ndarray], white: int) -> Set:
    source = {"train": known, "validation": known, "test": test}
    x = {part: source[part].x[index] for part, index in where.items()}
    label = {part: source[part].label[index] for part, index in where.items()}
    pixels = x["train"] / white
    return Set(x, label, white, float(pixels.mean()), float(pixels.std()))
