"""A toy training, as a user would write it, and ways to run it in a process of its own."""

import os
import subprocess
import sys
import textwrap
import time

from jaxsnn.trainings.sources import PACKAGE

TRAINING = '''
"""A line is fitted to noisy points by mini-batches; where a signal file names a step, the process is killed there."""
import os
import signal
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxsnn.fit import Batches, driver, fit, free
from jaxsnn.sweeps import Grid
from jaxsnn.trainings import Trainings, learning_curves

driver.SAVE_EVERY = 0.0
STEPS = 12

def loss(model, batch, key):
    x, y = batch
    noise = model["noise"] * jax.random.normal(key, x.shape)
    return jnp.mean(jnp.square(model["slope"] * x + model["offset"] + noise - y))

def train(point, key, checkpoint, *, samples=40):
    data = np.random.default_rng(point["slope"])
    x = data.standard_normal(samples).astype(np.float32)
    batches = Batches((x, (point["slope"] * x).astype(np.float32)), 8, key=key)

    def watched(step):
        kill = Path(os.environ.get("TOY_KILL", "/nowhere"))
        if kill.is_file() and kill.read_text() == f"{point['slope']} {step}":
            kill.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return batches(step)

    start = {"slope": jnp.zeros(()), "offset": jnp.zeros(()), "noise": jnp.asarray(0.1)}
    end = fit(loss, start, {"slope": free(), "offset": free()}, optimizer=optax.adam(0.1), steps=STEPS, key=key,
              batches=watched, checkpoint=checkpoint)
    found = {"fitted": end.model["slope"], "curve": end.history.loss, "seen": np.int32(end.history.done)}
    return found, learning_curves(end.history, batches.each_epoch)

PANEL = Trainings(train, Grid(slope=[1, 2]), {"samples": 32}, key=3)
'''

EXPERIMENT = '''
"""Lines, fitted."""
import jax
from jaxsnn.claims import Claim, resampled, within
from jaxsnn.sweeps import Grid, Panel, Study
from jaxsnn.trainings import Trainings

from .lines import train

def drawn(point, key):
    return {"draw": point["scale"] * jax.random.normal(key)}

def preset(name):
    if name not in ("smoke", "paper"):
        raise ValueError(f"preset = {name!r}: must be one of smoke, paper; pass one of these")
    seeds = 2 if name == "smoke" else 3
    return {
        "fits": Trainings(train, Grid(slope=[1, 2], seed=seeds), {"samples": 32}, key=3),
        "draws": Panel(Study("draws", 1, drawn), Grid(scale=[1.0], seed=2)),
    }

def fitted(data):
    return within(resampled(data["fits"]["fitted"].transpose("slope", "seed").values[0]), 1.0, absolute=0.5)

CLAIMS = [Claim("slope", "the slope is found", "made up", fitted, paper=1.0)]
'''

FIGURES = '''
"""Their figure."""
from jaxsnn.claims import Figure
from jaxsnn.plotting import figure, save

TITLE, PAPER = "Lines", "Nobody (2023)"

def draw(data, panels, folder):
    fig, ax = figure()
    values = data["fits"]["fitted"].mean("seed").values
    ax.plot(values)
    paths = save(fig, folder, "lines", {"fitted": values})
    return [Figure("lines", paths["png"], "Slopes.", "command", paths["csv"])]
'''

DRIVER = """
import sys
import lines
data = lines.PANEL.run(sys.argv[1], workers=int(sys.argv[2]))
print(float(data["fitted"].sum()))
"""


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    return folder


def checkout(folder, name):
    """A checkout with one experiment, whose panels are trainings and a sweep."""
    for part in ("experiments", "paper_figures"):
        (folder / part / name).mkdir(parents=True)
    write(folder / "experiments" / name, __init__=EXPERIMENT, lines=TRAINING)
    write(folder / "paper_figures" / name, __init__=FIGURES)
    return folder


def start(folder, store, workers=0, script="drive", **settings):
    """The toy's panel in a process of its own."""
    path = os.pathsep.join([str(folder), str(PACKAGE.parent)])
    environment = {**os.environ, "PYTHONPATH": path, **settings}
    command = [sys.executable, str(folder / f"{script}.py"), str(store), str(workers)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(process):
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


def content(store):
    """Bytes of all files that count."""
    files = (path for path in store.rglob("*") if path.is_file() and path.relative_to(store).parts[0] != "side")
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in files}


def wait_for(condition, seconds=300.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")
