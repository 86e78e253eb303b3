"""`jaxsnn sweep`: a study on a grid that is written on the command line, to a store, a table or both."""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import tyro

from .arguments import option

if TYPE_CHECKING:
    import xarray as xr

    from ..sweeps import Grid, Study
    from .studies import Found

DEFAULT_SEEDS = 8


@dataclass(frozen=True)
class Sweep:
    """Run a study at every point of a grid, for every seed.

    The grid is whatever the study takes: `--noise 0.05:40:24:log --delay 0,0.1,0.4 --neurons 64`. A range is
    first:last:count[:log|lin], a list has commas. One value for a setting of the study (`--duration 200`) sets it.
    With `--store` alone, a sweep that was begun goes on.
    """

    study: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="STUDY")]]
    """an experiment of the checkout, or the path of a file with STUDY = Study(...) or run(point, key)"""
    seeds: Annotated[str | None, option("SEEDS", "those of the study's own grid, else 8")] = None
    """how many, or which: 3,5,8"""
    key: Annotated[int, tyro.conf.arg(metavar="KEY")] = 0
    """the random key that everything is drawn from"""
    preset: Annotated[str | None, option("NAME", "its GRID, if it has one")] = None
    """one of the study's own grids; axes that are given replace its axes"""
    store: Annotated[Path | None, option("FOLDER", "none")] = None
    """keep results here as they come, and go on from what is here"""
    csv: Annotated[Path | None, option("FILE", "without a store, standard output")] = None
    """write the table, a row for each point and seed"""
    chunk: Annotated[int | None, option("POINTS", "the study's")] = None
    """points computed together"""
    engine: Annotated[str, tyro.conf.arg(metavar="ENGINE")] = "inline"
    """who runs the chunks"""
    independent: tyro.conf.FlagCreatePairsOff[bool] = False
    """random numbers of its own for every point, instead of shared ones"""
    verify: tyro.conf.FlagCreatePairsOff[bool] = False
    """check every finished chunk of the store; exit code 1 if any is damaged"""
    repair: tyro.conf.FlagCreatePairsOff[bool] = False
    """with --verify: compute the damaged chunks again"""
    dry_run: tyro.conf.FlagCreatePairsOff[bool] = False
    """say what it would take: points, programs, chunks, memory, time"""
    cores: Annotated[int | None, option("CORES", "all")] = None
    """how many to use"""
    axes: tyro.conf.Suppress[tuple[tuple[str, str], ...]] = ()

    def with_axes(self, axes: Mapping[str, str]) -> "Sweep":
        """axes: name -> values as written, which no option of this command has taken."""
        return replace(self, axes=tuple(axes.items()))

    def run(self) -> int:
        if self.verify:
            damaged = self._verify()
            if not self.repair:
                return 1 if damaged else 0
        elif self.repair:
            raise ValueError("--repair goes with --verify, which finds what is to be repaired")
        _check_place(self.csv)
        from ..start import start
        from .studies import explained, find_study

        cores = start(self.cores)
        found = find_study(self.study)
        with explained(found):
            asked = self._asked(found)
            return self._plan(found, asked, cores) if self.dry_run else self._sweep(found, asked, cores)

    def _verify(self) -> bool:
        from ..sweeps import verify

        if self.store is None:
            raise ValueError("--verify checks a store; name it with --store")
        damage = verify(self.store, drop=self.repair)
        finished = len(list((self.store / "markers").glob("*.json")))
        for one in damage:
            print(f"chunk {one.place}: {one.what}", file=sys.stderr)
        bad = len({one.place for one in damage})
        remedy = "" if not bad or self.repair else "; --verify --repair computes them again"
        whole = f"all {finished} finished chunks are whole"
        print(f"{self.store}: {f'{bad} damaged chunk(s){remedy}' if bad else whole}", file=sys.stderr)
        return bool(damage)

    def _asked(self, found: "Found") -> "Asked":
        """The grid and settings: from the command line, the study's own grid, or the store that is to go on."""
        if not self.axes and self.store is not None and (self.store / "spec.json").is_file():
            return _from_store(self, found.study)
        settings, axes = _sorted_out(self.axes, found.study)
        grid = _grid(self, found, axes)
        from .names import check_names

        first = {**found.study.constants, **settings, **grid.points()[0]}
        check_names(found.study, first, [name for name, _ in self.axes])
        return Asked(grid, settings, None, self.independent, self.chunk)

    def _options(self, asked: "Asked", cores: int | None) -> dict[str, Any]:
        from jax import random

        return {
            "key": random.key(self.key) if asked.key is None else asked.key,
            "chunk": asked.chunk,
            "store": self.store,
            "independent": asked.independent,
            "cores": cores,
            "constants": asked.settings,
        }

    def _plan(self, found: "Found", asked: "Asked", cores: int | None) -> int:
        from ..sweeps import plan_sweep

        print(plan_sweep(found.study, asked.grid, **self._options(asked, cores)))
        return 0

    def _sweep(self, found: "Found", asked: "Asked", cores: int | None) -> int:
        from ..reproduction.tables import table_columns, table_text, write_text
        from ..sweeps import sweep

        begun = time.monotonic()
        before = _runs(self.store)
        options = self._options(asked, cores)
        data = sweep(found.study, asked.grid, engine=self.engine, progress=True, **options)
        if self.csv is not None or self.store is None:
            text = table_text(data, table_columns(data, found.columns))
            if self.csv is not None:
                write_text(self.csv, text)
            else:
                sys.stdout.write(text)
        print(_closing(data, time.monotonic() - begun, before, _runs(self.store), self), file=sys.stderr)
        return 0


