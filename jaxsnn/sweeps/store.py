"""A folder that holds a sweep, chunk by chunk, so that it can stop anywhere and go on.

    spec.json                what was asked for
    layout.json              which points run together
    code.json                fingerprints of the program
    manifest.json            hashes of the three above and of the arrays' metadata
    group_0/<result>/        zarr v3 arrays [point in layout order, seed, ...], a file per chunk, NaN where nothing is
    markers/<group>_<chunk>.json
    complete.json            once every chunk is finished
    side/                    times, hosts, versions, the state of a chunk that was interrupted; not part of the results

Everything outside `side` is a function of spec, layout and code: two sweeps of the same spec leave the same bytes.
Every file is written beside its place, flushed and renamed. Chunks are read and written as plain numbers, so no codec
that a store's metadata may name is ever called.
"""

import contextlib
import hashlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.checkpoint import open_regular, sync
from .description import MANIFEST, describe, make_manifest, read_code, read_layout, read_part, read_results, read_spec
from .faults import reached
from .files import as_folder, is_leftover, read_bytes, refuse_links, survey, write_bytes
from .job import Job, Shapes
from .layout import ChunkId, Layout
from .lock import held
from .marker import COMPLETE, little_endian, marker_path, seal, write_marker
from .spec import canonical, digest


class StoreError(OSError):
    """A store that cannot be written, for a sweep that has begun. What is finished stays as it is."""

    exit_code = 1  # of the command line

    def __str__(self) -> str:
        return str(self.args[-1])


