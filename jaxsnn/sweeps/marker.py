"""Markers: a chunk counts as done once a small file beside the arrays says so, with the SHA-256 of every array.

    markers/<group>_<chunk>.json     owner: hash of spec and layout; code: hash of the programs' fingerprints
    complete.json                    hash of the manifest and all markers, once every chunk is done

The marker is written last, after the arrays are flushed to disk, and renamed into place. A sweep that is killed at any
moment leaves either a marker whose arrays are whole, or none.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .faults import reached
from .files import parse_json, read_bytes, render, write_bytes
from .layout import ChunkId

COMPLETE = "complete.json"
_LARGEST = 1 << 20
_FIELDS = {"group", "chunk", "owner", "arrays"}


def little_endian(array: np.ndarray) -> bytes:
    """An array's bytes as they are on disk."""
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()


def marker_name(place: ChunkId) -> str:
    return f"markers/{place[0]}_{place[1]}.json"


def marker_path(folder: Path, place: ChunkId) -> Path:
    return folder / marker_name(place)


def write_marker(folder: Path, place: ChunkId, owner: str, code: str, hashes: Mapping[str, str]) -> None:
    """hashes: SHA-256 of each array's file."""
    value = {"group": place[0], "chunk": place[1], "owner": owner, "code": code, "arrays": dict(hashes)}
    write_bytes(marker_path(folder, place), render(value), lambda: reached("marker temporary"))


def read_marker(folder: Path, place: ChunkId) -> dict[str, Any] | None:
    """The marker's content, None where there is none; ValueError for one that cannot be read.

    Markers of the first version have no `code`.
    """
    path = marker_path(folder, place)
    try:
        content = read_bytes(path, _LARGEST)
        found = parse_json(content)
        if not isinstance(found, dict) or found.keys() - {"code"} != _FIELDS or content != render(found):
            raise ValueError("it is not written as a store writes it")
        if (found["group"], found["chunk"]) != place:
            raise ValueError("it names another chunk")
        hashes = found["arrays"]
        if not isinstance(hashes, dict) or not all(isinstance(one, str) for one in hashes.values()):
            raise ValueError("it holds no hashes")
        return found
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(f"marker {path} is damaged ({error}); verify(store, drop=True) removes it") from None


def seal(manifest: bytes, folder: Path, places: Iterable[ChunkId]) -> bytes:
    """What complete.json holds when all chunks are done; FileNotFoundError when one is not."""
    whole, count = hashlib.sha256(manifest), 0
    for place in places:
        whole.update(read_bytes(marker_path(folder, place), _LARGEST))
        count += 1
    return render({"chunks": count, "seal": whole.hexdigest()})
