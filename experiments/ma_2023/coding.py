"""Neural coding: models of a simulated retina, fitted to one long recording and compared on repeats of a new movie.

`train` makes one model (an `arm`) for one retina: a seed is another retina, with other movies and another start of the
fit, and the arms share it. The arm "retina" is the retina itself, run again with other noise: the ceiling of every
measure. In the second panel the retina's noise is each cell's own, all else being equal.

    arm                          model and loss (see `coding_models`, `coding_fit`)
    lnp, glm                     likelihood
    deterministic                van Rossum
    bernoulli                    likelihood; deterministic up to the output
    nsnn, nsnn learned           likelihood; noise levels fixed at 0.3, or learned
    nsnn vr, nsnn learned vr     van Rossum, all gradients noise-driven (NDL)
"""

from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from jaxsnn.core import require
from jaxsnn.spiketrains import smoothed
from jaxsnn.sweeps import Grid, Panel
from jaxsnn.trainings import Trainings, learning_curves

from .coding_control import SIGMAS, control
from .coding_fit import cut, fitted, free_running, predictive
from .coding_metrics import SMOOTH, scores
from .coding_models import coder, noise_levels, spatial_averages
from .movie import FRAME, Whitening
from .retina import Recording, again, load, record

Scores = dict[str, np.ndarray]


class Arm(NamedTuple):
    kind: str
    learned: bool = False
    loss: str = "likelihood"


ARMS = {
    "lnp": Arm("lnp"),
    "glm": Arm("glm"),
    "deterministic": Arm("deterministic", loss="van rossum"),
    "bernoulli": Arm("bernoulli"),
    "nsnn": Arm("nsnn"),
    "nsnn learned": Arm("nsnn", learned=True),
    "nsnn vr": Arm("nsnn", loss="van rossum"),
    "nsnn learned vr": Arm("nsnn", learned=True, loss="van rossum"),
}
RETINA = "retina"
CORRELATION = 0.1
SHOWN_TRIALS, SHOWN_BINS = 15, 200
RATE = 2e-2
PREDICTED, DRAWS = 10, 8  # trials whose spikes are predicted, and samples of the hidden layer for each


class CodingSize(NamedTuple):
    seconds: float  # of the recording
    test_seconds: float
    repeats: int
    epochs: int  # of the two filter models
    neural: int  # epochs of the spiking ones
    seeds: int
    arms: tuple[str, ...]
    unshared: tuple[str, ...]  # arms of the second panel
    trials: int  # of the control
    sweeps: int
    teachers: int
    sigmas: tuple[float, ...]


_FEW = tuple(arm for arm in ARMS if arm != "nsnn vr")
CODING_SIZES = {
    "smoke": CodingSize(30.0, 2.0, 4, 2, 2, 2, ("glm", "nsnn learned"), ("nsnn learned",), 2, 20, 2, (0.3,)),
    "quick": CodingSize(180.0, 10.0, 30, 15, 30, 3, _FEW, ("nsnn learned",), 8, 150, 4, (0.3,)),
    "paper": CodingSize(1200.0, 30.0, 60, 20, 30, 5, tuple(ARMS), ("glm", "nsnn learned"), 16, 400, 8, SIGMAS),
}


def train(
    point: dict[str, Any],
    key: Array,
    checkpoint: Path,
    *,
    correlation: float,
    seconds: float,
    test_seconds: float,
    repeats: int,
    epochs: int,
    neural: int,
    file: str = "",
) -> tuple[Scores, dict[str, Any]]:
    """One arm for one retina: the scores of its free-running trials, and its noise levels; learning curves beside.

    file: a recording as `retina.load` reads it, in the place of the simulated one (of which lengths, repeats and
    correlation speak); the second half of its trials is then what the retina does when run again.
    """
    name = str(point["arm"])
    require(name in (RETINA, *ARMS), "arm", name, f"must be one of {', '.join((RETINA, *ARMS))}", "pass one of these")
    own, drawn = jax.random.split(key)
    if file:
        recording = load(file)
        half = len(recording.test_spikes) // 2
        require(half > 1, f"{file}: trials", 2 * half, "must be 4 or more", "repeat the test movie")
        more = recording.test_spikes[half : 2 * half]
        recording = recording._replace(test_spikes=recording.test_spikes[:half])
    else:
        recording, truth = record(int(jax.random.bits(key) >> 1), correlation, seconds, test_seconds, repeats)
        more = again(truth, recording.test_stim, repeats, drawn) if name == RETINA else None
    if name != RETINA:
        return modelled(ARMS[name], recording, own, drawn, checkpoint, epochs, neural)
    rates = recording.spikes[0].mean(axis=-1) / FRAME * 1e3
    found = scores(more, recording.test_spikes, None, more) | {"noise": [np.nan] * 2, "score": np.nan}
    return _arrays(found | {"slowest": rates.min(), "fastest": rates.max()} | _shown(more)), {}


