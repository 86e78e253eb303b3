"""One paper from sweeps to report, and the manifest that tells whether any of it has to be done again.

results/<paper>/<preset>/
    store/<panel>           sweeps and trainings, resumable
    tables/<panel>.csv      their results
    <figure>.pdf .png .csv  figures, and the numbers that they show
    claims.json report.html
    manifest.json           hashes of all that, and of what it was made from
    replaced/               stores that the present code or preset could not go on with
"""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..claims import Figure, Report, evaluate, print_table, write_claims, write_report
from .checkout import EXPERIMENTS, FIGURES, load_module, members, papers
from .committed import commit_tables, panel_tables
from .panels import describe_panel, obtain
from .progress import Lines, duration
from .sources import all_sources, experiment_sources, file_hash, store_hash, versions
from .tables import write_text
from .trained import AS_USUAL, How, obtain_trained

if TYPE_CHECKING:
    import xarray as xr

    from ..sweeps import Panel
    from ..trainings import Trainings

    Panels = Mapping[str, Panel | Trainings]

MANIFEST = "manifest.json"
COMMITTED = "paper"  # the preset whose tables are kept in the checkout


class Reproduced(NamedTuple):
    """What was made of one paper. `fresh`: nothing had to be done."""

    paper: str
    report: Path
    claims: list[dict]
    fresh: bool


def reproduce(
    root: Path,
    *,
    preset: str = "quick",
    only: Sequence[str] = (),
    folder: Path | None = None,
    cores: int | None = None,
    how: How = AS_USUAL,
    console: Any = None,
) -> list[Reproduced]:
    """Every paper of the checkout `root`, or those in `only`: sweeps, figures, claims, report, under `folder`.

    how: how trainings are done, where an experiment has any.
    console: a rich Console for progress, tables and the closing line.
    Raises ValueError for an unknown paper or preset, KeyboardInterrupt with a sentence on how to go on.
    """
    from rich.console import Console

    console = Console() if console is None else console
    known = papers(root)
    unknown = [name for name in only if name not in known]
    if unknown:
        raise ValueError(
            f"only must name papers, and there is no paper {unknown[0]!r} here; there is {', '.join(known) or 'none'}"
        )
    made = []
    for paper in only or known:
        begun = time.monotonic()
        home = (root / "results" if folder is None else folder) / paper / preset
        if unchanged(root, paper, home):
            records = json.loads((home / "claims.json").read_text())
            done = Reproduced(paper, home / "report.html", records, True)
        else:
            done = _make(root, paper, preset, home, cores, how, console)
        print_table(done.claims, console, title=f"{paper} ({preset})")
        again = ", nothing had changed" if done.fresh else ""
        closing = f"{_shown(done.report)}  {duration(time.monotonic() - begun)}{again}"
        console.print(closing, markup=False, highlight=False, soft_wrap=True)
        made.append(done)
    return made


def unchanged(root: Path, paper: str, home: Path) -> bool:
    """Whether all results are there, whole, and made by the sources and versions of now. Reads files only."""
    manifest = _read(home)
    if manifest is None or manifest["versions"] != versions() or manifest["sources"] != all_sources(root, paper):
        return False
    return (
        all(file_hash(home / name) == known for name, known in manifest["outputs"].items())
        and all(file_hash(root / name) == known for name, known in manifest["committed"].items())
        and all(store_hash(home / "store" / name) == known for name, known in manifest["stores"].items())
    )


