"""Panels of a preset: loaded when nothing changed, resumed when something is missing, begun again when they must be."""

import json
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .progress import Lines, duration
from .sources import versions

if TYPE_CHECKING:
    import xarray as xr

    from ..sweeps import Panel, Spec
    from ..trainings import Trainings


def panel_spec(panel: "Panel | Trainings") -> "Spec":
    """What identifies a panel's numbers, without tracing its program."""
    import jax

    from ..sweeps import Spec
    from ..sweeps.spec import describe_key
    from ..sweeps.study import as_study, merged_constants
    from ..trainings import Trainings

    if isinstance(panel, Trainings):
        return panel.spec
    study = as_study(panel.study)
    constants = merged_constants(study, panel.grid.names, panel.constants)
    key = describe_key(jax.random.key(panel.key))
    return Spec(study.name, str(study.version), panel.grid.to_json(), constants, key, panel.independent)


def describe_panel(panel: "Panel | Trainings") -> dict[str, Any]:
    """A panel in short, for the report."""
    spec = panel_spec(panel)
    axes = {}
    for factor in panel.grid.factors:
        together = " (together)" if len(factor) > 1 else ""
        axes |= {name + together: ", ".join(_number(v) for v in column) for name, column in factor}
    seeds = panel.grid.seeds
    counted = len(seeds) if seeds == tuple(range(len(seeds))) else ", ".join(map(str, seeds))
    own = {"seeds": counted, "key": panel.key, "independent noise": spec.independent, "spec": spec.hash[:16]}
    return {"study": f"{spec.study}, version {spec.version}", **axes, **spec.constants, **own}


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def obtain(name: str, panel: "Panel", store: Path, code: str, lines: Lines, cores: int | None) -> "xr.Dataset":
    """The panel's Dataset, by the shortest way that is right; one line tells which.

    code: hash of the sources that its numbers come from. A store that was finished by these sources and versions is
    loaded; any other is resumed, which traces the program to make sure that it is the same. A store of another spec or
    program is moved aside, and damaged chunks are computed again.
    """
    facts = {"code": code, "versions": versions(), "spec": panel_spec(panel).hash}
    with lines.panel(name, store) as (report, end):
        begun = time.monotonic()
        data = _loaded(store, facts)
        if data is not None:
            end(f"loaded, {panel.grid.networks} networks")
            return data
        segments = 0

        def counted(place: Any, progress: Any) -> None:
            nonlocal segments
            segments += 1
            report(place, progress)

        data = _run(name, panel, store, lines, on_segment=counted, cores=cores)
        _trust(store, facts)
        taken = f" in {duration(time.monotonic() - begun)}{_speed(data)}" if segments else ""
        end(f"{'computed' if segments else 'loaded'}, {panel.grid.networks} networks{taken}")
        return data


def _run(name: str, panel: "Panel", store: Path, lines: Lines, **options: Any) -> "xr.Dataset":
    try:
        return panel.run(store, **options)
    except ValueError as error:
        if not _made_fit(name, panel, store, lines, str(error)):
            raise error
    return panel.run(store, **options)


def _made_fit(name: str, panel: "Panel", store: Path, lines: Lines, said: str) -> bool:
    """Whether the store was what stopped the sweep, which said so; then it stops it no longer.

    Raises ValueError where another process writes into the store.
    """
    import jax

    from ..sweeps import repair
    from ..sweeps.job import make_job

    if not store.exists():
        return False
    with alone(store):
        pass  # nobody else is at work here
    key, constants = jax.random.key(panel.key), dict(panel.constants)
    job = make_job(panel.study, panel.grid, key=key, independent=panel.independent, constants=constants)
    try:
        damage = repair(store, job)
    except ValueError as error:
        moved = set_aside(store)
        lines.say(f"{name}: {str(error).partition('; name ')[0]}")
        lines.say(f"{name}: it was moved to {moved.relative_to(store.parents[1])}, and the sweep is run anew")
        return True
    for one in damage:
        if one.place is None:
            lines.say(f"{name}: {one.what}; it is mended")
        else:
            lines.say(f"{name}: chunk {one.place} was damaged ({one.what}) and is computed again")
    unfinished = [file for file in (store / "side").glob("*.checkpoint") if str(file) in said]
    for file in unfinished:
        lines.say(f"{name}: the state of an unfinished chunk, {file.name}, cannot be used and is given up")
        file.unlink()
    return bool(damage or unfinished)


def set_aside(store: Path) -> Path:
    """Move a store out of the way; returns where to. Raises ValueError where another process writes into it."""
    folder = store.parents[1] / "replaced"
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while (folder / f"{store.name}-{number}").exists():
        number += 1
    with alone(store):
        return store.rename(folder / f"{store.name}-{number}")


def alone(store: Path) -> AbstractContextManager[object]:
    """The store's lock, where there is something to lock. Raises ValueError while another process has it."""
    from ..sweeps.lock import held

    return held(store) if (store / "side").is_dir() else nullcontext()


def _loaded(store: Path, facts: dict[str, Any]) -> "xr.Dataset | None":
    """The finished store of these facts; None when it must be looked at more closely."""
    from ..sweeps import load

    try:
        trusted = json.loads((store / "side" / "reproduced.json").read_text())
        data = load(store) if trusted == facts else None
    except (OSError, ValueError):
        return None
    if data is None or data.attrs["chunks_finished"] != data.attrs["chunks"]:
        return None
    return data if data.attrs["spec_hash"] == facts["spec"] else None


def _trust(store: Path, facts: dict[str, Any]) -> None:
    """Beside the store's other facts about runs, outside of its results."""
    from .tables import write_text

    write_text(store / "side" / "reproduced.json", json.dumps(facts, sort_keys=True, indent=1) + "\n")


def _speed(data: "xr.Dataset") -> str:
    compiling = f" ({duration(data.attrs['compile_seconds'])} compiling)" if "compile_seconds" in data.attrs else ""
    speed = data.attrs.get("updates_per_second")
    return compiling + (f", {speed / 1e6:.3g} million updates/s" if speed else "")
