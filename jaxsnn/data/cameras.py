"""Event cameras: N-MNIST (binary files) and DVS128 Gesture as tonic re-packs it (.npy files).

N-MNIST, `Train|Test/<digit>/<number>.bin`, 5 bytes an event:

    byte 0    x              byte 1    y
    byte 2    bit 7: polarity; bits 6 to 0, byte 3, byte 4: time in microseconds, big-endian

y = 240 marks an overflow of the clock: 2^13 us are added to all later times. 34 x 34 pixels.

DVS128 Gesture, `ibmGestureTrain|Test/<user>_<lighting>/<label>.npy`: rows x, y, polarity, time in ms. 128 x 128 pixels,
11 classes.
"""

import tokenize
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32

from ._say import MissingData, damaged, existing, one_of, reading
from .events import ImageEvents

NMNIST_SIZE, GESTURE_SIZE = (34, 34), (128, 128)  # height, width
GESTURES = 11
OVERFLOW, CLOCK = 240, 1 << 13
SPLITS = ("train", "test")


class Listed(NamedTuple):
    """Files of one split, in a fixed order, and what they show."""

    path: tuple[Path, ...]
    label: Int32[np.ndarray, " sample"]


def read_nmnist(path: Path | str) -> ImageEvents:
    """The events of one N-MNIST file. Raises ValueError if it is damaged."""
    path = existing(path)
    raw = np.fromfile(path, np.uint8)
    if raw.size == 0:
        damaged(path, "holds no events")
    if raw.size % 5:
        damaged(path, f"holds {raw.size} bytes, which is no multiple of the 5 of an event")
    x, y, high, middle, low = raw.reshape(-1, 5).astype(np.int64).T
    overflow = y == OVERFLOW
    time = (((high & 127) << 16) | (middle << 8) | low) + CLOCK * np.cumsum(overflow)
    real = ~overflow
    events = ImageEvents(time[real] / 1000, x[real], y[real], (high >> 7)[real])
    _on_sensor(path, events, NMNIST_SIZE)
    return events


def read_gesture(path: Path | str) -> ImageEvents:
    """The events of one gesture, from a .npy file of tonic's re-packing. Raises ValueError if it is damaged."""
    path = existing(path)
    with reading(path, ValueError, OSError, TypeError, SyntaxError, tokenize.TokenError):  # of its header
        rows = np.lib.format.open_memmap(path, mode="r")  # takes no pickles, and no claim beyond the file
    if rows.ndim != 2 or rows.shape[1] != 4 or rows.dtype.kind not in "iuf":
        damaged(path, f"must hold rows of x, y, polarity and time, and is {rows.dtype} {rows.shape}")
    time = rows[:, 3].astype(np.float64)
    if not np.all(np.isfinite(time)) or np.any(rows[:, :3] != np.floor(rows[:, :3])):
        damaged(path, "holds places or times that are no numbers")
    events = ImageEvents(time, *(rows[:, part].astype(np.int64) for part in range(3)))
    _on_sensor(path, events, GESTURE_SIZE)
    return events


def _on_sensor(path: Path, events: ImageEvents, size: tuple[int, int]) -> None:
    if len(events.time) == 0:
        damaged(path, "holds no events")
    for name, values, limit in (("x", events.x, size[1]), ("y", events.y, size[0]), ("polarity", events.polarity, 2)):
        if values.min() < 0 or values.max() >= limit:
            damaged(path, f"has an event with {name} outside 0 to {limit - 1}")


def nmnist_files(folder: Path | str, split: str = "train") -> Listed:
    """The files of N-MNIST. folder: what `find("n-mnist")` gives."""
    return _listed(folder, {"train": "Train", "test": "Test"}, split, "[0-9]/*.bin", lambda path: path.parent.name, 10)


def gesture_files(folder: Path | str, split: str = "train") -> Listed:
    """The files of DVS128 Gesture. folder: what `find("dvs-gesture")` gives."""
    names = {"train": "ibmGestureTrain", "test": "ibmGestureTest"}
    return _listed(folder, names, split, "*/*.npy", lambda path: path.stem, GESTURES)


def _listed(folder, names, split, pattern, label_of, classes) -> Listed:
    one_of("split", split, SPLITS)
    place = Path(folder) / names[split]
    paths = sorted(place.glob(pattern))
    if not paths:
        raise MissingData(f"{place}: holds no files {pattern}; unpack the set, or pass another folder")
    labels = [label_of(path) for path in paths]
    for path, label in zip(paths, labels, strict=True):
        if not label.isdecimal() or int(label) >= classes:
            damaged(path, f"is of class {label!r}; classes are 0 to {classes - 1}")
    return Listed(tuple(paths), np.asarray(labels, np.int32))