class Asked(NamedTuple):
    """A sweep as it is to be run. key: that of the store which goes on, else None."""

    grid: "Grid"
    settings: dict[str, Any]
    key: Any
    independent: bool
    chunk: int | None


def _sorted_out(given: tuple[tuple[str, str], ...], study: "Study") -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings (one value for a constant of the study) and axes."""
    from ..sweeps import axes as forms

    settings, axes = {}, {}
    for name, text in given:
        if name == "seed":
            raise ValueError("--seed is no axis; --seeds 8 runs eight seeds, --seeds 3,5 these two")
        values = forms.values(name, _truth(text))
        if name in study.constants and len(values) == 1:
            settings[name] = None if values[0] in ("none", "None") else values[0]
        else:
            axes[name] = list(values)
    return settings, axes


def _truth(text: str) -> Any:
    """`true` and `false` are no names."""
    words = [word.strip() for word in text.lower().split(",")]
    return [word == "true" for word in words] if set(words) <= {"true", "false"} else text


def _grid(command: Sweep, found: "Found", axes: Mapping[str, Any]) -> "Grid":
    """The study's own grid with the given axes in place of its own; seeds as asked for."""
    from ..sweeps import Grid

    own = _preset(command, found)
    factors = [dict(factor) for factor in own.factors] if own is not None else []
    grid = Grid(seed=_seeds(command.seeds, own))
    placed = set()
    for factor in factors:
        replaced = [name for name in factor if name in axes]
        if replaced and len(factor) > 1:
            raise ValueError(
                f"{replaced[0]} runs together with {', '.join(n for n in factor if n != replaced[0])} in the study's "
                "own grid; write a grid of your own, without --preset"
            )
        placed |= set(replaced)
        columns = {name: list(axes.get(name, values)) for name, values in factor.items()}
        grid = grid * (Grid(**columns) if len(columns) == 1 else Grid.zip(**columns))
    return grid * Grid(**{name: values for name, values in axes.items() if name not in placed})


def _seeds(text: str | None, own: "Grid | None") -> Any:
    if text is None:
        return DEFAULT_SEEDS if own is None else list(own.seeds)
    return text


def _preset(command: Sweep, found: "Found") -> "Grid | None":
    if command.preset is None:
        return found.grids.get("")
    if command.preset not in found.grids:
        known = ", ".join(name for name in found.grids if name) or "none"
        raise ValueError(f"{found.study.name} has no grid {command.preset!r}; it has {known}")
    return found.grids[command.preset]


def _from_store(command: Sweep, study: "Study") -> Asked:
    """Everything as it was when the store was begun."""
    import numpy as np
    from jax import random

    from ..sweeps import Grid
    from ..sweeps.store import read_store

    given = [name for name in ("seeds", "preset", "chunk") if getattr(command, name) is not None]
    if given:
        raise ValueError(f"--{given[0]} without axes: {command.store} goes on as it was begun; drop it, or give axes")
    opened = read_store(command.store)  # type: ignore[arg-type]
    spec = opened.spec
    if spec["study"] != study.name:
        raise ValueError(f"store {command.store} holds a sweep of {spec['study']}, not of {study.name}")
    grid = Grid.from_json(spec["grid"])
    settings = {name: value for name, value in spec["constants"].items() if study.constants.get(name) != value}
    key = random.wrap_key_data(np.asarray(spec["key"]["data"], np.uint32), impl=spec["key"]["impl"])
    return Asked(grid, settings, key, spec["independent"], opened.layout.chunk)


def _check_place(path: Path | None) -> None:
    """Before hours of computing: can the table be written?"""
    if path is None:
        return
    if path.is_dir():
        raise ValueError(f"--csv {path} is a folder; name a file")
    path.parent.mkdir(parents=True, exist_ok=True)


def _runs(store: Path | None) -> list[dict[str, Any]]:
    try:
        return json.loads((store / "side" / "runs.json").read_text()) if store is not None else []
    except (OSError, ValueError):
        return []


def _closing(data: "xr.Dataset", seconds: float, before: list[Any], after: list[Any], command: Sweep) -> str:
    """Wall time, compile time, speed; of this run alone."""
    from ..reproduction.progress import duration
    from ..sweeps.dataset import run_attrs

    where = f"; {command.csv}" if command.csv is not None else f"; {command.store}" if command.store else ""
    if command.store is not None and len(after) <= len(before):
        return f"{duration(seconds)}, everything was in the store already{where}"
    attrs = run_attrs(after[len(before) :]) if command.store is not None else data.attrs
    speed = attrs.get("updates_per_second")
    fast = f", {speed / 1e6:.4g} million neuron-updates/s" if speed else ""
    return f"{duration(seconds)}, {duration(attrs['compile_seconds'])} of it compiling{fast}{where}"
