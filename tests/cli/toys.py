"""Studies as a user would write them, a checkout with one small paper, and ways to call the command line."""

import json
import os
import subprocess
import sys
import textwrap

from jaxsnn.cli import main
from jaxsnn.reproduction.checkout import PACKAGE

PLAIN = '''
"""A plain function as a study."""
import jax
import jax.numpy as jnp

def run(point, key):
    draws = jax.random.normal(key, (50,))
    shift, scale = (jnp.asarray(v, jnp.float32) for v in (point["shift"], point.get("scale", 1.0)))
    return {"mean": shift + scale * jnp.mean(draws), "draws": draws}
'''

STUDY = '''
"""A study with settings, a choice, columns and grids of its own."""
import jax.numpy as jnp
import jax
from jaxsnn.engine import Plan
from jaxsnn.sweeps import Grid, Study

def prepare(point):
    if point["noise"] < 0:
        raise ValueError(f"noise = {point['noise']}: must not be negative; pass zero or more")
    return Plan({"even": bool(point["even"])}, {"noise": point["noise"], "shift": 2.0 * point["shift"]})

def run(point, key):
    x = point["shift"] + jnp.asarray(point["noise"], jnp.float32) * jax.random.normal(key)
    hidden = jnp.where(x > 0.0, x, jnp.nan)
    return {"x": x, "doubled": 2.0 * x if point["even"] else x, "positive": hidden}

COLUMNS = ("noise", "shift", "seed", "x", "positive")
STUDY = Study("toy", 1, run, prepare, {"shift": 0.0, "even": True}, chunk=2, updates=lambda point: 10.0,
              undefined=("positive",))
GRID = Grid(noise=[0.5, 0.25], seed=3)
PRESETS = {"wide": Grid(noise="1:100:3:log", seed=2), "moved": {"shift": [1.0, 2.0], "noise": 0.5, "seed": 1}}
'''

EXPERIMENT = '''
"""A small paper: the mean of normal draws."""
import jax
import jax.numpy as jnp
from jaxsnn.claims import Claim, resampled, within
from jaxsnn.sweeps import Grid, Panel, Study

def run(point, key):
    side = {"left": 1.0}[point.get("side", "left")]
    draws = side * point["noise"] * jax.random.normal(key, (200,))
    return {"mean": point["shift"] + jnp.mean(draws), "square": jnp.mean(draws * draws)}

STUDY = Study("small", 1, run, constants={"shift": 1.0}, chunk=2)
DERIVED = ("square",)
PRESETS = ("smoke", "paper")

def preset(name):
    if name not in PRESETS:
        raise ValueError(f"preset = {name!r}: must be one of smoke, paper; pass one of these")
    return {
        "levels": Panel(STUDY, Grid(noise=[0.5, 1.0, 2.0], side=["left"], seed=4 if name == "smoke" else 5)),
        "shifted": Panel(STUDY, Grid(noise=1.0, seed=2), {"shift": 3.0}, key=1),
    }

def mean(data):
    return within(resampled(data["levels"]["mean"].values[0, 0], lambda v: v.mean(axis=-1)), 1.0, absolute=0.5)

CLAIMS = [
    Claim("mean", "the mean is the shift", "made up", mean, paper=1.0),
    Claim("none", "the mean is five", "made up",
          lambda data: within(resampled(data["levels"]["mean"].values[0, 0], lambda v: v.mean(axis=-1)), 5.0,
                              absolute=0.5)),
]
'''

FIGURES = '''
"""Its figure."""
from jaxsnn.claims import Figure
from jaxsnn.plotting import figure, save

TITLE, PAPER = "A small paper", "Nobody, Journal of Toys (2022)"

def draw(data, panels, folder):
    fig, ax = figure()
    values = data["levels"]["mean"].mean("seed").values.ravel()
    ax.plot(values)
    paths = save(fig, folder, "levels", {"noise": data["levels"]["noise"].values, "mean": values})
    command = "python paper_figures/reproduce.py --only small"
    return [Figure("levels", paths["png"], "Mean against noise.", command, paths["csv"])]
'''


def write(folder, **files):
    """Files by name without .py; returns the folder."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return folder


def checkout(folder, name="small"):
    """A checkout with one paper."""
    return write(folder, **{f"experiments__{name}": EXPERIMENT, f"paper_figures__{name}": FIGURES})


def call(capsys, *words):
    """Run a command, given as words and texts of words, in this process: exit code, standard output and error."""
    capsys.readouterr()
    try:
        code = main([part for word in words for part in str(word).split()])
    except SystemExit as stop:  # options that tyro refuses
        code = stop.code
    said = capsys.readouterr()
    return code, said.out, said.err


def refused(capsys, *words):
    """The one paragraph of a command that must end with exit code 2."""
    code, out, err = call(capsys, *words)
    assert code == 2, err
    assert "Traceback" not in err
    assert not out
    return " ".join(err.split())


def program(*words, cwd, **settings):
    """Run a command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "COLUMNS": "120", **settings}
    command = [sys.executable, "-m", "jaxsnn.cli", *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def read(path):
    return json.loads(path.read_text())
