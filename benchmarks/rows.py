"""What a benchmark reports: rows, the turns they are computed from, and the questions that a row answers.

Implementations take turns: every turn runs each of them once, so that whatever else the machine does meets all of them
alike. Values are medians over turns with the least and the most beside them; ratios are medians of ratios *within* a
turn, which vary less than either time does.
"""

import dataclasses
import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RATE = "per second"  # a unit that ends so is a rate: more is better


@dataclass(frozen=True)
class Row:
    """One implementation at one piece of work. None: not measured."""

    work: str
    implementation: str
    cores: int | None
    value: float | None  # median over turns, in `unit`
    unit: str
    low: float | None
    high: float | None
    compile_s: float | None
    peak_mb: float | None  # of a process that did this
    ratio: float | None  # this implementation's time over that of ratio_to: above 1 is slower
    ratio_to: str
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        return {name: _rounded(value) for name, value in dataclasses.asdict(self).items()}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Row":
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in found.items() if name in names})


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def paired(
    calls: Mapping[str, Callable[[int], Any]],
    turns: int = 5,
    *,
    said: Callable[[str, Any], None] | None = None,
) -> dict[str, list[float]]:
    """Seconds of every call in every turn. calls: name -> function of the turn's number, from 1.

    A call that times itself (a peer in another process) returns a mapping with "seconds". said: told (name, what the
    call returned), in every turn. Whatever compiles must have been called before. Every second turn runs backwards.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(1, turns + 1):
        for name in list(calls) if turn % 2 else list(calls)[::-1]:
            gc.collect()
            begun = time.perf_counter()
            found = calls[name](turn)
            taken = time.perf_counter() - begun
            seconds[name].append(found["seconds"] if isinstance(found, Mapping) and "seconds" in found else taken)
            if said is not None:
                said(name, found)
        print(f"  turn {turn}: " + ", ".join(f"{k} {v[-1]:.3g} s" for k, v in seconds.items()), flush=True)
    return seconds


def rows(
    work: str,
    unit: str,
    amount: float | Mapping[str, float] | None,
    seconds: Mapping[str, Sequence[float]],
    reference: str,
    cores: int | Mapping[str, int] = 1,
    compile_s: Mapping[str, float] | None = None,
    peak_mb: Mapping[str, float] | None = None,
    notes: Mapping[str, str] | None = None,
) -> list[Row]:
    """A row for each implementation in `seconds`.

    unit: "... per second" for a rate (value = amount / seconds), anything else for a time (value = seconds / amount).
    amount: how much work the seconds are of, for all or each (a peer may do less); None: one.
    """
    amounts = {name: float(_each(amount, name) or 1.0) for name in seconds}
    cost = {name: [taken / amounts[name] for taken in times] for name, times in seconds.items()}
    found = []
    for name, times in cost.items():
        values = [amounts[name] / taken for taken in seconds[name]] if unit.endswith(RATE) else times
        against = [mine / other for mine, other in zip(times, cost[reference], strict=True)]
        found.append(
            Row(
                work,
                name,
                int(_each(cores, name) or 1),
                statistics.median(values),
                unit,
                min(values),
                max(values),
                (compile_s or {}).get(name),
                (peak_mb or {}).get(name),
                statistics.median(against),
                f"time of {reference}",
                (notes or {}).get(name, ""),
            )
        )
    return found


def fact(work: str, implementation: str, value: float | None, unit: str, note: str = "", cores: int | None = 1) -> Row:
    """A number that stands alone: a compile time, a share, an error."""
    return Row(work, implementation, cores, value, unit, value, value, None, None, None, "", note)


def _each(given: Any, name: str) -> Any:
    return given.get(name) if isinstance(given, Mapping) else given


def table(found: Sequence[Row]) -> str:
    """The rows of one piece of work as a table in Markdown."""
    if not any(row.ratio_to for row in found):
        lines = ["| what | value | unit | |", "| --- | --- | --- | --- |"]
        lines += [f"| {row.implementation} | {_number(row.value)} | {row.unit} | {row.note} |" for row in found]
        return "\n".join(lines)
    against = f"times the {found[0].ratio_to}"
    lines = [
        f"| implementation | cores | {found[0].unit} | {against} | compile, s | peak, MB |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in found:
        span = "" if row.low == row.high else f" ({_number(row.low)} to {_number(row.high)})"
        name = f"{row.implementation}: {row.note}" if row.note else row.implementation
        cells = [_number(row.ratio), _number(row.compile_s), _number(row.peak_mb)]
        lines.append(f"| {name} | {row.cores or ''} | {_number(row.value)}{span} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
