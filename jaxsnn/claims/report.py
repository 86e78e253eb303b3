"""One self-contained static HTML page for a run: verdicts, figures with the command behind each, spec and versions.

Everything is inside the file (figures and their numbers as base64), so that it can be mailed, archived and opened
without a network. No scripts. The page is a function of the Report alone: the same report gives the same bytes.
"""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from .claim import VERDICTS
from .table import paper_text, plus_minus, tally

EMBED = 2_000_000  # bytes: a larger CSV is named, not embedded


@dataclass(frozen=True)
class Figure:
    """A figure of the report.

    name      a short name, also the file's: "fig4d"
    path_png  the picture
    caption   what it shows; also its alternative text
    command   the command that draws it again
    csv       the file with the plotted numbers
    """

    name: str
    path_png: str | PathLike
    caption: str
    command: str = ""
    csv: str | PathLike | None = None


@dataclass(frozen=True)
class Report:
    """What a report says. `claims` are records of `evaluate`; spec and versions are plain mappings."""

    title: str
    paper: str
    preset: str
    claims: Sequence[Mapping]
    figures: Sequence[Figure] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    platform: str = ""
    seed: int | str | None = None
    seconds: float | int | None = None
    made: str = ""
    summary: str = ""


def write_report(report: Report, path: str | PathLike) -> Path:
    """Write the page. Raises ValueError naming the figure whose picture is missing or not a PNG."""
    import jinja2

    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"interval": _interval, "plus_minus": _pair, "paper": paper_text, "allowed": _allowed}
    facts = {
        "paper": report.paper,
        "preset": report.preset,
        "command": report.command,
        "seed": report.seed,
        "time": _duration(report.seconds),
        "made": report.made,
        "platform": report.platform,
        **{f"version of {name}": version for name, version in report.versions.items()},
    }
    html = environment.get_template("report.html.jinja").render(
        report=report,
        counts={word: sum(record["verdict"] == word for record in report.claims) for word in VERDICTS},
        tally=tally(report.claims),
        figures=[_figure(figure) for figure in report.figures],
        facts={name: str(value) for name, value in facts.items() if value not in (None, "")},
        spec=json.dumps(report.spec, indent=2, default=str, ensure_ascii=False) if report.spec else "",
    )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8", newline="\n")
    return path


def _figure(figure: Figure) -> dict:
    path = Path(figure.path_png)
    if not path.is_file():
        raise ValueError(f"figure {figure.name!r}: its picture {path.name} does not exist; draw it before the report")
    picture = path.read_bytes()
    if not picture.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError(f"figure {figure.name!r}: {path.name} must be a PNG; save it with plotting.save")
    width, height = int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])
    numbers = Path(figure.csv) if figure.csv is not None else None
    if numbers is not None and not numbers.is_file():
        raise ValueError(f"figure {figure.name!r}: its table {numbers.name} does not exist; save it with plotting.save")
    embedded = numbers.read_bytes() if numbers is not None and numbers.stat().st_size <= EMBED else None
    return {
        "name": figure.name,
        "caption": figure.caption,
        "command": figure.command,
        "width": width,
        "height": height,
        "png": base64.b64encode(picture).decode(),
        "csv_name": numbers.name if numbers is not None else "",
        "csv": base64.b64encode(embedded).decode() if embedded is not None else "",
    }


def _pair(record: Mapping) -> str:
    return plus_minus(record["ours"], record["se"])


def _interval(record: Mapping) -> str:
    low, high = record.get("low"), record.get("high")
    if low is None or high is None or low == high:
        return ""
    return f"{low:.4g} to {high:.4g}"


def _allowed(record: Mapping) -> str:
    low, high = record["allowed"] if record.get("allowed") else (None, None)
    if low is None and high is None:
        return ""
    if low is None:
        return f"below {high:.4g}"
    if high is None:
        return f"above {low:.4g}"
    return f"{low:.4g} to {high:.4g}"


def _duration(seconds: float | int | None) -> str | None:
    if seconds is None or not math.isfinite(seconds):
        return None
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
