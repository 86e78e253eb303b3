"""W1: 1024 balanced networks of 64 neurons, 16 delays x 16 noise levels x 4 seeds, 10 000 steps, a time-varying signal.

Weights run from 0.9 to 1.1, the delays are 1 ... 128 steps, the noise spans two and a half decades; own reset at once,
all other inhibition delayed. Per network: mean square readout error and spike count. Times in mean intervals.
"""

import jax.numpy as jnp
import numpy as np

from jaxsnn.delays import PackedHistory
from jaxsnn.engine import Plan, Simulation
from jaxsnn.networks import Balanced, Chain, Delayed, Sinusoids
from jaxsnn.readouts import DecayingMoments, ErrorReadout, Rate, Score
from jaxsnn.sweeps import Grid, Study

NEURONS, STEPS, DT, LEAK = 64, 10_000, 0.02, 0.1
WEIGHTS = np.linspace(0.9, 1.1, NEURONS)
DELAY_STEPS = np.array([1, 2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64, 82, 104, 128])
NOISE = np.geomspace(0.1, 30, 16)
SEEDS = 4
AMPLITUDE, PERIOD = 0.2, 640.0  # of the signal, in units of its mean and in intervals


def network(point):
    rate = float(NEURONS)
    signal = Sinusoids([rate], [[AMPLITUDE * rate]], [1 / PERIOD], [[0.0]], 1 / rate)
    net = Balanced(
        jnp.asarray(WEIGHTS[None], jnp.float32),
        LEAK / rate,
        point["noise"] / jnp.sqrt(rate),
        ErrorReadout(1 / rate),
        Delayed(point["delay"], PackedHistory(NEURONS, 128)),
    )
    meters = {"error": DecayingMoments("output.error", rate=1 / rate, drive="input"), "rate": Rate("output.count")}
    return Chain(signal, Score(net, meters))


def _result(point, state):
    del point
    error, rate = state[1].meters["error"], state[1].meters["rate"]
    return {"square": error.variance[0] + error.mean[0] ** 2, "count": rate.count}


def prepare(point):
    arrays = {"noise": point["noise"], "delay": point["delay_steps"] * DT, "dt": DT}
    return Plan({"steps": STEPS}, arrays, noise={"neurons": NEURONS, "dt": DT})


STUDY = Study(
    "benchmark.sweep",
    1,
    Simulation(network, _result),
    prepare,
    chunk=256,
    segment=STEPS,
    updates=lambda point: float(NEURONS * point["steps"]),
)


def grid(seeds: int = SEEDS) -> Grid:
    return Grid(delay_steps=[int(d) for d in DELAY_STEPS], noise=[float(s) for s in NOISE], seed=seeds)


def drive() -> np.ndarray:
    """The drive of every step, as the loops take it."""
    rate, t = float(NEURONS), DT * (np.arange(STEPS) + 0.5)
    angle = 2 * np.pi * t / PERIOD
    return 1 + AMPLITUDE * (np.sin(angle) + rate * 2 * np.pi / PERIOD * np.cos(angle))


def peers() -> dict[str, np.ndarray]:
    """Leak, noise and delay of every network, in the order of the grid with the seeds last."""
    delay, noise = np.meshgrid(DELAY_STEPS, NOISE, indexing="ij")
    flat = lambda a: np.repeat(a.ravel(), SEEDS)
    return {
        "leak": np.full(delay.size * SEEDS, LEAK / NEURONS),
        "noise": flat(noise) / np.sqrt(NEURONS),
        "delay_steps": flat(delay),
    }


def given() -> dict:
    """Everything that a peer in another process needs to know, as JSON takes it."""
    of_each = {name: values.tolist() for name, values in peers().items()}
    return {**of_each, "weights": WEIGHTS.tolist(), "drive": drive().tolist(), "dt": DT, "readout_rate": 1 / NEURONS}
