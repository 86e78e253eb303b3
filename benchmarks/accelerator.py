"""Our own rows of RESULTS.md on an accelerator, beside what was committed for two cores.

    python -m benchmarks.accelerator [--turns 5] [--only TEXT]

Prints a table. Where jax finds no accelerator every row says that it was not run; nothing is written.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from . import training_networks as nets
from .__main__ import committed_rows
from .bars import row_of


class Work(NamedTuple):
    """A committed row, and how to do the same here: `prepare` compiles and gives a call of the turn's number."""

    workload: str
    work: str
    implementation: str
    prepare: Callable[[], Callable[[int], Any]]
    amount: float  # of `unit`; 0: the value is seconds


def _sweep(independent: bool) -> Callable[[int], Any]:
    import jax

    from jaxsnn.sweeps import sweep

    from .workload import STUDY, grid

    return lambda turn: sweep(STUDY, grid(), key=jax.random.key(turn), independent=independent)


def _networks(count: int) -> Callable[[int], Any]:
    from . import sizes

    return lambda turn: sizes.call({"networks": count, "steps": 1000}, turn)


def _training(delays: bool) -> Callable[[int], Any]:
    made = nets.arrays(nets.SIZES)
    options: dict[str, Any] = {"reset": "zero", "normalize": "area"} if delays else {}
    network = nets.delayed(made, nets.Gaussian(nets.SPREAD), **options) if delays else nets.plain(made)
    trainer = nets.trainer(network, made)
    return lambda turn: trainer.run(1)


def _gradient(name: str) -> Callable[[int], Any]:
    import jax

    from jaxsnn.sweeps import sweep

    from . import gradients

    return lambda turn: sweep(gradients.study(name, gradients.STEPS), gradients.grid(), key=jax.random.key(turn))


def works() -> list[Work]:
    w1, w4 = 1024 * 64 * 10_000 / 1e6, 256 * 64 * 10_000 / 1e6
    rates = [
        Work("sweep", "W1, all cores", "jaxsnn sweep", lambda: _sweep(False), w1),
        Work("sweep", "W1, all cores", "jaxsnn sweep, independent", lambda: _sweep(True), w1),
        *(
            Work("sizes", "networks", f"jaxsnn sweep, {n} networks", lambda n=n: _networks(n), n * 64 * 1000 / 1e6)
            for n in (1024, 16384, 102400)
        ),
        *(
            Work("gradients", "W4", name, lambda name=name: _gradient(name), w4)
            for name in ("jaxsnn, no gradient", "jaxsnn, reverse mode, 3 parameters")
        ),
    ]
    steps = [
        Work("training", "W2 700", "jaxsnn", lambda: _training(False), 0),
        Work("training", "W2 with delays", "jaxsnn", lambda: _training(True), 0),
    ]
    return rates + steps


def measured(work: Work, turns: int) -> str:
    """Median, least and most, in the unit of the committed row."""
    call = work.prepare()
    call(0)  # compiles
    values = []
    for turn in range(1, turns + 1):
        begun = time.perf_counter()
        call(turn)
        taken = time.perf_counter() - begun
        values.append(work.amount / taken if work.amount else taken)
    return f"{statistics.median(values):.4g} ({min(values):.4g} to {max(values):.4g})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--only", default="", help="rows whose text contains this")
    options = parser.parse_args()
    if options.turns < 1:
        parser.error(f"--turns {options.turns}: must be at least 1")
    import jax

    from jaxsnn.start import start

    start(None)
    device = jax.devices()[0]
    there = device.platform != "cpu"
    committed = committed_rows()
    print(f"| work | implementation | unit | two cores | {device.device_kind if there else 'accelerator'} |")
    print("| --- | --- | --- | --- | --- |")
    for work in works():
        name = f"{work.work}, {work.implementation}"
        if options.only not in name:
            continue
        row = row_of(committed, work.workload, work.work, work.implementation)
        unit = row.unit if row else ("million neuron-updates per second" if work.amount else "s")
        before = f"{row.value:.4g}" if row and row.value else "not measured"
        now = measured(work, options.turns) if there else "not run: no accelerator here"
        print(f"| {work.work} | {work.implementation} | {unit} | {before} | {now} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
