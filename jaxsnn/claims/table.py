"""The table of claims: every claim checked against the data, as records, as JSON and in the terminal."""

import json
import math
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from .claim import HOLDS, VERDICTS, Claim, Outcome
from .holm import together

COLOURS = {"holds": "green", "fails": "red", "undecided": "yellow"}  # of the terminal


class ClaimError(RuntimeError):
    """A claim whose check raised an error or returned something else than an Outcome: a defect of the check."""


def evaluate(claims: Sequence[Claim], data: Any) -> list[dict]:
    """Check every claim; one record for each, in their order.

    Keys: id, claim, source, paper, ours, se, verdict, then low, high (the interval that the verdict was read from),
    note, family, points (records of the single points of a family, else empty). Numbers have nine significant digits;
    what is not finite is None.

    Raises ClaimError naming the claim whose check raised, ValueError for an id used twice.
    """
    claims = list(claims)
    ids = [claim.id for claim in claims]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise ValueError(f"claim id {twice[0]!r} is used {ids.count(twice[0])} times: must be unique; rename one")
    outcomes = [_checked(claim, data) for claim in claims]
    for name in {claim.family for claim in claims} - {None}:
        members = [i for i, claim in enumerate(claims) if claim.family == name]
        if len(members) > 1:
            for i, outcome in zip(members, together([outcomes[i] for i in members]), strict=True):
                outcomes[i] = outcome
    return [_record(claim, outcome) for claim, outcome in zip(claims, outcomes, strict=True)]


def write_claims(records: Sequence[Mapping], path: str | PathLike) -> Path:
    """Write the records as `claims.json`: strict JSON, the same bytes for the same records."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([dict(record) for record in records], indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path


def print_table(records: Sequence[Mapping], console: Any = None, title: str = "") -> None:
    """Print *claim | paper | ours | verdict* and the count of each verdict; `console` is a rich Console."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = console if console is not None else Console()
    table = Table(title=title or None, show_lines=True, expand=False)
    table.add_column("claim", ratio=3, overflow="fold")
    table.add_column("paper", overflow="fold")
    table.add_column("ours", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    for record in records:
        sentence = Text.assemble(record["claim"], (f"\n{record['source']}", "dim"))
        ours = Text(plus_minus(record["ours"], record["se"]))
        if record.get("note"):
            ours.append(f"\n{record['note']}", "dim")
        word = record["verdict"]
        table.add_row(sentence, paper_text(record["paper"]), ours, Text(word, f"bold {COLOURS[word]}"))
    console.print(table)
    console.print(Text(tally(records)))


def tally(records: Sequence[Mapping]) -> str:
    """For instance "12 hold, 1 fails, 0 undecided"."""
    count = {word: sum(record["verdict"] == word for record in records) for word in VERDICTS}
    plural = {"holds": "hold", "fails": "fail"}
    return ", ".join(f"{n} {word if n == 1 else plural.get(word, word)}" for word, n in count.items())


def plus_minus(value: float | int | None, se: float | int | None) -> str:
    """A value with its standard error, two digits of the error: "0.3412 ± 0.0023"; a dash where there is no value."""
    if value is None or not math.isfinite(value):
        return "–"
    if se is None or not math.isfinite(se):
        return f"{value:.4g}"
    if se == 0:
        return f"{value:.6g} (exact)"
    decimals = 1 - math.floor(math.log10(float(f"{se:.1e}")))
    if abs(decimals) > 6 or abs(value) >= 1e6:
        return f"{value:.4g} ± {se:.2g}"
    decimals = max(decimals, 0)
    return f"{value:.{decimals}f} ± {se:.{decimals}f}"


def paper_text(paper: float | int | str | None) -> str:
    """The paper's number as the table shows it."""
    return "–" if paper is None else paper if isinstance(paper, str) else f"{paper:.6g}"


def _checked(claim: Claim, data: Any) -> Outcome:
    try:
        outcome = claim.check(data)
    except Exception as error:
        raise ClaimError(f"claim {claim.id!r} could not be checked: {type(error).__name__}: {error}") from error
    if not isinstance(outcome, Outcome):
        raise ClaimError(
            f"claim {claim.id!r} returned {type(outcome).__name__}: must be an Outcome; end the check with a rule"
        )
    return outcome


def _record(claim: Claim, outcome: Outcome) -> dict:
    points = [{"label": point.label, **_numbers(point)} for point in outcome.points]
    numbers = _numbers(outcome)
    return {
        "id": claim.id,
        "claim": claim.claim,
        "source": claim.source,
        "paper": claim.paper if claim.paper is None or isinstance(claim.paper, str) else _plain(claim.paper),
        "ours": numbers["ours"],
        "se": numbers["se"],
        "verdict": outcome.verdict,
        "low": numbers["low"],
        "high": numbers["high"],
        "note": "; ".join(part for part in (_counted(outcome), outcome.note) if part),
        "family": claim.family,
        "points": points,
    }


def _numbers(outcome: Outcome) -> dict:
    numbers = {name: _plain(getattr(outcome, name)) for name in ("ours", "se", "low", "high")}
    allowed = [_plain(end) for end in outcome.allowed] if outcome.allowed is not None else None
    return {**numbers, "verdict": outcome.verdict, "allowed": allowed, "note": outcome.note}


def _counted(outcome: Outcome) -> str:
    if len(outcome.points) < 2:
        return ""
    good, count = sum(point.verdict == HOLDS for point in outcome.points), len(outcome.points)
    shown = f"; shown: {outcome.label}" if outcome.label else ""
    reason = next((f" ({point.note})" for point in outcome.points if point.note), "")
    return (f"all {count} points hold" if good == count else f"{good} of {count} points hold") + shown + reason


def _plain(number: float | int) -> float | int | None:
    """A number as JSON can hold it, with the digits that are the same on every machine."""
    if isinstance(number, int):
        return number
    return float(f"{number:.9g}") if math.isfinite(number) else None
