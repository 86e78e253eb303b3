"""`jaxsnn report`: what a results folder or the store of a sweep holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro


@dataclass(frozen=True)
class Report:
    """Print the verdicts of a results folder and write its report.html again; or describe the store of a sweep."""

    run_folder: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN", name="run")]]
    """results/<paper>/<preset>, or the store of a sweep"""

    def run(self) -> int:
        folder = self.run_folder
        if not folder.is_dir():
            raise ValueError(
                f"{folder} is no folder, and must be one; name a results folder (results/PAPER/PRESET) or a sweep's "
                "store"
            )
        if (folder / "claims.json").is_file():
            return _results(folder)
        if (folder / "spec.json").is_file():
            print("\n".join(f"{name:<10} {text}" for name, text in describe_store(folder).items()))
            return 0
        below = sorted(str(path.parent) for path in folder.glob("*/claims.json")) + sorted(
            str(path.parent) for path in folder.glob("*/*/claims.json")
        )
        there = f"; below it there is {', '.join(below)}" if below else ""
        raise ValueError(
            f"{folder} holds neither results (claims.json) nor a sweep (spec.json), and must hold one; name another "
            f"folder{there}"
        )


def _results(folder: Path) -> int:
    from ..claims import print_table
    from ..reproduction import rebuild_report

    records, page = rebuild_report(folder)
    print_table(records, title=str(folder))
    print(page if page is not None else f"no manifest.json in {folder}, so the report stays as it is")
    return 0


def describe_store(folder: Path) -> dict[str, str]:
    """A sweep's store in words: what was asked for, how much of it is there, how it was made."""
    spec, layout = _json(folder / "spec.json"), _json(folder / "layout.json")
    runs = _json(folder / "side" / "runs.json", [])
    factors, seeds = spec["grid"]["factors"], spec["grid"]["seed"]
    chunks = sum(len(group["chunks"]) for group in layout["groups"]) if layout else 0
    finished = len(list((folder / "markers").glob("*.json")))
    about = {"study": f"{spec['study']}, version {spec['version']}"}
    about |= {name: _values(column) for factor in factors for name, column in factor}
    about |= {"seeds": _values(seeds), **{name: str(value) for name, value in spec["constants"].items()}}
    about["key"] = f"{spec['key']['impl']} {spec['key']['data']}" + (", independent" if spec["independent"] else "")
    about["progress"] = f"{finished} of {chunks} chunks finished" + (
        "" if finished == chunks else "; the same sweep goes on from there"
    )
    if runs:
        about |= _made(runs)
    return about


def _made(runs: list[Mapping[str, Any]]) -> dict[str, str]:
    wall, compiling = (sum(run[name] for run in runs) for name in ("wall_seconds", "compile_seconds"))
    counted = f"{len(runs)} run{'s' * (len(runs) > 1)}"
    versions = ", ".join(f"{name} {version}" for name, version in runs[-1]["versions"].items())
    return {
        "time": f"{wall:.1f} s in {counted}, {compiling:.1f} s of it compiling",
        "machine": str(runs[-1]["platform"]),
        "versions": versions,
    }


def _values(column: list[Any]) -> str:
    texts = [f"{value:.6g}" if isinstance(value, float) else str(value) for value in column]
    shown = texts if len(texts) <= 10 else [*texts[:4], "...", *texts[-2:]]
    return ", ".join(shown) + (f"  ({len(texts)})" if len(texts) > 1 else "")


def _json(path: Path, missing: Any = None) -> Any:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return missing
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error})") from None
