"""Checkpoints: files that are taken whole or not at all, and only by the code that wrote them.

    line 1            magic and version
    line 2            SHA-256 (hex) of everything that follows
    8 bytes           length of the header
    header            JSON: meta, and name, dtype and shape of every leaf
    the leaves        raw little-endian bytes, in order

No pickle anywhere. A file is written beside its destination, flushed to disk and renamed, so a reader sees the old file
or the new one; on reading, the hash is checked and the header compared with what is expected before anything is made.
"""

import contextlib
import hashlib
import json
import math
import os
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

_MAGIC = b"jaxsnn checkpoint 1\n"
_PIECE = 1 << 20


@contextlib.contextmanager
def atomic(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`; on success flush it to disk and rename it to `path`, else remove it."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut; where folders cannot be flushed, do nothing."""
    with contextlib.suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _named(tree: PyTree) -> list[tuple[str, Any]]:
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]]


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _describe(name: str, leaf: Any) -> dict[str, Any]:
    return {"name": name, "dtype": str(leaf.dtype), "shape": list(leaf.shape)}


def save_tree(path: str | os.PathLike, tree: PyTree, meta: dict[str, Any] | None = None) -> None:
    """Write a tree of arrays (typed random keys included) and JSON-able `meta` to one file, atomically."""
    named = [(name, leaf if hasattr(leaf, "dtype") else np.asarray(leaf)) for name, leaf in _named(tree)]
    leaves = [_describe(name, leaf) for name, leaf in named]
    header = json.dumps({"meta": meta or {}, "leaves": leaves}, sort_keys=True, allow_nan=False).encode()
    pieces = [len(header).to_bytes(8, "little"), header]
    pieces += [np.ascontiguousarray(jax.random.key_data(a) if _is_key(a) else a).tobytes() for _, a in named]
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    with atomic(path) as file:
        file.write(_MAGIC + digest.hexdigest().encode() + b"\n")
        for piece in pieces:
            file.write(piece)


def load_tree(path: str | os.PathLike, like: PyTree) -> tuple[PyTree, dict[str, Any]]:
    """Read what `save_tree` wrote: the tree (NumPy leaves; keys as jax arrays) and its meta.

    like: a tree of arrays or `jax.ShapeDtypeStruct`; names, shapes and dtypes must agree.
    Raises FileNotFoundError, or ValueError for a file that is damaged, is no checkpoint, or holds another tree.
    """
    path = Path(path)
    with path.open("rb") as file:
        header = _verified_header(path, file)
        expected = _named(like)
        _compare(path, header["leaves"], [_describe(name, leaf) for name, leaf in expected])
        leaves = []
        for _, leaf in expected:
            data = jax.eval_shape(jax.random.key_data, leaf) if _is_key(leaf) else leaf
            flat = np.frombuffer(file.read(math.prod(data.shape) * data.dtype.itemsize), dtype=data.dtype)
            value = flat.reshape(data.shape)
            impl = jax.random.key_impl(leaf) if isinstance(leaf, jax.Array) and _is_key(leaf) else None
            leaves.append(_wrap(value, leaf, impl) if _is_key(leaf) else value)
    return jax.tree.unflatten(jax.tree.structure(like), leaves), header["meta"]


def _wrap(data: np.ndarray, like: Any, impl: Any) -> jax.Array:
    if impl is None:  # a ShapeDtypeStruct knows its generator only through an array of its dtype
        impl = jax.random.key_impl(jnp.empty((), like.dtype))
    return jax.random.wrap_key_data(jnp.asarray(data), impl=impl)


def _verified_header(path: Path, file: BinaryIO) -> dict[str, Any]:
    """Check magic, hash and sizes, and leave the file at the first leaf."""
    remedy = "delete it, and the run starts from what was finished before"
    if file.read(len(_MAGIC)) != _MAGIC:
        raise ValueError(f"{path} is not a checkpoint of this version of jaxsnn; {remedy}")
    recorded = file.read(65).decode("ascii", "replace").strip()
    begin = file.tell()
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    if digest.hexdigest() != recorded:
        raise ValueError(f"checkpoint {path} is damaged (its SHA-256 is not the one recorded in it); {remedy}")
    file.seek(begin)
    return json.loads(file.read(int.from_bytes(file.read(8), "little")))


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


def fingerprint(run: Callable, *args: Any) -> tuple[str, Any]:
    """SHA-256 of what `run(*args)` computes, and the shapes of what it returns.

    Traced, never run: the text of the jaxpr without memory addresses, and the bytes of every constant in it.
    """
    jaxpr, shapes = jax.make_jaxpr(lambda *a: run(*a), return_shape=True)(*args)  # a fresh lambda: no cached trace
    digest = hashlib.sha256(re.sub(r"0x[0-9a-f]+", "0x", str(jaxpr)).encode())
    for const in _constants(jaxpr):
        data = jax.random.key_data(const) if hasattr(const, "dtype") and _is_key(const) else const
        digest.update(np.ascontiguousarray(data).tobytes())
    return digest.hexdigest(), shapes


def _constants(node: Any) -> Iterator[Any]:
    """Constants of a jaxpr and of all jaxprs inside it, in the order of the program."""
    if hasattr(node, "jaxpr") and hasattr(node, "consts"):
        yield from node.consts
        yield from _constants(node.jaxpr)
    elif hasattr(node, "eqns"):
        for equation in node.eqns:
            yield from _constants(list(equation.params.values()))
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _constants(item)
