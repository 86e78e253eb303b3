"""RESULTS.md from rows and remarks: the bars first, then a section for each workload."""

import importlib
from collections.abc import Mapping, Sequence

from .bars import table_of_bars
from .rows import Row, table

HEAD = """# Benchmarks

`make bench` runs these on our public API beside what a user would take instead, in paired turns of one run. Values are
medians over turns (least to most); "times" is the median over turns of a row's time divided by the reference's in the
same turn, so above one is slower. Compiling is apart, and quick where the cache knows the program. This page is made of
`results.json` and `remarks.json`.
"""


def page(
    found: Mapping[str, Sequence[Row]], remarks: Mapping[str, Mapping], order: Sequence[str], plot: str | None
) -> str:
    """The whole page."""
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in order}
    further = [bar for module in modules.values() for bar in getattr(module, "BARS", [])]
    parts = [HEAD, "## Bars\n", table_of_bars(found, further)]
    if plot:
        parts.append(f"![Throughput of the sweep at other sizes, and memory of a gradient]({plot})\n")
    for name in order:
        facts = remarks.get(name, {})
        parts.append(f"## {name}: {modules[name].NAME}\n")
        if facts:
            parts.append(f"{facts['machine']}. {facts['turns']} turns, {facts['seconds']} s in all.\n")
        for work in dict.fromkeys(row.work for row in found[name]):
            of_it = [row for row in found[name] if row.work == work]
            for unit in dict.fromkeys((row.unit, bool(row.ratio_to)) for row in of_it):
                some = [row for row in of_it if (row.unit, bool(row.ratio_to)) == unit]
                parts += [f"**{work}**\n", table(some), ""]
        parts += ["\n".join(f"- {remark}" for remark in facts.get("remarks", [])), ""]
    return "\n".join(parts).rstrip() + "\n"
