"""What is wrong with a store, and how it is mended.

Outside `side` every byte is accounted for: the description by the manifest, arrays by their markers, markers and
manifest by complete.json, and what none of them names is a stranger. A damaged chunk is given up and computed again; a
damaged description is written again by the sweep that it describes; a stranger is moved into `side`.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..engine.checkpoint import open_regular
from .description import MANIFEST, make_manifest, wrong_files
from .files import as_folder, is_leftover, read_bytes, refuse_links, survey, write_bytes
from .job import Job
from .layout import ChunkId
from .marker import COMPLETE, marker_name, marker_path, read_marker
from .store import Store, job_store, open_store, read_store


class Damage(NamedTuple):
    """One thing that is wrong. place: the chunk, or None for what belongs to no chunk."""

    place: ChunkId | None
    what: str

    def __str__(self) -> str:
        return self.what if self.place is None else f"chunk {self.place}: {self.what}"


def verify(path: str | os.PathLike, drop: bool = False) -> list[Damage]:
    """Hash everything in a store again, but for `side`; an empty list means that all is well.

    drop: remove the markers of damaged chunks, so that the next sweep computes just those again. A damaged description
        stays as it is: `sweep(..., repair=True)` writes it again.
    Raises ValueError for a folder that holds no sweep.
    """
    folder = as_folder("store", path)
    if not folder.is_dir() or not any((folder / name).exists() for name in ("spec.json", MANIFEST, "markers")):
        raise ValueError(f"{folder} holds no sweep (spec.json is missing); name the folder of a store")
    strange = survey(folder)[1]
    if strange:  # nothing behind a link is looked at
        return [Damage(None, f"{path}: a link, or no file; a store has neither") for path in strange]
    found = description_damage(folder)
    if found:  # chunks can be judged, and given up, only by a description that is whole
        return found
    try:
        store = read_store(folder)
    except ValueError as error:
        return [Damage(None, str(error))]
    places = store.layout.ids if (folder / COMPLETE).exists() else store.finished()
    chunks = chunk_damage(store, places)
    if drop:
        give_up(store, {damage.place for damage in chunks if damage.place is not None})
    return [*chunks, *loose_ends(store, sealed=not chunks)]


def repair(path: str | os.PathLike, job: Job) -> list[Damage]:
    """Mend the store of this job: give up damaged chunks, write a damaged description again, move strangers away.

    Returns what was found. Raises ValueError when the folder is not this job's, as far as can still be told.
    """
    store = job_store(path, job)
    if not store.folder.exists():
        return []
    refuse_links(store.folder)
    try:
        open_store(path, job)
    except ValueError:
        if not any(_ours(store, place) for place in store.layout.ids):
            raise
    return mend(store)


def mend(store: Store) -> list[Damage]:
    """`repair` for a store that is known to be this one's. What was given up is left to be computed."""
    files = store.describe()
    wrong = dict(_wrong_description(store, files))
    found = [Damage(None, f"{name}: {what}") for name, what in wrong.items()]
    places = store.layout.ids if (store.folder / COMPLETE).exists() else store.finished()
    found += chunk_damage(store, places)
    found += loose_ends(store, sealed=not found)
    if not found:
        return []
    with store.writing():
        give_up(store, {damage.place for damage in found if damage.place is not None})
        for name in files.keys() & (files if MANIFEST in wrong else wrong).keys():
            path = store.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, files[name])
        if wrong:
            write_bytes(store.folder / MANIFEST, make_manifest(store.folder, files))
        for name in strangers(store):
            _set_aside(store, name)
        (store.folder / COMPLETE).unlink(missing_ok=True)
        store.complete()
    return found


def _wrong_description(store: Store, files: dict[str, bytes]) -> list[tuple[str, str]]:
    """(path, what is wrong); without a manifest by comparison with what this sweep would write."""
    if _vouched(store.folder):
        return wrong_files(store.folder)
    return [(name, "it is not what this sweep writes") for name in files if _differs(store.folder / name, files[name])]


def description_damage(folder: Path) -> list[Damage]:
    """Files of the description that the manifest does not vouch for."""
    if not _vouched(folder):
        return []
    return [Damage(None, f"{name}: {what}") for name, what in wrong_files(folder)]


def _vouched(folder: Path) -> bool:
    """Whether the store has, or must have had, a manifest; not while it is being made, nor in the first version."""
    if (folder / MANIFEST).exists() or (folder / COMPLETE).exists():
        return True
    return any(b'"code"' in read_bytes(path) for path in (folder / "markers").glob("*_*.json") if path.is_file())