def train(
    root: Path,
    paper: str,
    *,
    preset: str = "quick",
    only: Sequence[str] = (),
    folder: Path | None = None,
    cores: int | None = None,
    how: How = AS_USUAL,
    console: Any = None,
) -> list[Reproduced]:
    """An experiment's trainings and sweeps, then its figures, claims and report; or the panels in `only` alone.

    Raises ValueError for an unknown experiment, preset or panel.
    """
    from rich.console import Console

    console = Console() if console is None else console
    known = papers(root)
    if paper not in known:
        raise ValueError(f"no experiment {paper!r} here; there is {', '.join(known) or 'none'}")
    if not only:
        return reproduce(root, preset=preset, only=[paper], folder=folder, cores=cores, how=how, console=console)
    home = (root / "results" if folder is None else folder) / paper / preset
    _, panels, code, cores = _prepared(root, paper, preset, cores, console)
    unknown = [name for name in only if name not in panels]
    if unknown:
        raise ValueError(f"{paper} has no panel {unknown[0]!r} in preset {preset}; it has {', '.join(panels)}")
    _obtained({name: panels[name] for name in only}, home, code, cores, how, console)
    return []


def _prepared(
    root: Path, paper: str, preset: str, cores: int | None, console: Any
) -> tuple[ModuleType, "Panels", str, int | None]:
    """The experiment, its panels, the hash of its sources, and the cores to use."""
    from ..start import start

    with console.status(f"{paper}: preparing"):
        cores = start(cores)
        experiment = load_module(root, f"{EXPERIMENTS}.{paper}")
        panels: Panels = experiment.preset(preset)
        code = experiment_sources(root, paper)
    title = f"{paper}, preset {preset}: {_counted(panels)}"
    console.print(title, markup=False, highlight=False, soft_wrap=True)
    return experiment, panels, code, cores


def _counted(panels: "Panels") -> str:
    from ..trainings import Trainings

    trained = [panel.grid.networks for panel in panels.values() if isinstance(panel, Trainings)]
    networks = [panel.grid.networks for panel in panels.values() if not isinstance(panel, Trainings)]
    swept = f"{len(networks)} sweeps, {sum(networks)} networks"
    trainings = f"{sum(trained)} trainings in {len(trained)} panels"
    return "; ".join([trainings] * bool(trained) + [swept] * (bool(networks) or not trained))


def _obtained(
    panels: "Panels",
    home: Path,
    code: str,
    cores: int | None,
    how: How,
    console: Any,
    figures: ModuleType | None = None,
) -> tuple[dict[str, "xr.Dataset"], list[Figure]]:
    """Data of all panels, and the figures that are drawn of them."""
    from ..trainings import Trainings

    def one(name: str) -> "xr.Dataset":
        panel, store = panels[name], home / "store" / name
        if isinstance(panel, Trainings):
            return obtain_trained(name, panel, store, lines, cores, how)
        return obtain(name, panel, store, code, lines, cores)

    try:
        with Lines(console, [*panels, "figures"]) as lines:
            data = {name: one(name) for name in panels}
            return data, [] if figures is None else _drawn(figures, data, panels, home, lines)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"stopped; what is finished is kept in {_shown(home)}, and the same command goes on from there"
        ) from None


