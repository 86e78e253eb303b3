"""A simulated retina with known parameters: ganglion cells that watch a movie.

    g = time filter * (space filter . frame)                      unit variance; 250 ms, biphasic
    i = gain softplus(2 (g - 1/2)) + sigma (sqrt(share) u + sqrt(1 - share) u_own)
    LIF with a refractory period, spikes with hazard rate exp((v - 1)/temperature)

Half of the cells are ON and half OFF: differences of Gaussians of either sign at random places. u and u_own are
Ornstein-Uhlenbeck processes, u common to all cells, so `share` sets the correlation of the noise and leaves every cell
alone as it was. The gains are set so that each cell has the mean rate drawn for it, between 7 and 24 Hz, and the share
so that counts in windows of 100 ms have the mean pairwise noise correlation asked for: both by simulation.

The cells run in steps of 2 ms, the recording has the bins of the movie, 10 ms; the refractory period is as long as a
bin, so none holds two spikes. A recording of a real retina can take its place: see `Recording`. Times in ms.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsnn.core import Cell, Span, Tick, check_between, param, require, substreams
from jaxsnn.engine import simulate
from jaxsnn.gradients import Hazard
from jaxsnn.networks import Chain
from jaxsnn.neurons import RefractoryLIF
from jaxsnn.noise import OrnsteinUhlenbeck
from jaxsnn.spiketrains import noise_correlation
from jaxsnn.synapses import Dense

from .movie import FRAME, pink_movie
from .taps import TemporalFilter

CELLS, SIDE, TAPS = 20, 16, 25
DT, FINE = 2.0, 5  # ms; steps in a bin
TAU, REFRACTORY, ESCAPE, TEMPERATURE = 10.0, 10.0, 0.1, 0.2
NOISE, NOISE_TAU = 0.3, 30.0
SLOWEST, FASTEST = 7.0, 24.0  # Hz, mean rates that are drawn
WINDOW = 10  # bins: 100 ms, for counts
TRIAL, REPEATS = 500, 16  # bins and repeats of the trials that gain and share are set with


class Recording(NamedTuple):
    """Stimulus and response, in the layout that any recording can be brought into; bins of 10 ms.

    A test set is one movie seen several times. `Recording(**numpy.load("file.npz"))` reads one of somebody else's.
    """

    stim: Float[np.ndarray, "time row column"]
    spikes: Float[np.ndarray, "1 cell time"]  # 0 or 1
    test_stim: Float[np.ndarray, "bin row column"]
    test_spikes: Float[np.ndarray, "trial cell bin"]


class Truth(NamedTuple):
    """What a real retina would not tell."""

    space: Float[np.ndarray, "cell pixel"]
    time: Float[np.ndarray, "lag cell"]
    gain: Float[np.ndarray, " cell"]
    rate: Float[np.ndarray, " cell"]  # Hz, wanted
    share: float


class PartlyShared(Cell):
    """A source of noise, added to its input: `share` of the variance is common to all, the rest each one's own."""

    common: OrnsteinUhlenbeck
    own: OrnsteinUhlenbeck
    share: Float[Array, ""] = param()  # 0 to 1

    def __check_init__(self):
        check_between("PartlyShared.share", self.share, 0, 1, "pass a fraction of the variance")

    def init(self, key):
        first, second = substreams(key, 2)
        return self.common.init(first), self.own.init(second)

    def draw(self, stream, steps):
        first, second = substreams(stream, 2)
        return self.common.draw(first, steps), self.own.draw(second, steps)

    def step(self, state, x: Float[Array, " neuron"], tick: Tick):
        first, second = tick.noise
        common, u = self.common.step(state[0], None, tick._replace(noise=first))
        own, v = self.own.step(state[1], None, tick._replace(noise=second))
        return (common, own), x + jnp.sqrt(self.share) * u + jnp.sqrt(1 - self.share) * v

    def unroll(self, state, xs: Float[Array, "time neuron"], span: Span):
        first, second = span.noise
        common, u = self.common.unroll(state[0], None, span.part(first))
        own, v = self.own.unroll(state[1], None, span.part(second))
        return (common, own), xs + jnp.sqrt(self.share) * u + jnp.sqrt(1 - self.share) * v


