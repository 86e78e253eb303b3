"""Time the workloads of this folder on our public API, each beside its peers, in paired turns of one run.

    python -m benchmarks [sweep training sparse ...] [--turns 5] [--check]        or: make bench [ONLY="..."] [CHECK=1]

A workload is a module with `NAME` (what it is) and `measure(turns) -> (rows, remarks)`, run in a process of its own, so
that it starts jax as it likes and its peak memory is its own. Results go to results.json (all rows), remarks.json (on
what machine, whether implementations agree, what was skipped) and RESULTS.md with results.png, made of these two; what
was not run keeps its rows. `--check` writes nothing: it compares ratios (not seconds) with the committed ones, says
which have moved by more than 30 %, and exits with 1 where one of ours has become slower.
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .page import page
from .plot import draw
from .rows import Row

FOLDER = Path(__file__).resolve().parent
RESULTS, REMARKS = FOLDER / "results.json", FOLDER / "remarks.json"
PAGE, PLOT = FOLDER / "RESULTS.md", FOLDER / "results.png"
WORKLOADS = ("sweep", "sizes", "beginning", "overhead", "training", "sparse", "gradients", "memory")
OURS = "jaxsnn"  # how our own implementations are called, first of all
TOLERANCE = 1.3
PATIENCE = 1800  # seconds for one workload


def measured(name: str, turns: int) -> tuple[list[Row], list[str]]:
    """Run one workload in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        command = [sys.executable, "-m", "benchmarks", name, "--turns", str(turns), "--into", str(found)]
        code = subprocess.run(command, cwd=FOLDER.parent, timeout=PATIENCE).returncode
        if code or not found.exists():
            raise RuntimeError(f"{name} ended with exit code {code}; `{' '.join(command[1:4])}` shows why")
        content = json.loads(found.read_text())
    return [Row.from_json(row) for row in content["rows"]], content["remarks"]


def run_here(name: str, turns: int, into: Path) -> None:
    rows, remarks = importlib.import_module(f"benchmarks.{name}").measure(turns)
    into.write_text(json.dumps({"rows": [row.to_json() for row in rows], "remarks": remarks}))


def moved(before: Sequence[Row], now: Sequence[Row], tolerance: float = TOLERANCE) -> tuple[list[str], list[str]]:
    """Sentences on ratios that differ by more than `tolerance`: (where ours became slower, everything else).

    Ours is slower where a peer's time in ours has fallen, or ours in anything else's has risen.
    """
    committed = {(row.work, row.implementation, row.ratio_to): row for row in before}
    slower, others = [], []
    for row in now:
        old = committed.get((row.work, row.implementation, row.ratio_to))
        if old is None or not old.ratio or not row.ratio:
            continue
        change = row.ratio / old.ratio
        if 1 / tolerance <= change <= tolerance:
            continue
        said = f"{row.work}, {row.implementation}: {old.ratio:.3g} -> {row.ratio:.3g} times the {row.ratio_to}"
        ours, against = row.implementation.startswith(OURS), OURS in row.ratio_to
        worse = change > 1 if ours else against and change < 1
        (slower if worse else others).append(said)
    return slower, others


def machine() -> str:
    """Facts about the machine, in a line."""
    versions = subprocess.run(
        [sys.executable, "-c", "import jax, numpy; print(f'jax {jax.__version__}, NumPy {numpy.__version__}')"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    model, info = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    flags = ""
    if info.exists():
        pairs = [line.split(":", 1) for line in info.read_text().splitlines() if ":" in line]
        facts = {name.strip(): value.strip() for name, value in reversed(pairs)}
        model = facts.get("model name", model)
        flags = next((f" with {kind.upper()}" for kind in ("avx512f", "avx2") if kind in facts.get("flags", "")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {model}{flags}, {memory:.0f} GiB; Python {platform.python_version()}, {versions}"


def load(path: Path) -> dict:
    return json.loads(path.read_text()) if path.exists() else {}


def committed_rows() -> dict[str, list[Row]]:
    """Rows of results.json by workload."""
    found: dict[str, list[Row]] = {}
    for row in load(RESULTS) or []:
        found.setdefault(row.get("workload", ""), []).append(Row.from_json(row))
    return found


def save(found: dict[str, list[Row]], remarks: dict[str, dict]) -> None:
    order = [name for name in WORKLOADS if name in found]
    flat = [{"workload": name, **row.to_json()} for name in order for row in found[name]]
    RESULTS.write_text(json.dumps(flat, indent=1) + "\n")
    REMARKS.write_text(json.dumps({name: remarks[name] for name in order if name in remarks}, indent=1) + "\n")
    drawn = draw(found, PLOT)
    PAGE.write_text(page(found, remarks, order, PLOT.name if drawn else None))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    there = [name for name in WORKLOADS if (FOLDER / f"{name}.py").exists()]
    parser.add_argument("work", nargs="*", metavar="WORK", help=f"of {', '.join(there)} (default: all)")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--check", action="store_true", help="compare with the committed ratios, write nothing")
    parser.add_argument("--page", action="store_true", help="measure nothing, make RESULTS.md again")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.turns < 1:
        parser.error(f"--turns {options.turns}: must be at least 1")
    for name in options.work:
        if name not in there:
            parser.error(f"WORK {name}: must be one of {', '.join(there)}")
    if options.into:
        run_here(options.work[0], options.turns, options.into)
        return 0
    found, remarks, broken = committed_rows(), load(REMARKS), []
    slower: list[str] = []
    for name in [] if options.page else options.work or there:
        print(f"{name}: {options.turns} turns", flush=True)
        begun = time.time()
        try:
            rows, said = measured(name, options.turns)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            broken.append(f"{name}: {error}")
            continue
        if options.check:
            worse, others = moved(found.get(name, []), rows)
            print(
                "\n".join([*(f"slower: {one}" for one in worse), *(f"moved: {one}" for one in others)]) or "as it was"
            )
            slower += worse
            continue
        taken = round(time.time() - begun)
        found[name] = rows
        remarks[name] = {"machine": machine(), "turns": options.turns, "seconds": taken, "remarks": said}
        save(found, remarks)  # what is measured is kept, whatever happens to the next
    if options.page:
        save(found, remarks)
    print("\n".join(broken), file=sys.stderr)
    return 1 if slower or broken else 0


if __name__ == "__main__":
    sys.exit(main())
