"""A folder that holds a sweep, chunk by chunk, so that it can stop anywhere and go on.

    spec.json                what was asked for
    layout.json              which points run together
    code.json                fingerprints of the program
    group_0/<result>/        zarr v3 arrays [point in layout order, seed, ...], a file per chunk, NaN where nothing is
    markers/<group>_<chunk>.json
    side/                    times, hosts, versions, the state of a chunk that was interrupted; not part of the results

Everything outside `side` is a function of spec, layout and code: two sweeps of the same spec leave the same bytes.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import zarr

from ..engine.checkpoint import sync_folder
from .job import Job, Shapes
from .layout import ChunkId, Layout
from .marker import array_hash, marker_path, read_marker, write_json, write_marker
from .spec import canonical, digest


class Damage(NamedTuple):
    """One thing that is wrong with a finished chunk."""

    place: ChunkId
    what: str


@dataclass(frozen=True)
class Store:
    """An open store. Made by `open_store` (for a sweep) or `read_store` (for its results)."""

    folder: Path
    spec: dict[str, Any]
    layout: Layout
    results: list[Shapes]
    seeds: int
    undefined: tuple[str, ...]  # results in which NaN is an answer

    @property
    def owner(self) -> str:
        return digest([self.spec, self.layout.to_json()])

    @property
    def side(self) -> Path:
        return self.folder / "side"

    def finished(self) -> list[ChunkId]:
        """Chunks with a marker."""
        return [place for place in self.layout.ids if marker_path(self.folder, place).exists()]

    def create(self, code: list[str]) -> None:
        """Make whatever is not there yet; the spec comes first, so that a half-made folder is known as ours."""
        for folder in (self.folder, self.folder / "markers", self.side):
            folder.mkdir(parents=True, exist_ok=True)
        for leftover in [*self.folder.rglob(".*.tmp"), *self.folder.rglob("*.partial")]:
            leftover.unlink(missing_ok=True)  # of a sweep that was killed while it wrote
        for name, value in (("spec", self.spec), ("layout", self.layout.to_json()), ("code", code)):
            if not (self.folder / f"{name}.json").exists():
                write_json(self.folder / f"{name}.json", value)
        root = zarr.open_group(self.folder, mode="a", zarr_format=3)
        for g, (group, shapes) in enumerate(zip(self.layout.groups, self.results, strict=True)):
            members = root.require_group(f"group_{g}")
            for name, (shape, dtype) in shapes.items():
                if name not in members:
                    members.create_array(
                        name,
                        shape=(group.width * len(group.chunks), self.seeds, *shape),
                        chunks=(group.width, self.seeds, *shape),
                        dtype=dtype,
                        fill_value=np.nan,
                        compressors=None,  # the bytes on disk are the numbers, whatever the version of zarr
                        dimension_names=("point", "seed", *(f"{name}_dim{i}" for i in range(len(shape)))),
                        attributes={"nan_is_an_answer": True} if name in self.undefined else {},
                    )

    def write(self, place: ChunkId, arrays: dict[str, np.ndarray]) -> None:
        """Write a finished chunk, flush it to disk, then mark it."""
        g, c = place
        width = self.layout.groups[g].width
        full = {}
        for name, (shape, dtype) in self.results[g].items():
            full[name] = np.full((width, self.seeds, *shape), np.nan, dtype)
            full[name][: len(arrays[name])] = arrays[name]
            full[name][np.isnan(full[name])] = np.nan  # one kind of NaN, so that equal results are equal bytes
            with zarr.config.set({"array.write_empty_chunks": True}):  # a result of NaNs is a result
                zarr.open_array(self.folder / f"group_{g}" / name, mode="r+")[c * width : (c + 1) * width] = full[name]
            for file in (self.folder / f"group_{g}" / name / "c" / str(c)).rglob("*"):
                _sync(file)
        write_marker(self.folder, place, self.owner, full)

    def read(self, place: ChunkId) -> dict[str, np.ndarray]:
        """All rows of a chunk, padding included."""
        g, c = place
        width = self.layout.groups[g].width
        group = zarr.open_group(self.folder, path=f"group_{g}", mode="r", zarr_format=3)
        return {name: np.asarray(group[name][c * width : (c + 1) * width]) for name in self.results[g]}  # type: ignore[index]

    def damage(self, places: Iterable[ChunkId]) -> list[Damage]:
        """Hash these finished chunks again and say which are not what their markers say."""
        found = []
        for place in places:
            try:
                marker = read_marker(self.folder, place)
            except ValueError as error:
                found.append(Damage(place, str(error)))
                continue
            if marker is None:
                continue
            if marker.get("owner") != self.owner:
                found.append(Damage(place, "its marker belongs to another spec or layout"))
                continue
            found += [Damage(place, f"{name}: {what}") for name, what in self._wrong(place, marker["arrays"])]
        return found

    def _wrong(self, place: ChunkId, hashes: dict[str, str]) -> list[tuple[str, str]]:
        g, c = place
        wrong = []
        for name, (shape, dtype) in self.results[g].items():
            path = self.folder / f"group_{g}" / name / "c" / "/".join([str(c), *("0" for _ in range(1 + len(shape)))])
            expected = (self.layout.groups[g].width, self.seeds, *shape)
            size = int(np.prod(expected)) * np.dtype(dtype).itemsize
            if not path.exists():
                wrong.append((name, "the file of the chunk is missing"))
            elif path.stat().st_size != size:
                wrong.append((name, f"the file of the chunk has {path.stat().st_size} bytes instead of {size}"))
            elif array_hash(np.fromfile(path, np.dtype(dtype).newbyteorder("<")).astype(dtype)) != hashes.get(name):
                wrong.append((name, "the numbers are not those that were written (SHA-256 differs)"))
        return wrong


def _sync(file: Path) -> None:
    if file.is_file():
        handle = os.open(file, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(file.parent)


def open_store(path: str | os.PathLike, job: Job) -> Store:
    """The store of this job at `path`, which may be new, empty or part full. Writes nothing.

    Raises ValueError when the folder holds something else: other files, another spec, chunk size or program.
    """
    folder = Path(path)
    store = Store(folder, job.spec.to_json(), job.layout, job.results, len(job.grid.seeds), job.study.undefined)
    if not folder.exists():
        return store
    if not folder.is_dir():
        raise ValueError(f"store {folder} is a file; a store is a folder, name another one")
    if not (folder / "spec.json").exists():
        content = sorted(p.name for p in folder.iterdir() if not p.name.startswith(".spec.json."))
        if content:
            raise ValueError(f"folder {folder} holds {content[0]!r} and no sweep; name a new or an empty folder")
        return store
    differences = job.spec.differences(_read(folder, "spec"))
    if differences:
        raise ValueError(
            f"store {folder} was made by another sweep ({'; '.join(differences)}); name another folder, or ask for "
            "what it holds"
        )
    if (folder / "layout.json").exists():
        _check_layout(folder, job.layout, _read(folder, "layout"))
    if (folder / "code.json").exists() and _read(folder, "code") != job.code:
        raise ValueError(
            f"store {folder} was made by other code: the program that its numbers come from is not the one you have "
            "now, so they cannot be mixed; name another folder, or go back to that version (the versions of jax and of "
            f"the rest are in {folder / 'side' / 'runs.json'})"
        )
    return store


def _check_layout(folder: Path, mine: Layout, there: dict[str, Any]) -> None:
    if canonical(mine.to_json()) == canonical(there):
        return
    if there.get("chunk") != mine.chunk:
        raise ValueError(
            f"store {folder} was made with chunk = {there.get('chunk')}, not {mine.chunk}; pass chunk="
            f"{there.get('chunk')} to go on with it, or name another folder"
        )
    raise ValueError(
        f"store {folder} was cut into other chunks or segments (the study's segment, or its prepare, has changed); "
        "name another folder, or go back to that version"
    )


def _read(folder: Path, name: str) -> Any:
    path = folder / f"{name}.json"
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise ValueError(f"{folder} holds no sweep ({path.name} is missing)") from None
    except ValueError:
        raise ValueError(f"{path} is damaged; restore it, or run the sweep again into another folder") from None


def read_store(path: str | os.PathLike) -> Store:
    """The store at `path`, without the program that made it."""
    folder = Path(path)
    spec, layout = _read(folder, "spec"), Layout.from_json(_read(folder, "layout"))
    results: list[Shapes] = []
    undefined: set[str] = set()
    for g, _ in enumerate(layout.groups):
        group = zarr.open_group(folder, path=f"group_{g}", mode="r", zarr_format=3)
        members = dict(sorted(group.arrays()))
        results.append({name: (tuple(a.shape[2:]), str(a.dtype)) for name, a in members.items()})
        undefined |= {name for name, a in members.items() if a.attrs.get("nan_is_an_answer")}
    return Store(folder, spec, layout, results, len(spec["grid"]["seed"]), tuple(sorted(undefined)))


def verify(path: str | os.PathLike, drop: bool = False) -> list[Damage]:
    """Hash every finished chunk of a store again; an empty list means that all is well.

    drop: remove the markers of damaged chunks, so that the next sweep computes just those again.
    """
    store = read_store(path)
    found = store.damage(store.finished())
    if drop:
        for place in {damage.place for damage in found}:
            marker_path(store.folder, place).unlink(missing_ok=True)
    return found


def tree_hash(path: str | os.PathLike) -> str:
    """SHA-256 of a store: of names and bytes of all its files outside `side`."""
    folder = Path(path)
    whole = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and p.relative_to(folder).parts[0] != "side"):
        whole.update(
            f"{file.relative_to(folder).as_posix()}\n{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode()
        )
    return whole.hexdigest()
