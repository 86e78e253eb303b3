"""Our own sweep on one core, in a process of its own as the peers that it is compared with."""

import sys
from pathlib import Path

from served import serve

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def prepare(given):
    import jax

    from benchmarks.workload import STUDY, grid
    from jaxsnn.start import start
    from jaxsnn.sweeps import sweep

    start(1)
    first = sweep(STUDY, grid(), key=jax.random.key(0))

    def turn(number):
        data = sweep(STUDY, grid(), key=jax.random.key(number))
        return {name: data[name].transpose("delay_steps", "noise", "seed").values.ravel().tolist() for name in data}

    return turn, {"compile_seconds": float(first.attrs["compile_seconds"])}


serve(prepare)
