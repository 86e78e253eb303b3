"""Rates of the sparse network, ours beside Brian2's, over many draws of its connections and at any length of a step.

    python -m benchmarks.sparse_rates [--model COBA] [--size 20000] [--dt 0.1 0.025] [--turns 14]

Nothing is timed. Delays are 1.5 ms. With conductances the two take a step differently: here a membrane is given the
mean of a conductance over the step, Brian2's exponential Euler takes what it is at the beginning. In the limit of short
steps both solve the same equations.
"""

import argparse

import numpy as np

from .peers import BRIAN2 as PACKAGES
from .peers import Peer, environment
from .peers.trains import statistics
from .sparse import BRIAN2, DURATION, MODELS, OURS, WARM_UP, apart, connections, given, network, run, spread

DELAY = 1.5  # ms


def ours(model: str, size: int, dt: float, turn: int) -> dict:
    delays = (round(DELAY / dt),) * 2
    _, spiked = run(network(model, size, delays, connections(size, turn), turn, dt), turn, DURATION, dt)
    step, neuron = np.nonzero(np.asarray(spiked))
    return statistics(step * dt / 1000, neuron, size, WARM_UP, DURATION)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=MODELS, default="COBA")
    parser.add_argument("--size", type=int, default=20000)
    parser.add_argument("--dt", type=float, nargs="+", default=[0.1, 0.025], help="ms")
    parser.add_argument("--turns", type=int, default=14)
    options = parser.parse_args()
    python = environment("brian2", PACKAGES)
    turns = range(1, options.turns + 1)
    for dt in options.dt:
        told = given(options.model, options.size, (round(DELAY / dt),) * 2, dt)
        with Peer("brian2_sparse.py", python, told) as peer:
            theirs = [peer(turn) for turn in turns]
        mine = [ours(options.model, options.size, dt, turn) for turn in turns]
        for who, found in ((OURS, mine), (BRIAN2, theirs)):
            print(f"dt {dt:g} ms, {who}: {spread(found, 'rate')} Hz, CV {spread(found, 'cv')} (spread over turns)")
        print(f"dt {dt:g} ms, {OURS} beside {BRIAN2}: {apart(mine, theirs)}", flush=True)


if __name__ == "__main__":
    main()
