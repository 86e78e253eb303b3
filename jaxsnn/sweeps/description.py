"""The files that describe a store: spec, layout, code and the metadata of its arrays, and the manifest over them.

    manifest.json      SHA-256 of each of the others; written when all of them are there

The arrays are zarr v3, so that any reader of zarr opens them. Of that format one form is written here and accepted:
float32 or float64, little-endian bytes without compression, one file per chunk. Metadata that differ from it in a byte
are damaged, whatever else they might mean.
"""

import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .files import LARGEST, check_name, parse_json, read_bytes, read_json, render
from .grid import Grid
from .job import Shapes
from .layout import Chunk, Layout

MANIFEST = "manifest.json"
_SPEC = {"study": str, "version": str, "grid": dict, "constants": dict, "key": dict, "independent": bool, "format": int}
_LARGEST_METADATA = 1 << 16


def describe(
    spec: dict[str, Any], layout: Layout, code: list[str], results: list[Shapes], seeds: int, undefined: Iterable[str]
) -> dict[str, bytes]:
    """Every file of the description but the manifest, in the order in which they are written: the spec first."""
    group = _zarr({"attributes": {}, "zarr_format": 3, "node_type": "group"})
    files = {"spec.json": render(spec), "layout.json": render(layout.to_json()), "code.json": render(code)}
    files["zarr.json"] = group
    for g, (one, shapes) in enumerate(zip(layout.groups, results, strict=True)):
        files[f"group_{g}/zarr.json"] = group
        for name, (shape, dtype) in shapes.items():
            check_name(name)
            rows = one.width * len(one.chunks)
            files[f"group_{g}/{name}/zarr.json"] = _array(
                name, (rows, seeds, *shape), (one.width, seeds, *shape), dtype, name in undefined
            )
    return files


def _zarr(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=2).encode()


def _array(name: str, shape: tuple[int, ...], chunk: tuple[int, ...], dtype: str, undefined: bool) -> bytes:
    return _zarr({
        "shape": shape,
        "data_type": dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": "NaN",
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "attributes": {"nan_is_an_answer": True} if undefined else {},
        "dimension_names": ("point", "seed", *(f"{name}_dim{i}" for i in range(len(shape) - 2))),
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    })  # fmt: skip


def read_results(folder: Path, layout: Layout, seeds: int) -> tuple[list[Shapes], tuple[str, ...]]:
    """Names, shapes and dtypes of the results of each group, and those in which NaN is an answer."""
    results: list[Shapes] = []
    undefined: set[str] = set()
    for g, group in enumerate(layout.groups):
        shapes: Shapes = {}
        for path in sorted((folder / f"group_{g}").glob("*/zarr.json")):
            name, content = path.parent.name, read_bytes(path, _LARGEST_METADATA)
            check_name(name)
            try:
                found = parse_json(content)
                own, dtype, answer = tuple(found["shape"][2:]), found["data_type"], found["attributes"] != {}
                whole = all(type(n) is int and 0 <= n < 2**40 for n in own) and dtype in ("float32", "float64")
                rows = group.width * len(group.chunks)
                same = _array(name, (rows, seeds, *own), (group.width, seeds, *own), dtype, answer)
            except (KeyError, TypeError, ValueError):
                whole, same, own, dtype, answer = False, b"", (), "", False
            if not whole or content != same:
                raise ValueError(f"{path} is damaged: it is not what a store of this layout has there; {_REMEDY}")
            shapes[name] = (own, dtype)
            undefined |= {name} if answer else set()
        if not shapes:
            raise ValueError(f"{folder} is damaged: group_{g} has no results; {_REMEDY}")
        results.append(shapes)
    return results, tuple(sorted(undefined))


def read_spec(folder: Path) -> dict[str, Any]:
    """spec.json; ValueError for one that no sweep has written."""
    spec = read_part(folder, "spec")
    try:
        right = spec.keys() == _SPEC.keys() and all(type(spec[name]) is kind for name, kind in _SPEC.items())
        right = right and spec["format"] == 1
        right = right and type(spec["key"]["impl"]) is str and len(spec["key"]["data"]) <= 16
        right = right and all(type(n) is int and 0 <= n < 2**32 for n in [*spec["key"]["data"], *spec["grid"]["seed"]])
        right = right and len(spec["grid"]["seed"]) > 0
        for factor in spec["grid"]["factors"]:
            right = right and len(factor) > 0 and len({len(column) for _, column in factor}) == 1
            right = right and all(type(name) is str for name, _ in factor)
            right = right and all(type(v) in (int, float, str, bool) for _, column in factor for v in column)
        if right:
            Grid.from_json(spec["grid"])
    except (KeyError, TypeError, ValueError, AttributeError):
        right = False
    if not right:
        raise ValueError(f"{folder / 'spec.json'} is damaged: it describes no sweep; {_REMEDY}")
    return spec


