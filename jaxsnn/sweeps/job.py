"""A Job: everything about a sweep that is known before anything is compiled. Engines are given one.

Making it checks every point on the host, lays the grid out and traces one network of every group, which gives the
shapes of the results and the fingerprint of the code.
"""

import re
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..core import check_not_negative, check_size, paired, require
from ..engine import Program, fingerprint
from .axes import short
from .files import check_name
from .grid import Grid
from .keys import chunk_keys
from .layout import ChunkId, Layout, lay_out
from .placement import ChunkProgram, choose_devices
from .reads import Reads, Seen, check_read
from .spec import Spec, canonical, describe_key
from .study import (
    Prepared,
    Study,
    as_program,
    as_study,
    at_point,
    merged_constants,
    numbers_are_traced,
    prepare_grid,
    signature,
)

# Programs of this process, the last used last: a sweep that is repeated with other numbers compiles nothing.
_PROGRAMS: OrderedDict[str, ChunkProgram] = OrderedDict()
_KEPT = 32
_LIBRARIES = re.compile(rf"site-packages|{re.escape(str(Path(__file__).parents[1]))}")

Shapes = dict[str, tuple[tuple[int, ...], str]]  # result -> shape of one network's value, dtype in which it is kept


@dataclass(frozen=True)
class Job:
    """A checked sweep. `results` and `code` have one entry per group of the layout."""

    study: Study
    grid: Grid
    key: Array
    spec: Spec
    prepared: list[Prepared]
    layout: Layout
    results: list[Shapes]
    code: list[str]

    @property
    def program(self) -> Program:
        return as_program(self.study.program)

    @cached_property
    def updates(self) -> list[float]:
        """Work of one network at each point, by the study's own count; empty when it gives none."""
        count = self.study.updates
        found = [] if count is None else [count(one.values) for one in self.prepared]
        for value in found[:1]:
            check_not_negative("updates", value, "return the work of one network as a number")
        return [float(value) for value in found]

    def work(self, ids: Sequence[ChunkId]) -> float:
        """Work in these chunks, all seeds, without padding; NaN when the study does not count."""
        if not self.updates:
            return float("nan")
        return sum(self.updates[p] for place in ids for p in self.layout.chunk_of(place).points) * len(self.grid.seeds)

    def chunk_program(self, group: int, cores: int | None = None) -> ChunkProgram:
        """The group's program for chunks, traced; one object for all that compute the same with the same shapes."""
        made = self.layout.groups[group]
        devices = choose_devices(cores, made.width)
        arrays = self.prepared[made.chunks[0].points[0]].plan.arrays
        shapes = {
            "seeds": len(self.grid.seeds),
            "width": made.width,
            "segment": made.segment,
            "ragged": made.ragged,
            "shared": not self.spec.independent,
        }
        key = paired(self.key) if self.spec.independent else self.key
        same = canonical([self.code[group], str(signature(arrays)), str(key.dtype), shapes, [d.id for d in devices]])
        if same not in _PROGRAMS:
            _PROGRAMS[same] = ChunkProgram(self.program, made.static, arrays, key, devices=devices, **shapes)
        _PROGRAMS.move_to_end(same)
        while len(_PROGRAMS) > _KEPT:
            _PROGRAMS.popitem(last=False)
        return _PROGRAMS[same]

    def chunk_inputs(self, place: ChunkId) -> tuple[list[dict[str, Any]], Array, list[int], int]:
        """What a chunk's program runs on: arrays of its points, keys, steps, number of segments."""
        chunk = self.layout.chunk_of(place)
        members = [self.prepared[p] for p in chunk.points]
        # keys for padded rows too, so that a short chunk compiles nothing of its own
        rows = members + members[-1:] * (self.layout.groups[place[0]].width - len(members))
        plans, points = [one.plan for one in rows], [one.point for one in rows]
        keys = chunk_keys(self.key, plans, points, self.grid.seeds, self.spec.independent)
        return [one.plan.arrays for one in members], keys, [one.steps for one in members], chunk.segments


def make_job(
    run: Study | Program | Callable,
    grid: Grid,
    *,
    key: Array,
    chunk: int | None = None,
    independent: bool = False,
    constants: Mapping[str, Any] | None = None,
) -> Job:
    """Check and lay out a sweep; raises ValueError for whatever could not run or would be misread."""
    if not isinstance(grid, Grid):
        raise ValueError(f"grid = {grid!r}: must be a Grid; write Grid(noise='0.05:40:24:log', seed=8)")
    study = as_study(run)
    if chunk is not None:
        check_size("chunk", chunk)
    require(isinstance(independent, bool), "independent", independent, "must be True or False", "pass one of the two")
    merged = merged_constants(study, grid.names, constants)
    spec = Spec(study.name, str(study.version), grid.to_json(), merged, describe_key(key), independent)
    for name, value in merged.items():
        try:
            canonical(value)
        except ValueError as error:
            raise ValueError(f"constants[{name!r}] = {short(value)}: {error}") from None
    planned = None if study.prepare is numbers_are_traced else Seen()
    traced = Seen()
    prepared = prepare_grid(study, grid, merged, planned, traced)
    program = as_program(study.program)
    layout = lay_out(
        prepared,
        chunk=int(chunk or study.chunk),
        target=study.segment,
        block=getattr(program, "block", 1),
        independent=independent,
    )
    kind = paired(key) if independent else key
    outlines = [_outline(program, prepared[g.chunks[0].points[0]], kind, traced) for g in layout.groups]
    results = [_shapes(found, grid) for _, found in outlines]
    _agree(results)
    known = sorted({name for shapes in results for name in shapes})
    for name in study.undefined:
        require(name in known, "undefined", name, f"must be one of the results, {', '.join(known)}", "leave it out")
    asked = lambda names: [name for name in names if name not in study.constants and name not in grid.labels]
    check_read(asked(grid.names), asked(constants or ()), [one.plan for one in prepared], planned, traced)
    return Job(study, grid, key, spec, prepared, layout, results, [code for code, _ in outlines])


