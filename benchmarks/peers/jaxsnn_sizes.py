"""One of our own sweeps of `benchmarks.sizes` in a process of its own, for its peak memory."""

import sys
from pathlib import Path

from served import serve

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def prepare(given):
    from benchmarks.sizes import call
    from jaxsnn.start import start

    start(None)
    return lambda turn: call(given, turn), {}


serve(prepare)
