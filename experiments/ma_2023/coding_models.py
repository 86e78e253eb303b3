"""Models of a population of ganglion cells: from the whitened movie [bin, pixel] to spikes [bin, cell]. Times in bins.

    kind            hidden                                       output
    "lnp"           two space-time filters a cell                Bernoulli(logistic(x - b))
    "glm"           the same                                     the same, with the cell's own last 20 bins in x
    "deterministic" features, delays, 32 LIF, surrogate          20 LIF, surrogate: no chance at all
    "bernoulli"     the same                                     20 leaky integrators, Bernoulli(logistic)
    "nsnn"          features, delays, 32 noisy LIF               20 noisy LIF

Features are spatial filters, two a cell; each hidden LIF sees all of them, each after a delay of its own of 0 to 24
bins, read by a Gaussian kernel (25 taps: 250 ms). All models begin alike: every cell's first filter, and both of its
features, are the picture of its spike-triggered average; a hidden unit begins with the features of one cell, the one
earlier and positive, the other later and negative, an output with the hidden units of its own cell, and all with small
random weights from the others. LIFs are those of noisy spiking networks: threshold one, reset to zero, input not
scaled; here the decay is trained, and in the learned kinds the noise level of each layer.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsnn.core import Cell, require
from jaxsnn.delays import Gaussian
from jaxsnn.engine import simulate
from jaxsnn.fit import between, free, positive
from jaxsnn.gradients import Erf, NoiseDriven
from jaxsnn.networks import Chain, Recurrent
from jaxsnn.neurons import DiscreteLIF, LeakyIntegrator
from jaxsnn.synapses import DelayedDense, Dense

from .taps import SpikeHistory, TemporalFilter

HIDDEN, TAPS, RANK, HISTORY = 32, 25, 2, 20
WIDTH = 1.5  # bins, of the delay kernel
BETA, SIGMA = 0.5, 0.3  # where the decay and the noise begin
KINDS = ("lnp", "glm", "deterministic", "bernoulli", "nsnn")


class Coder(eqx.Module):
    """hidden: from the movie to what the output layer is given. output: to spikes."""

    hidden: Cell
    output: Cell

    def features(self, movie: Float[Array, "bin pixel"], key: Array) -> Float[Array, "bin feature"]:
        return simulate(self.hidden, movie, dt=1.0, key=key)[1]

    def spikes(self, movie: Float[Array, "bin pixel"], key: Array) -> Float[Array, "bin cell"]:
        """Free-running."""
        first, second = jax.random.split(key)
        return simulate(self.output, self.features(movie, first), dt=1.0, key=second)[1]


def _normal(key: Array, shape: tuple[int, ...], size: float) -> Array:
    return size * jax.random.normal(key, shape)


def spatial_averages(
    movie: Float[np.ndarray, "time pixel"], spikes: Float[np.ndarray, "cell time"]
) -> Float[np.ndarray, "cell pixel"]:
    """The picture that best goes with each cell's spike-triggered average over TAPS bins, of unit length."""
    fired = spikes[:, TAPS - 1 :].astype(np.float32)
    length = fired.shape[1]
    lagged = [fired @ movie[TAPS - 1 - k : TAPS - 1 - k + length] for k in range(TAPS)]
    average = np.stack(lagged, axis=1) / np.maximum(fired.sum(axis=1), 1)[:, None, None]
    time, _, space = np.linalg.svd(average, full_matrices=False)
    early = time[:, : TAPS // 3, 0].sum(axis=1)  # the sign of both is arbitrary: what comes first shall be positive
    return np.where(early < 0, -1, 1)[:, None].astype(np.float32) * space[:, 0]


def _pictures(key: Array, count: int, begin: Float[Array, "cell pixel"]) -> Float[Array, "feature pixel"]:
    """`begin`, and random ones of the same length."""
    pixels = begin.shape[1]
    return jnp.concatenate([begin, _normal(key, (count - begin.shape[0], pixels), pixels**-0.5)])


def _own(post: int, pre: int, cells: int) -> Float[Array, "post pre"]:
    """1 from a unit to those that belong to the same ganglion cell: units are dealt out to the cells in turn."""
    return (jnp.arange(post)[:, None] % cells == jnp.arange(pre)[None] % cells).astype(float)


def _filters(key: Array, begin: Float[Array, "cell pixel"]) -> Chain:
    """RANK separable filters a cell, added up."""
    space, time = jax.random.split(key)
    cells = begin.shape[0]
    sums = jnp.tile(jnp.eye(cells), (1, RANK))
    return Chain(
        Dense(_pictures(space, RANK * cells, begin)),
        TemporalFilter(_normal(time, (TAPS, RANK * cells), 0.1)),
        Dense(sums),
    )


def _delayed(key: Array, begin: Float[Array, "cell pixel"]) -> Chain:
    """Features and delays, to the hidden layer."""
    weight, delay, own = jax.random.split(key, 3)
    cells = begin.shape[0]
    uniform = lambda key, low, high, shape: jax.random.uniform(key, shape, minval=low, maxval=high)
    shape, mine = (HIDDEN, 2 * cells), _own(HIDDEN, 2 * cells, cells)
    early = (jnp.arange(2 * cells) < cells)[None]
    of_own = jnp.where(early, uniform(own, 2.0, 7.0, shape), uniform(own, 8.0, 14.0, shape))
    delays = jnp.where(mine > 0, of_own, uniform(delay, 1.0, TAPS - 2.0, shape))
    weights = mine * jnp.where(early, 2.0, -1.0) + _normal(weight, shape, 0.2)
    delayed = DelayedDense(weights, delays, max_delay=TAPS - 1, kernel=Gaussian(WIDTH))
    return Chain(Dense(jnp.concatenate([begin, begin])), delayed)


def _lif(size: int, spike: Any) -> DiscreteLIF:
    return DiscreteLIF(jnp.full(size, BETA), 1.0, spike, size=size, reset="zero")


def _chance(cells: int) -> DiscreteLIF:
    """No memory: a spike with probability logistic(x - threshold)."""
    rule = NoiseDriven("logistic", 1.0)
    return DiscreteLIF(0.0, jnp.full(cells, 2.0), rule, size=cells, reset="zero")


def coder(kind: str, begin: Float[Array, "cell pixel"], key: Array, sigma: Any = SIGMA) -> Coder:
    """An untrained model. sigma: noise level of every layer at the start, and the width of the surrogate."""
    require(kind in KINDS, "kind", kind, f"must be one of {', '.join(KINDS)}", "pass one of these")
    cells, (first, second) = begin.shape[0], jax.random.split(key)
    noisy, sure = NoiseDriven("gaussian", sigma), Erf(sigma, normalize="area")
    strong = 5.0 if kind == "bernoulli" else 1.0
    readout = Dense(strong * (0.03 + 0.4 * _own(cells, HIDDEN, cells) + _normal(second, (cells, HIDDEN), 0.1)))
    if kind == "lnp":
        return Coder(_filters(first, begin), _chance(cells))
    if kind == "glm":
        line = SpikeHistory(jnp.zeros((HISTORY, cells)))
        return Coder(_filters(first, begin), Recurrent(_chance(cells), line))
    delayed = _delayed(first, begin)
    if kind == "deterministic":
        return Coder(Chain(*delayed.cells, _lif(HIDDEN, sure)), Chain(readout, _lif(cells, sure)))
    if kind == "bernoulli":
        output = Chain(readout, LeakyIntegrator(2.0, size=cells), _chance(cells))
        return Coder(Chain(*delayed.cells, _lif(HIDDEN, sure)), output)
    return Coder(Chain(*delayed.cells, _lif(HIDDEN, noisy)), Chain(readout, _lif(cells, noisy)))


def trained(kind: str, learned: bool) -> dict[str, Any]:
    """Paths and bounds for `fit`. learned: the noise levels too."""
    filters = {"hidden.cells.0.weight": free(), "hidden.cells.1.weight": free()}
    if kind == "lnp":
        return filters | {"output.threshold": free()}
    if kind == "glm":
        return filters | {"output.forward.threshold": free(), "output.line.weight": free()}
    paths = filters | {"hidden.cells.1.delay": between(0, TAPS - 1), "*.beta": between(0, 0.98)}
    if kind == "bernoulli":
        paths = paths | {"output.cells.1.tau": positive(), "output.cells.2.threshold": free()}
        paths["hidden.cells.2.beta"] = paths.pop("*.beta")
    return paths | {"output.cells.0.weight": free()} | ({"*.spike.sigma": positive()} if learned else {})


def noise_levels(model: Coder) -> tuple[Array, Array]:
    """Of the hidden and of the output layer; NaN where there is none."""
    none = jnp.asarray(jnp.nan)
    level = lambda cell: getattr(getattr(cell, "spike", None), "sigma", none)
    last = lambda cell: cell.cells[-1] if isinstance(cell, Chain) else cell
    return level(last(model.hidden)), level(last(model.output))
