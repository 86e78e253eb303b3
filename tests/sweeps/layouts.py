"""Sweeps on a chosen number of devices, in a process of its own: hashes of their results, and statistics by seed.

python -m tests.sweeps.layouts CORES draws ENGINE:CHUNK ...        or        statistics ENGINE:CHUNK ...
"""

import hashlib
import json
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np

from jaxsnn.engine import Plan, Program
from jaxsnn.sweeps import Grid, Study, sweep, use_cores
from jaxsnn.sweeps.engines import Submitit

from .drivers import ROOT


class Draws(Program):
    """Nothing but random numbers: their bits, added up in integers, which do not round, and the first as they are."""

    def steps(self, point):
        return int(point["steps"])

    def begin(self, point, key):
        return {"sum": jnp.zeros(8, jnp.uint32), "bits": jax.random.bits(key, (8,)), "normal": _normal(key, 0)}

    def advance(self, point, key, carry, start, steps):
        def one(total, t):
            return total + jax.lax.bitcast_convert_type(_normal(key, t), jnp.uint32), ()

        total, _ = jax.lax.scan(one, carry["sum"], start + jnp.arange(steps, dtype=jnp.int32))
        return {**carry, "sum": total}

    def finish(self, point, carry):
        return carry


def _normal(key, t):
    return jax.random.normal(jax.random.fold_in(key, t), (8,))


DRAWS = Study("draws", 1, Draws(), lambda p: Plan({}, {"x": p["x"], "steps": 60}), segment=20)
DRAWS_GRID = Grid(x="1.0:7.0:7", seed=3)
NETWORK_GRID = Grid(neurons=8, leak=1.0, noise=[0.5, 1.0, 2.0], delay=[0.0, 0.4], seed=32)
SETTINGS = {"duration": 10.0, "steps_per_isi": 20, "rate": 8.0}


def digest(data):
    """SHA-256 of all results."""
    whole = hashlib.sha256()
    for name in sorted(data.data_vars):
        whole.update(np.ascontiguousarray(data[name].values).tobytes())
    return whole.hexdigest()


def draws(engine, chunk):
    return sweep(DRAWS, DRAWS_GRID, key=jax.random.key(23), chunk=chunk, engine=engine)


def network(engine, chunk):
    from experiments.timcheck_2022 import STUDY

    return sweep(STUDY, NETWORK_GRID, key=jax.random.key(23), chunk=chunk, engine=engine, constants=SETTINGS)


def by_seed(data):
    """Each result, averaged over the points, for every seed."""
    names = [name for name in data.data_vars if data[name].ndim == data["rate"].ndim]
    return {name: np.nanmean(data[name].values, axis=tuple(range(data[name].ndim - 1))).tolist() for name in names}


def engine(name):
    return Submitit(2, cluster="local", poll=0.1) if name == "submitit" else name


def elsewhere(cores, what, *layouts):
    """What `main` prints, from a process with so many devices."""
    command = [sys.executable, "-m", "tests.sweeps.layouts", str(cores), what, *layouts]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def main(cores, what, *layouts):
    use_cores(int(cores))
    found = {}
    for layout in layouts:
        name, chunk = layout.split(":")
        if what == "draws":
            found[layout] = digest(draws(engine(name), int(chunk)))
        else:
            data = network(engine(name), int(chunk))
            found[layout] = {"digest": digest(data), "by_seed": by_seed(data)}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
