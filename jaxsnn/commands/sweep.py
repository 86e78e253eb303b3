"""`jaxsnn sweep`: a study on a grid that is written on the command line, to a store, a table or both."""

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from .arguments import option

if TYPE_CHECKING:
    import xarray as xr

    from ..sweeps import Engine
    from .grids import Asked
    from .studies import Found


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
    """who runs the chunks: inline (here), processes (workers that may be killed), dask, submitit (clusters)"""
    workers: Annotated[int | None, option("WORKERS", "1 process, 8 jobs")] = None
    """how many, for the engines processes (which share the cores) and submitit"""
    independent: tyro.conf.FlagCreatePairsOff[bool] = False
    """random numbers of its own for every point, instead of shared ones"""
    verify: tyro.conf.FlagCreatePairsOff[bool] = False
    """check every file of the store; exit code 1 if any is damaged"""
    repair: tyro.conf.FlagCreatePairsOff[bool] = False
    """with --verify: compute the damaged chunks again, and write a damaged description again"""
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
            raise ValueError("--repair goes with --verify, which finds what is to be repaired; add it")
        _check_place(self.csv)
        if not 0 <= self.key < 2**32:
            raise ValueError(f"--key {self.key}: must be an integer from 0 to 2**32 - 1; pass --key 0")
        from ..start import start
        from ..sweeps.engines import find_engine
        from .grids import ask
        from .studies import explained, find_study

        engine = find_engine(self.engine, self.workers)
        cores = start(self.cores)
        found = find_study(self.study)
        with explained(found):
            asked = ask(self, found)
            act = self._plan if self.dry_run else self._sweep
            return act(found, asked, cores, engine)

    def _verify(self) -> bool:
        from ..sweeps import verify

        if self.store is None:
            raise ValueError("--verify checks a store, and needs one; name it with --store")
        damage = verify(self.store)
        for one in damage:
            print(one, file=sys.stderr)
        if damage:
            chunks = len({one.place for one in damage} - {None})
            others = sum(one.place is None for one in damage)
            counted = [f"{chunks} damaged chunk(s)"] * bool(chunks) + [f"{others} other fault(s)"] * bool(others)
            remedy = "" if self.repair else "; --verify --repair computes or writes them again"
            print(f"{self.store}: {' and '.join(counted)}{remedy}", file=sys.stderr)
        else:
            finished = len(list((self.store / "markers").glob("*.json")))
            print(f"{self.store}: all {finished} finished chunks are whole", file=sys.stderr)
        return bool(damage)

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

    def _plan(self, found: "Found", asked: "Asked", cores: int | None, engine: "Engine") -> int:
        from ..sweeps import plan_sweep

        print(plan_sweep(found.study, asked.grid, engine=engine, **self._options(asked, cores)))
        return 0

    def _sweep(self, found: "Found", asked: "Asked", cores: int | None, engine: "Engine") -> int:
        from ..reproduction.tables import table_text, write_text
        from ..sweeps import sweep

        begun = time.monotonic()
        before = _runs(self.store)
        options = self._options(asked, cores)
        data = sweep(found.study, asked.grid, engine=engine, progress=True, repair=self.repair, **options)
        if self.csv is not None or self.store is None:
            text = table_text(data, _columns(data, found.columns))
            if self.csv is not None:
                write_text(self.csv, text)
            else:
                sys.stdout.write(text)
        print(_closing(data, time.monotonic() - begun, before, _runs(self.store), self), file=sys.stderr)
        return 0


def _columns(data: "xr.Dataset", declared: tuple[str, ...]) -> list[str]:
    """What was computed is written, even if the study declares a column that is not there."""
    from ..reproduction.tables import table_columns

    try:
        return table_columns(data, declared)
    except ValueError as error:
        print(f"warning: {error}; every column is written", file=sys.stderr)
        return table_columns(data)


def _check_place(path: Path | None) -> None:
    """Before hours of computing: can the table be written?"""
    if path is None:
        return
    if path.is_dir():
        raise ValueError(f"--csv {path} must be a file, and is a folder; name a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ValueError(f"--csv {path} cannot be written ({error}); name a file in a folder of your own") from None


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
