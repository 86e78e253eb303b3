"""Beyond the paper: a two-dimensional time-varying signal and heterogeneous weights.

Weights point into one quadrant, evenly, with lengths between 0.9 and 1.1, so that all inhibit each other (weights all
around the circle excite their opposites, and with a delay the two sides drive each other without end at any noise). The
target moves on an incommensurate path about a point at `rate` weights from the origin, so that about `rate` spikes are
needed per readout time constant. Delay and noise are in the units of the one-dimensional network: delta in mean
intervals 1/rate.
"""

import math

import jax.numpy as jnp
import numpy as np

from jaxsnn.delays import PackedHistory
from jaxsnn.engine import Simulation
from jaxsnn.networks import Balanced, Chain, Delayed, Sequential, Sinusoids
from jaxsnn.readouts import DecayingMoments, ErrorReadout, Rate, Score
from jaxsnn.sweeps import Study

from .network import SETTINGS, prepare, updates


def weights(neurons: int) -> np.ndarray:
    """Decoder [2, neuron]: even directions from 0 to 90 degrees, lengths in an order uncorrelated with direction."""
    angle = np.pi / 2 * np.arange(neurons) / (neurons - 1)
    length = np.linspace(0.9, 1.1, neurons)[np.argsort(np.modf(np.arange(neurons) * (math.sqrt(5) - 1) / 2)[0])]
    return length * np.stack([np.cos(angle), np.sin(angle)])


def network(point):
    """Time in mean intervals 1/rate, as in `homogeneous`."""
    rate, neurons = point["rate"], point["neurons"]
    waves = Sinusoids(
        offset=jnp.full(2, math.sqrt(0.5)) * rate,
        amplitude=jnp.asarray([[0.2, 0.05], [0.2, 0.05]]) * rate,
        frequency=jnp.asarray([1 / 12.0, math.sqrt(2) / 5.0]) / rate,
        phase=jnp.asarray([[0.25, 0.0], [0.0, 0.25]]),
        readout_rate=1 / rate,
    )
    inhibition = (
        Sequential() if not point["ring"] else Delayed(point["delay"], PackedHistory(neurons, point["ring"], 2))
    )
    net = Balanced(
        jnp.asarray(weights(neurons), jnp.float32),
        point["leak"] / rate,
        point["noise"] / jnp.sqrt(rate),
        ErrorReadout(1 / rate, signal=2),
        inhibition,
    )
    window = {"first": point["first"], "last": point["steps"]}
    error = DecayingMoments("output.error", rate=1 / rate, drive="input", shape=2, **window)
    return Chain(
        waves,
        Score(net, {"error": error, "rate": Rate("output.count", **window), "left": Rate("output.left", **window)}),
    )


def result(point, state):
    meters = state[1].meters
    del point
    # the mean error of a moving target is part of the error, so it is kept: mean square over both directions
    square = jnp.mean(meters["error"].variance + jnp.square(meters["error"].mean))
    return {
        "square": square,
        "rmse": jnp.sqrt(square),
        "rate": meters["rate"].rate,
        "left": meters["left"].count / meters["rate"].count,  # waits for the next step, per spike; 0 with a delay
    }


PLANE = Study("timcheck_2022.plane", 2, Simulation(network, result), prepare, SETTINGS, updates=updates)
