"""Result tables of a paper's sweeps; those of its full size are kept in the checkout, with what they came from."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .checkout import EXPERIMENTS
from .sources import file_hash
from .tables import table_columns, table_text, write_text

if TYPE_CHECKING:
    import xarray as xr

    from ..sweeps import Panel
    from ..trainings import Trainings


def panel_tables(
    experiment: ModuleType, panels: Mapping[str, "Panel | Trainings"], data: Mapping[str, "xr.Dataset"], folder: Path
) -> dict[str, Path]:
    """One CSV per panel: axes with several values, seed, results.

    An experiment's COLUMNS orders the columns of its STUDY; results that follow from others are left out when it names
    them in DERIVED. An experiment whose results are arrays writes its own text: table(panel's name, data).
    """
    if hasattr(experiment, "table"):
        return {name: write_text(folder / f"{name}.csv", experiment.table(name, data[name])) for name in panels}
    derived = set(getattr(experiment, "DERIVED", ()))
    made = {}
    for name, panel in panels.items():
        own = getattr(panel, "study", panel) is getattr(experiment, "STUDY", None)
        columns = table_columns(data[name], getattr(experiment, "COLUMNS", ()) if own else ())
        single = {axis for factor in panel.grid.factors for axis, values in factor if len(set(values)) == 1}
        kept = [column for column in columns if column not in single | derived]
        made[name] = write_text(folder / f"{name}.csv", table_text(data[name], kept))
    return made


def commit_tables(root: Path, paper: str, tables: Mapping[str, Path], data: Mapping[str, "xr.Dataset"]) -> list[Path]:
    """Copy the tables to `experiments/tables/<paper>/`, with how they were made beside them; returns the files."""
    folder = root / EXPERIMENTS / "tables" / paper
    files = [write_text(folder / path.name, path.read_text()) for path in tables.values()]
    entries = {name: _origin(path, data[name]) for name, path in zip(tables, files, strict=True)}
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(entry, sort_keys=True)}" for name, entry in entries.items())
    return [*files, write_text(folder / "manifest.json", f"{{\n{lines}\n}}\n")]


def _origin(path: Path, data: "xr.Dataset") -> dict[str, Any]:
    spec = json.loads(data.attrs["spec"])
    return {
        "file": path.name,
        "sha256": file_hash(path),
        "spec": spec,
        "spec_hash": data.attrs["spec_hash"],
        "key": spec["key"],
        "versions": json.loads(data.attrs.get("versions", "{}")),
        "platform": data.attrs.get("platform", "unknown"),
        "wall_seconds": data.attrs.get("wall_seconds"),
        "updates_per_second": data.attrs.get("updates_per_second"),
    } | {name: data.attrs[name] for name in ("trainings", "finished", "peak_bytes") if name in data.attrs}