def _make(root: Path, paper: str, preset: str, home: Path, cores: int | None, how: How, console: Any) -> Reproduced:
    experiment, panels, code, cores = _prepared(root, paper, preset, cores, console)
    figures = load_module(root, f"{FIGURES}.{paper}")
    data, drawn = _obtained(panels, home, code, cores, how, console, figures)
    records = evaluate(_claims(root, paper, experiment), data)
    page = {
        "title": figures.TITLE,
        "paper": figures.PAPER,
        "preset": preset,
        "command": f"python paper_figures/reproduce.py --preset {preset} --only {paper}",
        "spec": {name: describe_panel(panel) for name, panel in panels.items()},
        "versions": versions(),
        "platform": "; ".join(sorted({one.attrs.get("platform", "unknown") for one in data.values()})),
        "seed": "each sweep's key and seeds stand in its specification",
        "seconds": sum(float(one.attrs.get("wall_seconds", 0.0)) for one in data.values()),
        "made": time.strftime("%Y-%m-%d"),
        "summary": f"{_counted(panels)}.",
    }
    write_claims(records, home / "claims.json")
    _write_page(home, page, records, drawn)
    tables = panel_tables(experiment, panels, data, home / "tables")
    committed = commit_tables(root, paper, tables, data) if preset == COMMITTED else []
    outputs = [home / "claims.json", home / "report.html", *tables.values(), *_files(drawn)]
    manifest = {
        "sources": all_sources(root, paper),
        "versions": versions(),
        "stores": {name: _state(home / "store" / name, data[name]) for name in panels},
        "outputs": {path.relative_to(home).as_posix(): file_hash(path) for path in outputs},
        "committed": {path.relative_to(root).as_posix(): file_hash(path) for path in committed},
        "page": page,
        "figures": [_relative(figure, home) for figure in drawn],
    }
    _forget(home, manifest)
    write_text(home / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return Reproduced(paper, home / "report.html", records, False)


def _state(store: Path, data: "xr.Dataset") -> str:
    """The hash of a store; of one that is not finished a word that no store has, so that it is looked at again."""
    whole = data.attrs.get("trainings", 0) <= data.attrs.get("finished", 0)
    return store_hash(store) if whole else "not finished"


def _drawn(
    figures: ModuleType, data: dict[str, "xr.Dataset"], panels: "Panels", home: Path, lines: Lines
) -> list[Figure]:
    begun = time.monotonic()
    with lines.panel("figures", home) as (_, end):
        drawn = figures.draw(data, panels, home)
        end(f"drawn, {len(drawn)} figures in {duration(time.monotonic() - begun)}")
    return drawn


def _claims(root: Path, paper: str, experiment: ModuleType) -> Sequence[Any]:
    """Of the module itself, or of its submodule `claims`."""
    if hasattr(experiment, "CLAIMS"):
        return experiment.CLAIMS
    if (members(root, EXPERIMENTS)[paper].parent / "claims.py").is_file() and hasattr(experiment, "__path__"):
        return load_module(root, f"{EXPERIMENTS}.{paper}.claims").CLAIMS
    return []


def _write_page(home: Path, page: Mapping[str, Any], records: Sequence[Mapping], figures: Sequence[Figure]) -> Path:
    return write_report(Report(**page, claims=records, figures=figures), home / "report.html")


def rebuild_report(home: Path) -> tuple[list[dict], Path | None]:
    """The claims of a results folder, and its report written again; None where its manifest is not there to tell how.

    Raises ValueError for a folder that holds no claims.
    """
    try:
        records = json.loads((home / "claims.json").read_text())
    except FileNotFoundError:
        raise ValueError(f"{home} holds no claims.json, so it is no results folder") from None
    except ValueError as error:
        raise ValueError(f"{home / 'claims.json'} is damaged ({error}); reproduce the paper again") from None
    manifest = _read(home)
    if manifest is None:
        return records, None
    place = lambda name: home / name if name else None
    figures = [Figure(**{**f, "path_png": place(f["path_png"]), "csv": place(f["csv"])}) for f in manifest["figures"]]
    return records, _write_page(home, manifest["page"], records, figures)


def _read(home: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((home / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    wanted = {"sources", "versions", "stores", "outputs", "committed", "page", "figures"}
    return manifest if isinstance(manifest, dict) and wanted <= set(manifest) else None


def _forget(home: Path, manifest: Mapping[str, Any]) -> None:
    """Remove what an earlier run drew and this one does not."""
    for name in set((_read(home) or {"outputs": {}})["outputs"]) - set(manifest["outputs"]):
        (home / name).unlink(missing_ok=True)


def _files(figures: Sequence[Figure]) -> list[Path]:
    paths = [Path(path) for f in figures for path in (f.path_png, Path(f.path_png).with_suffix(".pdf"), f.csv) if path]
    return [path for path in paths if path.is_file()]


def _relative(figure: Figure, home: Path) -> dict[str, Any]:
    within = lambda path: Path(path).relative_to(home).as_posix() if path else None
    return {
        "name": figure.name,
        "path_png": within(figure.path_png),
        "caption": figure.caption,
        "command": figure.command,
        "csv": within(figure.csv),
    }


def _shown(path: Path) -> str:
    """As seen from the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