def read_layout(folder: Path, spec: dict[str, Any]) -> Layout:
    """layout.json; ValueError for one in which the points of the spec's grid do not stand exactly once."""
    found = read_part(folder, "layout")
    try:
        layout = Layout.from_json(found)
        natural = lambda *numbers: all(type(n) is int and 0 < n < 2**40 for n in numbers)
        right = natural(layout.chunk) and all(
            natural(g.width, g.segment, *(c.segments for c in g.chunks))
            and type(g.ragged) is bool
            and type(g.static) is dict
            and g.width == max(len(c.points) for c in g.chunks)
            for g in layout.groups
        )
        points = [p for g in layout.groups for c in g.chunks for p in c.points]
        number = math.prod(len(factor[0][1]) for factor in spec["grid"]["factors"])
        right = right and all(type(p) is int for p in points) and sorted(points) == _upto(number, len(points))
        right = right and all(isinstance(c, Chunk) and c.points for g in layout.groups for c in g.chunks)
    except (KeyError, TypeError, ValueError, AttributeError):
        right = False
    if not right:
        raise ValueError(f"{folder / 'layout.json'} is damaged: it lays out no grid of the spec; {_REMEDY}")
    return layout


def _upto(number: int, listed: int) -> list[int] | None:
    """0 ... number - 1, made only when as many are listed: a grid of 10^15 points is a few bytes of spec."""
    return list(range(number)) if number == listed else None


def read_code(folder: Path) -> list[str]:
    code = read_part(folder, "code")
    if not (isinstance(code, list) and all(isinstance(one, str) for one in code)):
        raise ValueError(f"{folder / 'code.json'} is damaged: it holds no fingerprints; {_REMEDY}")
    return code


_REMEDY = "restore it, or say what the sweep was and repair (--verify --repair), or run it again into another folder"


def read_part(folder: Path, name: str) -> Any:
    """spec, layout or code, as it stands there."""
    path = folder / f"{name}.json"
    try:
        content = read_bytes(path)
        value = parse_json(content)
    except FileNotFoundError:
        raise ValueError(f"{folder} holds no sweep ({path.name} is missing); {_REMEDY}") from None
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); {_REMEDY}") from None
    if content != render(value):
        raise ValueError(f"{path} is damaged (it is not written as a store writes it); {_REMEDY}")
    return value


def make_manifest(folder: Path, names: Iterable[str]) -> bytes:
    """The manifest over these files as they are on disk."""
    return render({name: hashlib.sha256(read_bytes(folder / name)).hexdigest() for name in names})


def wrong_files(folder: Path) -> list[tuple[str, str]]:
    """Files of the description that are not what the manifest says, as (path, what is wrong)."""
    try:
        content = read_bytes(folder / MANIFEST)
        listed = read_json(folder / MANIFEST)
        if content != render(listed) or not isinstance(listed, dict):
            raise ValueError("not written as a store writes it")
    except FileNotFoundError:
        return [(MANIFEST, "the file is missing")]
    except ValueError as error:
        return [(MANIFEST, f"the file is damaged ({error})")]
    arrays = (path.relative_to(folder).as_posix() for path in sorted(folder.glob("group_*/*/zarr.json")))
    groups = (path.relative_to(folder).as_posix() for path in sorted(folder.glob("group_*/zarr.json")))
    there = {"spec.json", "layout.json", "code.json", "zarr.json", *groups, *arrays}
    wrong = [(name, "the manifest does not know it") for name in sorted(there - listed.keys())]
    for name, recorded in listed.items():
        if name not in there:
            wrong.append((name, "the file is missing, or its name in the manifest is damaged"))
            continue
        try:
            found = hashlib.sha256(read_bytes(folder / name, LARGEST)).hexdigest()
        except FileNotFoundError:
            found = "missing"
        except ValueError as error:
            found = str(error)
        if found == "missing":
            wrong.append((name, "the file is missing"))
        elif found != recorded:
            wrong.append((name, "it is not the file that the manifest names (SHA-256 differs)"))
    return wrong
