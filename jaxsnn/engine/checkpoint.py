"""Checkpoints: files that are taken whole or not at all, and only by the code that wrote them.

    line 1            magic and version
    line 2            SHA-256 (hex) of everything that follows
    8 bytes           length of the header
    header            JSON: meta, and name, dtype and shape of every leaf
    the leaves        raw little-endian bytes, in order

No pickle anywhere. A file is written beside its destination, flushed to disk and renamed, so a reader sees the old file
or the new one, and a write that dies half way leaves the old one. On reading, sizes are compared with what is expected
before anything is read, then the hash is checked and the header compared; only then are arrays made.
"""

import contextlib
import errno
import hashlib
import json
import math
import os
import stat
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

_MAGIC = b"jaxsnn checkpoint 1\n"
_HASH = 64
_LARGEST_HEADER = 16 << 20


@contextlib.contextmanager
def atomic(path: str | os.PathLike, flush: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`; on success flush it to disk and rename it to `path`, else remove it.

    flush: False leaves it to the caller to flush the file and its folder (`sync`), before anything relies on it.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            if flush:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if flush:
        sync_folder(path.parent)


def sync(files: Iterable[Path], folders: Iterable[Path]) -> None:
    """Flush all of these to disk, at once: a file system does many for the price of one."""

    def one(path: Path) -> None:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    with ThreadPoolExecutor(16) as pool:
        waiting = [*(pool.submit(one, path) for path in files), *(pool.submit(sync_folder, path) for path in folders)]
        for each in waiting:
            each.result()


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut; where folders cannot be flushed, do nothing."""
    with contextlib.suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def open_regular(path: str | os.PathLike, follow: bool = True) -> BinaryIO:
    """Open a file for reading; ValueError for what is no file (a pipe, say), and for a link unless `follow`."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    flags |= 0 if follow else getattr(os, "O_NOFOLLOW", 0)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError(f"{path} is a link; a file of its own is expected there") from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ValueError(f"{path} is no file")
    return os.fdopen(handle, "rb")


def _named(tree: PyTree) -> list[tuple[str, Any]]:
    """Name and array of every leaf; ValueError for a leaf that is neither numbers nor keys."""
    found = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        name = jax.tree_util.keystr(path)
        array = leaf if hasattr(leaf, "dtype") and hasattr(leaf, "shape") else np.asarray(leaf)
        if not _is_key(array) and (array.dtype.kind in "OSUMm" or array.dtype.names is not None):
            raise ValueError(
                f"{name or 'the tree'} is a {type(leaf).__name__}: a checkpoint holds arrays of numbers and random "
                "keys; save the arrays alone, equinox.filter(tree, equinox.is_array), and rebuild the rest"
            )
        found.append((name, array))
    return found


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


_FIELDS = {"name", "dtype", "shape"}


def _describe(name: str, leaf: Any) -> dict[str, Any]:
    return {"name": name, "dtype": str(leaf.dtype), "shape": list(leaf.shape)}


def save_tree(path: str | os.PathLike, tree: PyTree, meta: dict[str, Any] | None = None) -> None:
    """Write a tree of arrays (typed random keys included) and JSON-able `meta` to one file, atomically.

    Raises ValueError for what cannot be written down (NaN in `meta`, a leaf that is no array), OSError when the disk is
    full; the file that was there before is then still there.
    """
    named = _named(tree)
    leaves = [_describe(name, leaf) for name, leaf in named]
    try:
        header = json.dumps({"meta": meta or {}, "leaves": leaves}, sort_keys=True, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ValueError(f"meta of checkpoint {path} cannot be written as JSON ({error}); put numbers that may be "
                         "NaN, and arrays, into the tree") from None  # fmt: skip
    if len(header) > _LARGEST_HEADER:
        raise ValueError(f"meta of checkpoint {path} takes {len(header)} bytes; put arrays into the tree instead")
    digest = hashlib.sha256()
    with atomic(path) as file:
        file.write(_MAGIC + b"0" * _HASH + b"\n")
        for piece in _pieces(header, [leaf for _, leaf in named]):
            digest.update(piece)
            file.write(piece)
        file.seek(len(_MAGIC))
        file.write(digest.hexdigest().encode())


def _pieces(header: bytes, leaves: list[Any]) -> Iterator[bytes]:
    yield len(header).to_bytes(8, "little") + header
    for leaf in leaves:
        yield np.ascontiguousarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf).tobytes()


def load_tree(path: str | os.PathLike, like: PyTree) -> tuple[PyTree, dict[str, Any]]:
    """Read what `save_tree` wrote: the tree (NumPy leaves; keys as jax arrays) and its meta.

    like: a tree of arrays or `jax.ShapeDtypeStruct`; names, shapes and dtypes must agree.
    Raises FileNotFoundError, or ValueError for a file that is damaged, is no checkpoint, or holds another tree.
    """
    path = Path(path)
    expected = _named(like)
    datas = [jax.eval_shape(jax.random.key_data, leaf) if _is_key(leaf) else leaf for _, leaf in expected]
    sizes = [math.prod(data.shape) * data.dtype.itemsize for data in datas]
    with open_regular(path) as file:
        header = _verified_header(path, file, sum(sizes))
        _compare(path, header["leaves"], [_describe(name, leaf) for name, leaf in expected])
        if os.fstat(file.fileno()).st_size - file.tell() != sum(sizes):
            raise ValueError(f"checkpoint {path} is damaged (its arrays have another size than it says); {_REMEDY}")
        leaves = []
        for (name, leaf), data, size in zip(expected, datas, sizes, strict=True):
            content = file.read(size)
            if data.dtype == np.bool_ and content.strip(b"\0\1"):
                raise ValueError(f"checkpoint {path} is damaged ({name} holds what is no truth value); {_REMEDY}")
            value = np.frombuffer(content, dtype=data.dtype).reshape(data.shape)
            impl = jax.random.key_impl(leaf) if isinstance(leaf, jax.Array) and _is_key(leaf) else None
            leaves.append(_wrap(value, leaf, impl) if _is_key(leaf) else value)
    return jax.tree.unflatten(jax.tree.structure(like), leaves), header["meta"]


def _wrap(data: np.ndarray, like: Any, impl: Any) -> jax.Array:
    if impl is None:  # a ShapeDtypeStruct knows its generator only through an array of its dtype
        impl = jax.random.key_impl(jnp.empty((), like.dtype))
    return jax.random.wrap_key_data(jnp.asarray(data), impl=impl)


_REMEDY = "delete it, and the run starts from what was finished before"


def _verified_header(path: Path, file: BinaryIO, expected: int) -> dict[str, Any]:
    """Check magic, sizes and hash, and leave the file at the first leaf. expected: bytes of all leaves."""
    if file.read(len(_MAGIC)) != _MAGIC:
        raise ValueError(f"{path} is not a checkpoint of this version of jaxsnn; {_REMEDY}")
    recorded = file.read(_HASH + 1).decode("ascii", "replace")
    begin, size = file.tell(), os.fstat(file.fileno()).st_size
    if size > begin + 8 + _LARGEST_HEADER + expected:
        raise ValueError(
            f"checkpoint {path} belongs to another run, or is damaged: it has {size} bytes, and the arrays of this run "
            f"have {expected}; delete it or give this run another path"
        )
    if hashlib.file_digest(file, "sha256").hexdigest() + "\n" != recorded:
        raise ValueError(f"checkpoint {path} is damaged (its SHA-256 is not the one recorded in it); {_REMEDY}")
    file.seek(begin)
    length = int.from_bytes(file.read(8), "little")
    try:
        if length > min(_LARGEST_HEADER, size - begin - 8):
            raise ValueError(f"a header of {length} bytes")
        header = json.loads(file.read(length))
        if not (isinstance(header, dict) and isinstance(header.get("meta"), dict)):
            raise ValueError("a header without meta")
        if not all(isinstance(leaf, dict) and leaf.keys() == _FIELDS for leaf in header["leaves"]):
            raise ValueError("a header without leaves")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"checkpoint {path} is damaged ({error}); {_REMEDY}") from None
    return header


def _compare(path: Path, found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    if found == wanted:
        return
    show = lambda leaf: f"{leaf['name'] or 'the array'} {leaf['dtype']}{leaf['shape']}" if leaf else "nothing"
    pairs = zip(found + [None] * len(wanted), wanted + [None] * len(found), strict=True)
    have, need = next((a, b) for a, b in pairs if a != b)
    raise ValueError(
        f"checkpoint {path} belongs to another run: it holds {show(have)} where {show(need)} is expected; "
        "delete it or give this run another path"
    )