def chunk_damage(store: Store, places: Iterable[ChunkId]) -> list[Damage]:
    """Hash these chunks again and say which are not finished, or not what their markers say."""
    found = []
    for place in places:
        try:
            marker = read_marker(store.folder, place)
        except ValueError as error:
            found.append(Damage(place, str(error)))
            continue
        if marker is None:
            found.append(Damage(place, "its marker is missing, and the store was complete"))
        elif marker["owner"] != store.owner:
            found.append(Damage(place, "its marker belongs to another spec or layout"))
        elif marker.get("code", store.code_hash) != store.code_hash:
            found.append(Damage(place, "its marker belongs to other code"))
        elif marker["arrays"].keys() != store.results[place[0]].keys():
            found.append(Damage(place, "its marker names other results"))
        else:
            wrong = ((name, _wrong(store, place, name, recorded)) for name, recorded in marker["arrays"].items())
            found += [Damage(place, f"{name}: {what}") for name, what in wrong if what]
    return found


def _wrong(store: Store, place: ChunkId, name: str, recorded: str) -> str:
    """What is wrong with one array of a chunk; empty if nothing is. Read piece by piece, whatever its size."""
    size = 1
    for length in (*store.chunk_shape(place, name), 4 if store.results[place[0]][name][1] == "float32" else 8):
        size *= length
    try:
        with open_regular(store.folder / store.chunk_name(place, name), follow=False) as file:
            there = os.fstat(file.fileno()).st_size
            if there != size:
                return f"the file of the chunk has {there} bytes instead of {size}"
            if hashlib.file_digest(file, "sha256").hexdigest() != recorded:
                return "the numbers are not those that were written (SHA-256 differs)"
            return ""
    except (FileNotFoundError, NotADirectoryError):
        return "the file of the chunk is missing"
    except ValueError as error:
        return str(error)


def loose_ends(store: Store, sealed: bool = True) -> list[Damage]:
    """Strangers, and a complete.json that is missing or says something else.

    sealed: nothing else is wrong, so complete.json must agree with what is there.
    """
    found = [Damage(None, f"{name}: it is no part of this store") for name in strangers(store)]
    path = store.folder / COMPLETE
    whole = len(store.finished()) == len(store.layout.ids)
    if path.exists():
        try:
            right = read_bytes(path) == store.sealed()
        except (FileNotFoundError, ValueError):
            right = False
        if sealed and not right:
            found.append(Damage(None, f"{COMPLETE}: it does not seal the markers and the manifest that are here"))
    elif whole and not path.exists() and _vouched(store.folder):
        found.append(Damage(None, f"{COMPLETE}: every chunk is finished and it is missing; the next sweep writes it"))
    return found


def strangers(store: Store) -> list[str]:
    """Files outside `side` that no sweep of this spec and layout would write."""
    ids, results = store.layout.ids, store.results
    known = {*store.describe(), MANIFEST, COMPLETE, *(marker_name(place) for place in ids)}
    known |= {store.chunk_name(place, name) for place in ids for name in results[place[0]]}
    return sorted(path for path in survey(store.folder)[0] - known if not is_leftover(path))


def give_up(store: Store, places: Iterable[ChunkId]) -> None:
    """Forget these chunks: the marker first, so that nothing is ever marked that is not there."""
    for place in places:
        (store.folder / COMPLETE).unlink(missing_ok=True)
        marker_path(store.folder, place).unlink(missing_ok=True)
        for name in store.results[place[0]]:
            path = store.folder / store.chunk_name(place, name)
            if path.is_file():
                path.unlink()


def _ours(store: Store, place: ChunkId) -> bool:
    try:
        marker = read_marker(store.folder, place)
    except ValueError:
        return False
    return marker is not None and (marker["owner"], marker.get("code")) == (store.owner, store.code_hash)


def _differs(path: Path, content: bytes) -> bool:
    try:
        return read_bytes(path) != content
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return True


def _set_aside(store: Store, name: str) -> None:
    folder = store.side / "set_aside"
    folder.mkdir(exist_ok=True)
    target, number = folder / name.replace("/", "__"), 1
    while target.exists():
        target, number = folder / f"{name.replace('/', '__')}-{number}", number + 1
    os.replace(store.folder / name, target)


def tree_hash(path: str | os.PathLike) -> str:
    """SHA-256 of a store: of names and bytes of all its files outside `side`."""
    folder = Path(path)
    whole = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and p.relative_to(folder).parts[0] != "side"):
        whole.update(
            f"{file.relative_to(folder).as_posix()}\n{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode()
        )
    return whole.hexdigest()