def modelled(
    arm: Arm, recording: Recording, own: Array, drawn: Array, checkpoint: Path | None, epochs: int, neural: int
) -> tuple[Scores, dict[str, Any]]:
    """A model fitted to the recording and scored on its test set. own, drawn: keys of the fit and of the trials."""
    white, recorded = Whitening(recording.stim), recording.test_spikes
    movie, test_movie = white(recording.stim), jnp.asarray(white(recording.test_stim))
    begin = jnp.asarray(spatial_averages(movie, recording.spikes[0]))
    passes = epochs if arm.kind in ("lnp", "glm") else neural
    windows, start = cut(movie, recording.spikes[0]), coder(arm.kind, begin, own)
    options = {"epochs": passes, "rate": RATE, "checkpoint": checkpoint}
    fit = fitted(start, arm.kind, arm.learned, arm.loss, windows, own, **options)
    keys = jax.random.split(drawn, len(recorded))
    trials = np.asarray(free_running(fit.model, test_movie, keys)).transpose(0, 2, 1)
    predicted, likelihood = recorded[:PREDICTED], None
    if arm.kind != "deterministic":  # to a model without chance the recorded spikes are impossible
        spikes = jnp.asarray(predicted.transpose(0, 2, 1), float)
        draws = DRAWS if arm.kind == "nsnn" else 1
        likelihood = np.asarray(predictive(fit.model, test_movie, spikes, drawn, draws))
    levels = list(noise_levels(fit.model)) if arm.kind == "nsnn" else [np.nan] * 2
    found = scores(trials, recorded, likelihood, predicted) | {"noise": levels, "score": np.nanmin(fit.history.score)}
    curves = learning_curves(fit.history, fit.history.done // passes)
    return _arrays(found | {"slowest": np.nan, "fastest": np.nan} | _shown(trials)), curves


def _shown(trials: np.ndarray) -> dict[str, np.ndarray]:
    """What one cell does in the first two seconds, for the figure: spikes of some trials, and the mean of all."""
    one = trials[:, 0, :SHOWN_BINS]
    return {"raster": one[:SHOWN_TRIALS], "response": smoothed(one[:, None], SMOOTH)[:, 0].mean(axis=0)}


def _arrays(found: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.asarray(value, np.float64) for name, value in found.items()}


def panels(preset: str) -> dict[str, Trainings | Panel]:
    """All arms with the retina whose noise is partly shared, a few where it is not, and the control with a known
    truth. preset: smoke, quick or paper. (For a recording of your own add "file" to the constants of the first.)"""
    require(preset in CODING_SIZES, "preset", preset, f"must be one of {', '.join(CODING_SIZES)}", "pass one of these")
    size = CODING_SIZES[preset]
    constants = {name: getattr(size, name) for name in ("seconds", "test_seconds", "repeats", "epochs", "neural")}
    undefined = ("bits", "noise", "noise_correlation", "score", "slowest", "fastest", "fano_groups")

    def panel(arms: tuple[str, ...], correlation: float) -> Trainings:
        grid = Grid(arm=[RETINA, *arms], seed=size.seeds)
        return Trainings(train, grid, {**constants, "correlation": correlation}, 0, "ma_2023.coding", 1, undefined)

    return {
        "coding": panel(size.arms, CORRELATION),
        "coding_unshared": panel(size.unshared, 0.0),
        "coding_control": control(size.trials, size.sweeps, size.teachers, size.sigmas),
    }
