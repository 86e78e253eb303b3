"""Markers: a chunk counts as done once a small file beside the arrays says so, with the SHA-256 of every array.

The marker is written last, after the arrays are flushed to disk, and renamed into place. A sweep that is killed at any
moment leaves either a marker whose arrays are whole, or none.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.checkpoint import atomic
from .layout import ChunkId


def array_hash(array: np.ndarray) -> str:
    """SHA-256 of an array's little-endian bytes."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hashlib.sha256(little.tobytes()).hexdigest()


def marker_path(folder: Path, place: ChunkId) -> Path:
    return folder / "markers" / f"{place[0]}_{place[1]}.json"


def write_json(path: Path, value: Any) -> None:
    """Readable, sorted, atomic."""
    with atomic(path) as file:
        file.write((json.dumps(value, sort_keys=True, indent=1, allow_nan=False) + "\n").encode())


def write_marker(folder: Path, place: ChunkId, owner: str, arrays: dict[str, np.ndarray]) -> None:
    """owner: hash of the spec and layout that the chunk belongs to."""
    hashes = {name: array_hash(array) for name, array in arrays.items()}
    value = {"group": place[0], "chunk": place[1], "owner": owner, "arrays": hashes}
    write_json(marker_path(folder, place), value)


def read_marker(folder: Path, place: ChunkId) -> dict[str, Any] | None:
    """The marker's content, None where there is none; ValueError for one that cannot be read."""
    path = marker_path(folder, place)
    try:
        found = json.loads(path.read_text())
        if (found["group"], found["chunk"]) != place or not isinstance(found["arrays"], dict):
            raise ValueError("it names another chunk")
        return found
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"marker {path} is damaged ({error}); verify(store, drop=True) removes it") from None
