"""Chunks put together: an xarray Dataset with the axes of the grid, the seeds, and all that is known of the run."""

import functools
import json
import platform as host
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from .grid import Grid
from .job import Shapes
from .layout import ChunkId, Layout
from .spec import digest

if TYPE_CHECKING:
    import xarray as xr


def assemble(
    grid: Grid,
    layout: Layout,
    results: Sequence[Shapes],
    chunks: Iterable[tuple[ChunkId, Mapping[str, np.ndarray]]],
    attrs: Mapping[str, Any],
    undefined: Sequence[str] = (),
) -> "xr.Dataset":
    """Dims: one per axis (zipped axes share theirs), then `seed`, then `<result>_dim0` ... of a result's own axes.

    chunks: (chunk, arrays [point, seed, ...], padding allowed). What is in no chunk is NaN.
    undefined: results in which NaN is an answer. Any other number that is not finite is counted in attrs["warning"].
    """
    import xarray as xr

    points, seeds = int(np.prod(grid.shape)), len(grid.seeds)
    shapes = {name: shape for group in results for name, shape in group.items()}
    flat = {name: np.full((points, seeds, *shape), np.nan, dtype) for name, (shape, dtype) in sorted(shapes.items())}
    bad = np.zeros((points, seeds), bool)
    where = set()
    for place, arrays in chunks:
        members = list(layout.chunk_of(place).points)
        for name, values in arrays.items():
            flat[name][members] = values[: len(members)]
            wrong = np.isinf(values) if name in undefined else ~np.isfinite(values)
            wrong = wrong[: len(members)].any(axis=tuple(range(2, values.ndim)))
            bad[members] |= wrong
            where |= {name} if wrong.any() else set()
    data = {}
    for name, values in flat.items():
        own = tuple(f"{name}_dim{i}" for i in range(values.ndim - 2))
        data[name] = ((*grid.dims, "seed", *own), values.reshape((*grid.shape, *values.shape[1:])))
    coords: dict[str, Any] = {"seed": list(grid.seeds)}
    for dim, factor in zip(grid.dims, grid.factors, strict=True):
        coords.update({name: (dim, np.asarray(column)) for name, column in factor})
    made = xr.Dataset(data, coords=coords, attrs=dict(attrs))
    if bad.any():
        made.attrs["warning"] = (
            f"{int(bad.sum())} of {grid.networks} networks have results that are not finite: {', '.join(sorted(where))}"
        )
    return made


def spec_attrs(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What identifies the sweep."""
    return {
        "study": spec["study"],
        "version": spec["version"],
        "spec": json.dumps(spec, sort_keys=True),
        "spec_hash": digest(spec),
        "key": json.dumps(spec["key"], sort_keys=True),
        "independent": int(spec["independent"]),
    }


def machine() -> dict[str, Any]:
    """Where this process runs, and with which versions."""
    devices = jax.local_devices()
    return {
        "host": host.node(),
        "platform": f"{devices[0].platform} x {len(devices)} ({devices[0].device_kind}), {host.platform()}",
        "versions": dict(_versions()),
    }


@functools.cache
def _versions() -> dict[str, str]:
    """Those of this process; looking them up takes milliseconds."""
    found = {"python": host.python_version()}
    for name in ("spikegrid", "jax", "jaxlib", "equinox", "numpy", "xarray", "zarr"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found


def run_attrs(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Totals over all runs that made the data; speeds count what was computed, without compilation."""
    if not runs:
        return {}
    wall, compiling = (float(sum(run[name] for run in runs)) for name in ("wall_seconds", "compile_seconds"))
    attrs: dict[str, Any] = {"wall_seconds": wall, "compile_seconds": compiling}
    work = [run["updates"] for run in runs]
    if None not in work:
        attrs["updates"] = float(sum(work))
        attrs["updates_per_second"] = attrs["updates"] / max(sum(run["run_seconds"] for run in runs), 1e-9)
    last = runs[-1]
    return {**attrs, "platform": last["platform"], "versions": json.dumps(last["versions"], sort_keys=True)}
