"""SHD and SSC: spoken digits and words as spikes of 700 channels of an inner-ear model, in HDF5 files.

    /spikes/times    a list for each sample, seconds (16-bit floats)
    /spikes/units    a list for each sample, channels 0 to 699
    /labels          a number for each sample
    /extra/speaker   a number for each sample        SHD only
    /extra/keys      names of the classes

Files: shd_train.h5, shd_test.h5; ssc_train.h5, ssc_valid.h5, ssc_test.h5. Samples are read when they are asked for.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int32

from ._say import damaged, existing, extra, need, reading
from .events import Events, Padded, channel_frames, padded

CHANNELS = 700
LONGEST = 60  # seconds, far beyond any word


def _h5py() -> Any:
    import h5py

    return h5py


class SpokenFile:
    """An open file: `len(file)`, `file[i]` gives Events in ms, `file.label`, `file.speaker`, `file.words`.

    speaker: None where the file has none. Use as a context manager, or `close` it.
    """

    label: Int32[np.ndarray, " sample"]
    speaker: Int32[np.ndarray, " sample"] | None
    words: tuple[str, ...]

    def __init__(self, path: Path | str):
        self.path = existing(path)
        h5py = extra(_h5py, "h5py", "reading SHD and SSC")
        with reading(self.path, OSError):
            self._file = h5py.File(self.path, "r")
        try:
            with reading(self.path, OSError, RuntimeError, KeyError, UnicodeDecodeError):
                self._times, self._units = self._part("spikes/times"), self._part("spikes/units")
                self.label = self._numbers("labels")
                self.speaker = self._numbers("extra/speaker") if "extra/speaker" in self._file else None
                self.words = self._names()
                self._check(h5py)
        except BaseException:
            self.close()
            raise

    def _part(self, name: str) -> Any:
        """A dataset that lies in this file itself."""
        node, h5py = self._file, _h5py()
        for step in name.split("/"):
            link = node.get(step, getlink=True) if isinstance(node, h5py.Group) else None
            if link is None:
                damaged(self.path, f"has no /{name}, which files of SHD and SSC have")
            if not isinstance(link, h5py.HardLink):
                damaged(self.path, f"/{name} points elsewhere, which is not followed")
            node = node[step]
        if not isinstance(node, h5py.Dataset) or node.is_virtual or node.external:
            damaged(self.path, f"/{name} is not a plain dataset")
        return node

    def _numbers(self, name: str) -> np.ndarray:
        values = self._read(self._part(name), slice(None))
        if values.ndim != 1 or values.dtype.kind not in "iu":
            damaged(self.path, f"/{name} must be a list of whole numbers, and is {values.dtype} {values.shape}")
        if values.size and not 0 <= values.min() <= values.max() < 2**31:
            damaged(self.path, f"/{name} goes from {values.min()} to {values.max()}, and counts from 0")
        return values.astype(np.int32)

    def _names(self) -> tuple[str, ...]:
        if "extra/keys" not in self._file:
            return ()
        names = np.ravel(self._read(self._part("extra/keys"), slice(None)))
        return tuple(name.decode() if isinstance(name, bytes) else str(name) for name in names)

    def _check(self, h5py: Any) -> None:
        lengths = {"/spikes/times": len(self._times), "/spikes/units": len(self._units), "/labels": len(self.label)}
        if self.speaker is not None:
            lengths["/extra/speaker"] = len(self.speaker)
        if len(set(lengths.values())) != 1:
            damaged(self.path, f"its parts differ in length: {lengths}")
        if len(self.label) == 0:
            damaged(self.path, "holds no samples")
        for part in (self._times, self._units):
            if h5py.check_vlen_dtype(part.dtype) is None or part.ndim != 1:
                damaged(self.path, f"{part.name} must hold a list for each sample, and is {part.dtype} {part.shape}")
        if self.words and self.label.max() >= len(self.words):
            damaged(self.path, f"/labels go from {self.label.min()} to {self.label.max()}, for {len(self.words)} names")

    def _read(self, part: Any, place: Any) -> np.ndarray:
        with reading(self.path, OSError):
            return np.asarray(part[place])

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, sample: int) -> Events:
        need(-len(self) <= sample < len(self), "sample", sample, f"there are {len(self)}", "pass a number below that")
        time = self._read(self._times, sample).astype(np.float64)
        unit = self._read(self._units, sample)
        if len(time) != len(unit):
            damaged(self.path, f"sample {sample} has {len(time)} times, but {len(unit)} channels")
        bad = unit[(unit < 0) | (unit >= CHANNELS)]
        if bad.size:
            damaged(self.path, f"sample {sample} has a spike in channel {bad[0]}; channels are 0 to {CHANNELS - 1}")
        if not np.all(np.isfinite(time)) or np.any(time < 0):
            damaged(self.path, f"sample {sample} has a spike at a time that is negative or no number")
        if np.any(time > LONGEST):
            damaged(self.path, f"sample {sample} has a spike at {time.max():g} s, and a word ends before {LONGEST}")
        return Events(1000 * time, unit.astype(np.int32))

    def __iter__(self) -> Iterator[Events]:
        return (self[sample] for sample in range(len(self)))

    def frames(self, *, window: float = 10.0, group: int = 5, steps: int | None = None) -> Padded:
        """All samples as counts, uint8 [sample, time, 700 / group], with a mask; by default as DCLS bins them.

        A sample without spikes has no time of its own: its mask is False throughout.
        """
        options = {"channels": CHANNELS, "window": window, "group": group}
        one = lambda events: channel_frames(events, **options) if len(events.time) else silent
        silent = channel_frames(Events(np.zeros(1), np.zeros(1, np.int32)), **options)[:0]
        return padded([one(events) for events in self], steps)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "SpokenFile":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def open_spoken(folder: Path | str, split: str = "train") -> SpokenFile:
    """The file of one split in the folder of SHD ("train", "test") or SSC ("train", "valid", "test")."""
    present = sorted(Path(folder).glob(f"*_{split}.h5"))
    if len(present) != 1:
        held = sorted(path.name for path in Path(folder).glob("*.h5"))
        need(False, "split", split, f"{folder} holds {held}", "name a split of which there is one file")
    return SpokenFile(present[0])
