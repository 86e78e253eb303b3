"""Time the sweep of W1 through the public API beside NumPy and numba loops, in paired turns of one run.

    python -m benchmarks [--turns 5] [--check]        or: make bench

Writes benchmarks/results.json and benchmarks/RESULTS.md; --check only compares the ratios with the committed ones.
NumPy is timed on a sixteenth of the steps. Writes nothing, and exits with 1, when the sweep and the numba loop do not
find the same errors and counts.
"""

import argparse
import json
import os
import platform
import resource
import sys
import time
from pathlib import Path

import numpy as np

from jaxsnn.start import start

from .workload import SEEDS

FOLDER = Path(__file__).resolve().parent
PORTION = 16  # NumPy's share of the steps
MILLION = 1e6


def _ours(turn: int):
    import jax

    from jaxsnn.sweeps import sweep

    from .workload import STUDY, grid

    return sweep(STUDY, grid(), key=jax.random.key(turn))


def _numba(turn: int):
    from .loops import numba_networks
    from .workload import DT, NEURONS, STEPS, WEIGHTS, drive, peers

    given = peers()
    found = numba_networks(
        WEIGHTS,
        given["leak"],
        given["noise"],
        1 / NEURONS,
        given["delay_steps"],
        drive(),
        DT,
        STEPS,
        10_000 * turn,
        0,
        100,
    )
    return found[:, 1] + found[:, 0] ** 2, found[:, 2]


def _numpy(turn: int):
    from .loops import numpy_networks
    from .workload import DT, NEURONS, STEPS, WEIGHTS, drive, peers

    given, steps = peers(), STEPS // PORTION
    return numpy_networks(
        WEIGHTS, given["leak"], given["noise"], 1 / NEURONS, given["delay_steps"], drive(), DT, steps, turn
    )


def _timed(call, turn: int):
    begun = time.perf_counter()
    found = call(turn)
    return time.perf_counter() - begun, found


def _agreement(ours: list, theirs: list) -> float:
    """Difference of the grid's mean log in standard errors; each seed of each turn is one sample (it shares noise)."""
    a, b = (np.concatenate([np.log(run.reshape(-1, SEEDS)).mean(axis=0) for run in runs]) for runs in (ours, theirs))
    return float((a.mean() - b.mean()) / np.sqrt(a.var(ddof=1) / a.size + b.var(ddof=1) / b.size))


def measure(turns: int) -> tuple[list[dict], dict]:
    from .workload import NEURONS, STEPS

    cores = os.cpu_count()
    first, data = _timed(_ours, 0)
    compiling = float(data.attrs["compile_seconds"])
    numba_first, _ = _timed(_numba, 0)
    work = data["square"].size * NEURONS * STEPS / MILLION
    seconds = {"jaxsnn sweep": [], "jaxsnn sweep, its computing": [], "numba loop": [], "numpy loop": []}
    squares, counts = ([], []), ([], [])
    for turn in range(1, turns + 1):
        taken, data = _timed(_ours, turn)
        seconds["jaxsnn sweep"].append(taken)
        seconds["jaxsnn sweep, its computing"].append(work * MILLION / float(data.attrs["updates_per_second"]))
        taken, (square, count) = _timed(_numba, turn)
        seconds["numba loop"].append(taken)
        seconds["numpy loop"].append(_timed(_numpy, turn)[0] * PORTION)
        for kept, pair in ((squares, (data["square"].values, square)), (counts, (data["count"].values, count))):
            kept[0].append(pair[0])
            kept[1].append(pair[1])
        print(f"turn {turn}: " + ", ".join(f"{k} {v[-1]:.2f} s" for k, v in seconds.items()), flush=True)
    rows = []
    for name, taken in seconds.items():
        ratio = np.median(np.array(taken) / np.array(seconds["jaxsnn sweep"]))
        speed = work / np.array(taken)
        rows.append(
            {
                "work": "W1 sweep, 1024 networks, shared noise",
                "implementation": name,
                "cores": 1 if name == "numpy loop" else cores,
                "value": float(np.median(speed)),
                "unit": "million neuron-updates per second, wall",
                "low": float(speed.min()),
                "high": float(speed.max()),
                "compile_s": {"jaxsnn sweep": compiling, "numba loop": numba_first - min(taken)}.get(name, 0.0),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "ratio": float(ratio),
                "ratio_to": "time of jaxsnn sweep, paired turns",
            }
        )
    return rows, {
        "error_z": _agreement(*squares),
        "count_z": _agreement(*counts),
        "first_call_s": first,
        "turns": turns,
    }


def _machine() -> str:
    import jax

    model, info = platform.processor() or "unknown processor", Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return f"{os.cpu_count()} cores, {model}; Python {platform.python_version()}, jax {jax.__version__}"


def _page(rows, facts) -> str:
    lines = [
        "# Benchmarks", "",
        f"`make bench` on {_machine()}. Median (least to most) of {facts['turns']} paired turns; compile time apart.",
        "Peak memory is that of the whole process, all implementations together.", "",
        "| implementation | cores | million neuron-updates/s | times slower than ours | compile, s |",
        "| --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for r in rows:
        speed = f"{r['value']:.0f} ({r['low']:.0f} to {r['high']:.0f})"
        lines.append(f"| {r['implementation']} | {r['cores']} | {speed} | {r['ratio']:.2f} | {r['compile_s']:.1f} |")
    lines += [
        "",
        "Work: W1 of `benchmarks/workload.py`: 1024 networks of 64 neurons, 16 delays of 1 to 128 steps, 16 noise",
        "levels, 4 seeds, 10 000 steps, a time-varying signal, weights 0.9 to 1.1; the sweep shares its noise between",
        "the points of a seed, the loops draw noise for every network. NumPy ran a sixteenth of the steps.", "",
        "The first row is the whole call, with the checks of all points on the host and without compiling; the second",
        f"what its networks took. The very first call took {facts['first_call_s']:.1f} s.", "",
        f"Same simulation: the mean log square error differs from the numba loop's by {facts['error_z']:.1f} standard",
        f"errors, the mean log spike count by {facts['count_z']:.1f} (20 seeds each at 5 turns).", "",
    ]  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--check", action="store_true", help="compare ratios with the committed ones, write nothing")
    options = parser.parse_args()
    start(None)
    rows, facts = measure(options.turns)
    page = _page(rows, facts)
    print(page)
    if max(abs(facts["error_z"]), abs(facts["count_z"])) > 4:
        print("the sweep and the numba loop do not simulate the same thing: no result is written")
        return 1
    if options.check:
        committed = {r["implementation"]: r["ratio"] for r in json.loads((FOLDER / "results.json").read_text())}
        moved = [r["implementation"] for r in rows if r["ratio"] < 0.7 * committed[r["implementation"]]]
        print("slower than committed, beside: " + ", ".join(moved) if moved else "no ratio fell by more than 30 %")
        return 1 if moved else 0
    (FOLDER / "results.json").write_text(json.dumps(rows, indent=1) + "\n")
    (FOLDER / "RESULTS.md").write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