@dataclass(frozen=True)
class Store:
    """An open store. Made by `open_store` (for a sweep) or `read_store` (for its results)."""

    folder: Path
    spec: dict[str, Any]
    layout: Layout
    code: list[str]
    results: list[Shapes]
    seeds: int
    undefined: tuple[str, ...]  # results in which NaN is an answer

    @cached_property
    def owner(self) -> str:
        return digest([self.spec, self.layout.to_json()])

    @cached_property
    def code_hash(self) -> str:
        return digest(self.code)

    @property
    def side(self) -> Path:
        return self.folder / "side"

    @property
    def size(self) -> int:
        """Bytes of all results, were every point finished."""
        largest = {name: shape for shapes in self.results for name, shape in shapes.items()}
        one = sum(math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in largest.values())
        return one * self.seeds * sum(len(c.points) for g in self.layout.groups for c in g.chunks)

    def chunk_shape(self, place: ChunkId, name: str) -> tuple[int, ...]:
        return (self.layout.groups[place[0]].width, self.seeds, *self.results[place[0]][name][0])

    def chunk_name(self, place: ChunkId, name: str) -> str:
        """Path of a chunk's file within the store."""
        zeros = "/0" * (1 + len(self.results[place[0]][name][0]))
        return f"group_{place[0]}/{name}/c/{place[1]}{zeros}"

    def finished(self) -> list[ChunkId]:
        """Chunks with a marker."""
        return [place for place in self.layout.ids if marker_path(self.folder, place).exists()]

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the store's lock, with everything there that chunks are written into.

        Raises ValueError when another driver writes, or when nothing can be written here.
        """
        with contextlib.ExitStack() as stack:
            try:
                self.side.mkdir(parents=True, exist_ok=True)
                alone = stack.enter_context(held(self.folder))
                self._create(alone)
            except OSError as error:
                raise ValueError(
                    f"store {self.folder} cannot be written ({error.strerror or error}); free some space, or name a "
                    "folder that you may write to. What it holds stays as it is"
                ) from error
            yield

    def _create(self, alone: bool) -> None:
        """Make whatever is not there yet; the spec comes first, so that a half-made folder is known as ours."""
        if alone:
            for path in survey(self.folder)[0]:
                if is_leftover(path):  # of a sweep that was killed while it wrote
                    (self.folder / path).unlink(missing_ok=True)
            for path in self.side.iterdir():
                if is_leftover(path.name):
                    path.unlink(missing_ok=True)
        if not (self.folder / MANIFEST).exists():
            files = self.describe()
            for name, content in files.items():
                path = self.folder / name
                if not path.exists() or read_bytes(path) != content:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_bytes(path, content)
                reached("store creation")
            write_bytes(self.folder / MANIFEST, make_manifest(self.folder, files))
        (self.folder / "markers").mkdir(exist_ok=True)

    def describe(self) -> dict[str, bytes]:
        """The files of the description as this sweep writes them."""
        return describe(self.spec, self.layout, self.code, self.results, self.seeds, self.undefined)

    def write(self, place: ChunkId, arrays: dict[str, np.ndarray]) -> None:
        """Write a finished chunk, flush it to disk, then mark it. OSError when that cannot be done."""
        hashes = {}
        files: list[Path] = []
        folders: set[Path] = set()
        reached("before arrays")
        for name, (_, dtype) in self.results[place[0]].items():
            if hashes:
                reached("between arrays")
            full = np.full(self.chunk_shape(place, name), np.nan, dtype)
            full[: len(arrays[name])] = arrays[name]
            full[np.isnan(full)] = np.nan  # one kind of NaN, so that equal results are equal bytes
            content = little_endian(full)
            path = self.folder / self.chunk_name(place, name)
            folders |= {path.parent, *(folder.parent for folder in path.parents if not folder.exists())}
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content, flush=False)
            files.append(path)
            hashes[name] = hashlib.sha256(content).hexdigest()
        sync(files, sorted(folders))
        reached("before marker")
        write_marker(self.folder, place, self.owner, self.code_hash, hashes)

    def complete(self) -> None:
        """Say that every chunk is finished, if every chunk is."""
        if len(self.finished()) == len(self.layout.ids):
            content = self.sealed()
            path = self.folder / COMPLETE
            if not path.exists() or read_bytes(path) != content:
                write_bytes(path, content)

    def sealed(self) -> bytes:
        """What complete.json must hold. FileNotFoundError while a chunk or the manifest is missing."""
        return seal(read_bytes(self.folder / MANIFEST), self.folder, self.layout.ids)

    def read(self, place: ChunkId) -> dict[str, np.ndarray]:
        """All rows of a chunk, padding included. ValueError for a file that has another size."""
        found = {}
        for name, (_, dtype) in self.results[place[0]].items():
            shape, little = self.chunk_shape(place, name), np.dtype(dtype).newbyteorder("<")
            path = self.folder / self.chunk_name(place, name)
            size = math.prod(shape) * little.itemsize
            with open_regular(path, follow=False) as file:
                content = file.read(size) if os.fstat(file.fileno()).st_size == size else b""
            if len(content) != size:
                raise ValueError(f"{path} does not have the {size} bytes that it must have")
            found[name] = np.frombuffer(content, little).astype(dtype).reshape(shape)
        return found


def job_store(path: str | os.PathLike, job: Job) -> Store:
    """The store of this job, whatever is at `path`."""
    seeds, undefined = len(job.grid.seeds), tuple(sorted(job.study.undefined))
    return Store(as_folder("store", path), job.spec.to_json(), job.layout, job.code, job.results, seeds, undefined)


def open_store(path: str | os.PathLike, job: Job) -> Store:
    """The store of this job at `path`, which may be new, empty or part full. Writes nothing.

    Raises ValueError when the folder holds something else: other files, another spec, chunk size or program, links.
    """
    store = job_store(path, job)
    folder = store.folder
    if not folder.exists():
        return store
    if not folder.is_dir():
        raise ValueError(f"store {folder} is a file, and must be a folder; name another one")
    if not (folder / "spec.json").exists():
        _refuse_strangers(folder)
        return store
    refuse_links(folder)
    differences = job.spec.differences(read_spec(folder))
    if differences:
        raise ValueError(
            f"store {folder} was made by another sweep ({'; '.join(differences)}); name another folder, or ask for "
            "what it holds"
        )
    if (folder / "layout.json").exists():
        _check_layout(folder, job.layout, read_part(folder, "layout"))
    if (folder / "code.json").exists() and read_code(folder) != job.code:
        raise ValueError(
            f"store {folder} was made by other code: the program that its numbers come from is not the one you have "
            "now, so they cannot be mixed; name another folder, or go back to that version (the versions of jax and of "
            f"the rest are in {folder / 'side' / 'runs.json'}; a number written as 20 where it was 20.0 makes another "
            "program too)"
        )
    return store


def _refuse_strangers(folder: Path) -> None:
    """A folder without a spec is a store only when nothing is in it but what a sweep makes before its spec."""
    side = folder / "side"
    own = {"lock"} if side.is_dir() and not side.is_symlink() else set()
    strange = sorted(p.name for p in folder.iterdir() if p.name != "side" and not is_leftover(p.name))
    strange += ["side"] if side.exists() and (not own or {p.name for p in side.iterdir()} - own) else []
    if strange:
        raise ValueError(
            f"folder {folder} holds {strange[0]!r} and no sweep (spec.json is missing); name a new or an empty folder"
        )


def _check_layout(folder: Path, mine: Layout, there: Any) -> None:
    if canonical(mine.to_json()) == canonical(there):
        return
    chunk = there.get("chunk") if isinstance(there, dict) else None
    if chunk != mine.chunk:
        raise ValueError(
            f"store {folder} was made with chunk = {chunk}, not {mine.chunk}, and goes on with that alone; pass chunk="
            f"{chunk} to go on with it, or name another folder"
        )
    raise ValueError(
        f"store {folder} was cut into other chunks or segments (the study's segment, or its prepare, has changed); "
        "name another folder, or go back to that version"
    )


def read_store(path: str | os.PathLike) -> Store:
    """The store at `path`, without the program that made it; ValueError for what is none, or is damaged."""
    folder = as_folder("store", path)
    if not folder.is_dir():
        raise ValueError(f"{folder} holds no sweep (spec.json is missing); name the folder of a store")
    refuse_links(folder)
    spec = read_spec(folder)
    layout = read_layout(folder, spec)
    seeds = len(spec["grid"]["seed"])
    results, undefined = read_results(folder, layout, seeds)
    return Store(folder, spec, layout, read_code(folder), results, seeds, undefined)