def _outline(program: Program, one: Prepared, key: Array, seen: Seen) -> tuple[str, Any]:
    """Fingerprint and result shapes of one network, by tracing one short segment. seen: what is read of the point."""
    steps = getattr(program, "block", 1)

    def whole(arrays: dict[str, Any], key: Array, start: Array) -> Any:
        point = Reads({**one.plan.static, **arrays}, seen)
        before = program.begin(point, key)
        after = program.advance(point, key, before, start, steps)
        _same(before, after)
        return program.finish(point, after)

    try:
        return fingerprint(whole, one.plan.arrays, key, jnp.int32(0))
    except KeyError as error:
        raise ValueError(f"{at_point(one.point)}: {error} is missing; make it an axis or a constant") from error
    except TypeError as error:
        if isinstance(error, jax.errors.JAXTypeError) or "concrete" in str(error):
            raise ValueError(f"{at_point(one.point)}: {_asked_for(error)}") from error
        if "not a valid JAX type" not in str(error):
            raise
        what = " ".join(str(error).split(", which")[0].split())
        raise ValueError(
            f"{at_point(one.point)}: {what}, and results must be numbers; return arrays of them"
        ) from error


def _asked_for(error: TypeError) -> str:
    """Where the run needs a number that is traced, and the remedy."""
    own = [f for f in traceback.extract_tb(error.__traceback__) if not _LIBRARIES.search(f.filename)]
    where = f" (line {own[-1].lineno} of {Path(own[-1].filename).name}: {own[-1].line})" if own else ""
    return (
        f"the run asks for the value of a number that is traced{where}, and one program serves all values of it; sizes "
        "and choices must be static: give the study prepare=lambda point: Plan(static, arrays), and what must be "
        "traced to jnp.where"
    )


def _same(before: Any, after: Any) -> None:
    """The carry must keep its structure, shapes and dtypes, or every segment would be another program."""
    show = lambda tree: {jax.tree_util.keystr(p): f"{a.dtype}{list(a.shape)}" for p, a in
                         jax.tree_util.tree_flatten_with_path(jax.tree.map(jnp.asarray, tree))[0]}  # fmt: skip
    old, new = show(before), show(after)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if changed or jax.tree.structure(before) != jax.tree.structure(after):
        name = changed[0] if changed else "its structure"
        raise ValueError(
            f"the program's carry changes in advance: {name} is {old.get(name)} before and {new.get(name)} after; "
            "give it one shape and dtype"
        )


def _shapes(found: Any, grid: Grid) -> Shapes:
    if not isinstance(found, dict) or not found:
        raise ValueError(
            f"the run returned {type(found).__name__}; it must return a dict of named results, so write {{'mean': ...}}"
        )
    taken = {"seed", *grid.names, *grid.dims}
    shapes: Shapes = {}
    for name, value in sorted(found.items()):
        real = (
            hasattr(value, "dtype")
            and not jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
            and value.dtype.kind in "fiubV"
        )
        if not isinstance(name, str) or not real:
            raise ValueError(f"result {name!r} must be an array of real numbers; return a flat dict of such arrays")
        if name in taken:
            raise ValueError(f"result {name!r} has the name of an axis, and needs another; rename it")
        check_name(name)
        wide = value.dtype.kind in "iub" or value.dtype == np.float64  # integers are exact in float64, which knows NaN
        shapes[name] = (tuple(value.shape), "float64" if wide else "float32")
    dims = {f"{name}_dim{i}": name for name, (shape, _) in shapes.items() for i in range(len(shape))}
    for name in shapes:
        if name in dims:
            raise ValueError(f"result {name!r} has the name of an axis of {dims[name]!r}, and needs another; rename it")
    return shapes


def _agree(results: Sequence[Shapes]) -> None:
    seen: dict[str, Any] = {}
    for shapes in results:
        for name, shape in shapes.items():
            if seen.setdefault(name, shape) != shape:
                raise ValueError(
                    f"result {name!r} has shape {seen[name][0]} at some points and {shape[0]} at others; "
                    "return one shape at every point (pad it, or keep a statistic), or sweep them apart"
                )
