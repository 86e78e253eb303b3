"""Sweeps that run in a process of their own, to be killed: a study that is slow enough to be caught at it.

python -m tests.sweeps.drivers STORE ENGINE WORKERS CORES
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax

from jaxsnn.engine import Plan, Program
from jaxsnn.sweeps import Grid, Study, sweep, use_cores
from jaxsnn.sweeps.engines import find_engine

ROOT = Path(__file__).resolve().parents[2]


class Slow(Program):
    """Random numbers, a few at each step, and enough to do between them."""

    def steps(self, point):
        return int(point["steps"])

    def begin(self, point, key):
        return jax.random.normal(key, (40,)) * point["scale"]

    def advance(self, point, key, carry, start, steps):
        def one(x, t):
            draw = jax.random.normal(jax.random.fold_in(key, t), (40,))
            return 0.9 * x + point["scale"] * draw, ()

        return jax.lax.scan(one, carry, start + jax.numpy.arange(steps, dtype=jax.numpy.int32))[0]

    def finish(self, point, carry):
        return {"sum": carry.sum(), "first": carry[0], "each": carry[:3]}


STUDY = Study(
    "slow", 1, Slow(), lambda p: Plan({}, {"scale": p["scale"], "steps": int(p["steps"])}), chunk=2, segment=400
)
GRID = Grid(scale="0.5:2.5:5", steps=[1600, 4000], seed=3)
LONG = Grid(scale="0.5:2.5:5", steps=[8000, 20000], seed=3)  # a second or so, to be killed in


def constant(point, key):
    return {"y": point["x"] * 2.0}


def failing(point, key):
    raise TypeError("this study does not run")


IN_A_WORKER = "jaxsnn.worker" in sys.orig_argv


def elsewhere(point, key):
    """Another program in a worker."""
    return {"y": point["x"] * (3.0 if IN_A_WORKER else 2.0)}


def deadly(point, key):
    """A study that takes its worker with it."""
    if IN_A_WORKER:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"y": point["x"]}


def start(store, engine="inline", workers=None, cores=2, **environment):
    """Begin the long sweep in a process of its own."""
    command = [sys.executable, "-m", "tests.sweeps.drivers", str(store), engine, str(workers or 0), str(cores)]
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def children(pid):
    """Processes that this one has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    try:
        return [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return []


def alive(pid):
    """Whether this process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what, seconds=60.0, pause=0.01):
    """The first true value of `what()`; AssertionError if it takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(pause)
    raise AssertionError(f"waited {seconds} s in vain")


def kill(pid):
    """SIGKILL, for a process that may be gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def run(store, engine, workers=None, grid=GRID, **options):
    """The sweep, in this process."""
    return sweep(STUDY, grid, key=jax.random.key(17), store=store, engine=find_engine(engine, workers), **options)


def main(store, engine, workers, cores):
    use_cores(int(cores))
    run(store, engine, int(workers) or None, LONG)


if __name__ == "__main__":
    main(*sys.argv[1:])
