"""Where a step's time goes: microseconds that each program of a step takes, by jax's own profiler.

    python -m benchmarks.kernels [sweep | independent | forward | reverse]

sweep and independent: W1 (with shared noise, or each network's own); forward and reverse: W4 without gradient and with
it. One device of those that the sweep uses is shown. The profiler takes part of a microsecond for each program, so the
shortest are shown too long; compare with a profile of the same minute.
"""

import argparse
import collections
import glob
import tempfile
from collections.abc import Callable

import jax

from jaxsnn.start import start
from jaxsnn.sweeps import sweep

from . import gradients, workload

STEPS = 10_000
SHOWN = 24


def _calls() -> dict[str, Callable[[int], object]]:
    of = lambda name: gradients.study(name, STEPS)
    without, reverse = of(gradients.FORWARD), of(gradients.REVERSE)
    key = jax.random.key
    return {
        "sweep": lambda turn: sweep(workload.STUDY, workload.grid(), key=key(turn)),
        "independent": lambda turn: sweep(workload.STUDY, workload.grid(), key=key(turn), independent=True),
        "forward": lambda turn: sweep(without, gradients.grid(), key=key(turn)),
        "reverse": lambda turn: sweep(reverse, gradients.grid(), key=key(turn)),
    }


def profile(call: Callable[[int], object]) -> list[tuple[str, int, float]]:
    """Name, number of calls and microseconds a step of every program that one device ran, longest first."""
    call(0)
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            call(1)
        (found,) = glob.glob(f"{folder}/**/*.xplane.pb", recursive=True)
        planes = list(jax.profiler.ProfileData.from_file(found).planes)
        lines = [list(line.events) for plane in planes for line in plane.lines if "XLA" in line.name]
    times, counts = collections.Counter[str](), collections.Counter[str]()
    for event in max(lines, key=len):
        if not event.name.startswith(("end:", "ThunkExecutor")):
            times[event.name] += event.duration_ns
            counts[event.name] += 1
    return [(name, counts[name], time / 1e3 / STEPS) for name, time in times.most_common()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="?", default="sweep", choices=["sweep", "independent", "forward", "reverse"])
    which = parser.parse_args().which
    start(None)
    print(f"{'us a step':>10} {'calls':>8}  program (a loop holds what is in it)")
    for name, calls, time in profile(_calls()[which])[:SHOWN]:
        print(f"{time:10.2f} {calls:8d}  {name}")


if __name__ == "__main__":
    main()