def _filters(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Space [cell, pixel] and time [lag, cell]."""
    place = rng.uniform(0.15 * SIDE, 0.85 * SIDE, (2, CELLS, 1, 1))
    grid = np.arange(SIDE) + 0.5
    square = (grid[None, :, None] - place[0]) ** 2 + (grid[None, None] - place[1]) ** 2
    width = rng.uniform(1.2, 2.0, (CELLS, 1, 1))
    gaussian = lambda w: np.exp(-square / (2 * w**2)) / w**2
    sign = np.where(np.arange(CELLS) % 2 == 0, 1.0, -1.0)  # ON, OFF
    space = sign[:, None, None] * (gaussian(width) - 0.8 * gaussian(2 * width))
    lag, peak = (np.arange(TAPS)[:, None] + 0.5) * FRAME, rng.uniform(45, 65, CELLS)
    bump = lambda at: (lag / at) ** 5 * np.exp(5 * (1 - lag / at))
    time = bump(peak[None]) - rng.uniform(0.5, 0.8, CELLS)[None] * bump(2 * peak[None])
    return space.reshape(CELLS, -1), time


@jax.jit
def _generator(space: Array, time: Array, stim: Array) -> Float[Array, "time cell"]:
    return simulate(Chain(Dense(space), TemporalFilter(time)), stim, dt=FRAME, key=jax.random.key(0))[1]


def cells(share: Array) -> Chain:
    """From the current of every step to spikes."""
    ou = lambda size: OrnsteinUhlenbeck(NOISE_TAU, NOISE, size=size)
    neuron = RefractoryLIF(TAU, 1.0, 0.0, REFRACTORY, Hazard(ESCAPE, TEMPERATURE), size=CELLS)
    return Chain(PartlyShared(ou(1), ou(CELLS), share), neuron)


@eqx.filter_jit
def respond(g: Array, gain: Array, share: Array, keys: Array) -> Float[Array, "trial time cell"]:
    """Spikes in every bin, one trial for each key; g: [time, cell], or [trial, time, cell]."""

    def one(g, key):
        current = jnp.repeat(gain[None] * jax.nn.softplus(2 * (g - 0.5)), FINE, axis=0)
        block = FINE * 100 if g.shape[0] % 100 == 0 else None
        _, spikes = simulate(cells(share), current, dt=DT, key=key, block=block)
        return jnp.sum(spikes.reshape(-1, FINE, CELLS), axis=1)

    return jax.vmap(one, (None if g.ndim == 2 else 0, 0))(g, keys)


def calibrated_gain(g: np.ndarray, wanted: np.ndarray, key: Array) -> np.ndarray:
    """The gains with which the mean rates are `wanted` (Hz), by bisection with one noise for all tries."""
    trials = _cut(g)
    keys = jax.random.split(key, len(trials))
    low, high = np.full(CELLS, np.log(0.02)), np.full(CELLS, np.log(50.0))
    for _ in range(14):
        middle = (low + high) / 2
        found = np.asarray(respond(trials, jnp.asarray(np.exp(middle), jnp.float32), jnp.asarray(0.0), keys))
        slow = found.mean(axis=(0, 1)) / FRAME * 1e3 < wanted
        low, high = np.where(slow, middle, low), np.where(slow, high, middle)
    return np.exp((low + high) / 2)


def calibrated_share(g: np.ndarray, gain: np.ndarray, wanted: float, key: Array) -> float:
    """The share with which the mean noise correlation is `wanted`: through three points a parabola from the origin."""
    if wanted == 0:
        return 0.0
    trials = _cut(g)

    def correlation(share):
        pairs = []
        for place, trial in enumerate(trials):
            keys = jax.random.split(jax.random.fold_in(key, place), REPEATS)
            found = respond(trial, jnp.asarray(gain, jnp.float32), jnp.asarray(share), keys)
            pairs.append(mean_off_diagonal(noise_correlation(np.asarray(found).transpose(0, 2, 1), WINDOW)))
        return np.mean(pairs)

    half, whole = correlation(0.5), correlation(1.0)
    slope, bend = 4 * half - whole, 2 * whole - 4 * half
    roots = np.roots([bend, slope, -wanted])
    good = [float(r.real) for r in roots if abs(r.imag) < 1e-9 and 0 < r.real <= 1]
    remedy = f"ask for less: noise that is shared entirely gives {whole:.3g}"
    require(bool(good), "correlation", wanted, "cannot be reached", remedy)
    return min(good)


def mean_off_diagonal(matrix: np.ndarray) -> float:
    """Mean over the pairs of different cells that have a value; NaN without any."""
    pairs = matrix[~np.eye(len(matrix), dtype=bool)]
    return float(pairs[np.isfinite(pairs)].mean()) if np.isfinite(pairs).any() else float("nan")


def _cut(g: np.ndarray) -> Float[Array, "trial time cell"]:
    """The beginning of a long response as trials."""
    length = min(TRIAL, len(g))
    count = min(REPEATS, len(g) // length)
    return jnp.asarray(g[: count * length].reshape(count, length, -1))


@lru_cache(maxsize=2)  # a panel of trainings does all arms of one seed, then of the next
def record(seed: int, correlation: float, seconds: float, test_seconds: float, repeats: int) -> tuple[Recording, Truth]:
    """A retina, what it saw and what it answered; seed: another retina, other movies, other noise."""
    bins, test_bins = round(seconds * 1e3 / FRAME), round(test_seconds * 1e3 / FRAME)
    stim, test_stim = pink_movie([seed, 1], bins, SIDE), pink_movie([seed, 2], test_bins, SIDE)
    rng = np.random.default_rng([seed, 0])
    space, time = _filters(rng)
    wanted = np.exp(rng.uniform(np.log(SLOWEST), np.log(FASTEST), CELLS))
    flat = lambda s: jnp.asarray(s.reshape(len(s), -1))
    as_float = lambda a: jnp.asarray(a, jnp.float32)
    g = np.asarray(_generator(as_float(space), as_float(time), flat(stim)))
    scale = g.std(axis=0)
    space = space / scale[:, None]
    g, test_g = g / scale, np.asarray(_generator(as_float(space), as_float(time), flat(test_stim)))
    keys = jax.random.split(jax.random.key(seed), 4)
    gain = calibrated_gain(g, wanted, keys[0])
    share = calibrated_share(g, gain, correlation, keys[1])
    answer = lambda g, key, count: np.asarray(
        respond(jnp.asarray(g), as_float(gain), as_float(share), jax.random.split(key, count)), np.uint8
    ).transpose(0, 2, 1)
    recording = Recording(stim, answer(g, keys[2], 1), test_stim, answer(test_g, keys[3], repeats))
    return recording, Truth(space, time, gain, wanted, share)


def again(truth: Truth, test_stim: np.ndarray, repeats: int, key: Array) -> np.ndarray:
    """The same retina sees the same movie again: trials [trial, cell, bin] with other noise."""
    as_float = lambda a: jnp.asarray(a, jnp.float32)
    g = _generator(as_float(truth.space), as_float(truth.time), jnp.asarray(test_stim.reshape(len(test_stim), -1)))
    found = respond(g, as_float(truth.gain), as_float(truth.share), jax.random.split(key, repeats))
    return np.asarray(found, np.uint8).transpose(0, 2, 1)


def load(path: str | Path) -> Recording:
    """A recording saved as npz with the arrays of `Recording`. Raises ValueError for one in another layout."""
    with np.load(path) as found:
        arrays: Mapping[str, np.ndarray] = {name: found[name] for name in found.files}
    missing = [name for name in Recording._fields if name not in arrays]
    require(not missing, str(path), ", ".join(arrays), f"lacks {', '.join(missing)}", "save it with numpy.savez")
    made = Recording(**{name: arrays[name] for name in Recording._fields})
    for stim, spikes in ((made.stim, made.spikes), (made.test_stim, made.test_spikes)):
        shapes = (np.shape(stim), np.shape(spikes))
        fits = stim.ndim == 3 and spikes.ndim == 3 and stim.shape[0] == spikes.shape[2]
        allowed = "must be [time, row, column] and [trial, cell, time] of one length"
        require(fits, f"{path}: shapes", shapes, allowed, "move the axes, and cut both to the bins they share")
        binary = bool(np.all((spikes == 0) | (spikes == 1)))
        require(binary, f"{path}: spikes", int(np.max(spikes)), "must be 0 or 1 in every bin", "take shorter bins")
    return made
