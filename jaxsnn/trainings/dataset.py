"""Finished runs put together: a Dataset with the axes of the grid and the seeds, like that of a sweep."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..sweeps.dataset import spec_attrs
from .store import Shapes, TrainingStore
from .trainings import Training

if TYPE_CHECKING:
    import xarray as xr


def assemble(store: TrainingStore, whole_seeds: bool = False) -> "xr.Dataset":
    """Dims: one per axis (zipped axes share theirs), `seed`, then `<result>_dim0` ... of a result's own axes.

    What is not finished is NaN. whole_seeds: only seeds of which every point is finished.
    Raises ValueError where nothing is finished, and for results that are damaged or differ in their shapes.
    """
    import xarray as xr

    panel = store.panel
    done = {one.id: one for one in store.finished()}
    seeds = _seeds(store, done) if whole_seeds else list(panel.grid.seeds)
    shown = [one for one in panel.trainings if one.id in done and one.seed in seeds]
    if not shown:
        what = "no seed has all its points" if whole_seeds and done else "no run is"
        raise ValueError(f"store {store.folder}: {what} finished yet; train it further")
    shapes = agreed_shapes(store, shown)
    flat = {
        name: _blank((len(seeds), *panel.grid.shape, *shape), dtype, len(shown))
        for name, (shape, dtype) in shapes.items()
    }
    points = int(np.prod(panel.grid.shape))
    place = {(i, s): n for n, (s, i) in enumerate((s, i) for s in seeds for i in range(points))}
    index = {one.id: i % points for i, one in enumerate(panel.trainings)}
    for one in shown:
        for name, value in store.read(one).items():
            shape = shapes[name][0]
            flat[name].reshape((-1, *shape))[place[index[one.id], one.seed]] = value
    data = {}
    for name, values in flat.items():
        own = tuple(f"{name}_dim{i}" for i in range(len(shapes[name][0])))
        moved = np.moveaxis(values, 0, len(panel.grid.shape))
        data[name] = ((*panel.grid.dims, "seed", *own), moved)
    coords: dict[str, Any] = {"seed": seeds}
    for dim, factor in zip(panel.grid.dims, panel.grid.factors, strict=True):
        coords.update({name: (dim, np.asarray(column)) for name, column in factor})
    made = xr.Dataset(data, coords=coords, attrs={**spec_attrs(panel.spec.to_json()), **_attrs(store, shown)})
    warning = _warning(made, panel.undefined, len(shown) < len(seeds) * points)
    return made.assign_attrs(warning=warning) if warning else made


def agreed_shapes(store: TrainingStore, done: list[Training]) -> Shapes:
    """Names, shapes and dtypes that all finished runs have; ValueError naming the first that differs."""
    first = store.shapes(done[0])
    for one in done[1:]:
        other = store.shapes(one)
        if other != first:
            differ = sorted(name for name in {*first, *other} if first.get(name) != other.get(name))[0]
            raise ValueError(
                f"{store.panel.name}: result {differ!r} is {_said(first.get(differ))} at {done[0]} and "
                f"{_said(other.get(differ))} at {one}; every point must give the same names, shapes and dtypes, so pad"
            )
    return first


def _said(shape: tuple[tuple[int, ...], str] | None) -> str:
    return "missing" if shape is None else f"{np.dtype(shape[1]).name}{list(shape[0])}"


def _seeds(store: TrainingStore, done: dict[str, Training]) -> list[int]:
    left = {one.seed for one in store.panel.trainings if one.id not in done}
    return [seed for seed in store.panel.grid.seeds if seed not in left]


def _blank(shape: tuple[int, ...], dtype: str, runs: int) -> np.ndarray:
    """NaN where a number may be missing: counts become floats then, as they do in every table."""
    wanted = np.dtype(dtype)
    return np.full(shape, np.nan, wanted if wanted.kind == "f" else np.float64)


def _attrs(store: TrainingStore, shown: list[Training]) -> dict[str, Any]:
    """Times and memory, of the runs that are shown."""
    panel = store.panel
    kept = ("point", "seed", "seconds", "peak_bytes", "facts")
    records = [record for record in map(store.record, shown) if {*kept, "platform", "versions"} <= record.keys()]
    attrs: dict[str, Any] = {"trainings": len(panel.trainings), "finished": len(shown)}
    if not records:
        return attrs
    last = records[-1]
    return {
        **attrs,
        "wall_seconds": float(sum(record["seconds"] for record in records)),
        "peak_bytes": max(int(record["peak_bytes"]) for record in records),
        "platform": last["platform"],
        "versions": json.dumps(last["versions"], sort_keys=True),
        "records": json.dumps([{name: record[name] for name in kept} for record in records], sort_keys=True),
    }


def _warning(data: "xr.Dataset", undefined: tuple[str, ...], partial: bool) -> str:
    if partial:
        return ""
    wrong = [str(name) for name in data.data_vars if name not in undefined and not np.isfinite(data[name].values).all()]
    return f"results that are not finite: {', '.join(wrong)}" if wrong else ""
