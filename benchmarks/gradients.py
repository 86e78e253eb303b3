"""W4: gradients through long simulations of W1's networks, through `sweep`.

The derivatives of the log of the mean square readout error with respect to log sigma, log delay and the threshold, by
reverse mode within a given memory, by forward mode, and by differences with common random numbers. The networks are
those of W1 with a ring of floats and a delay that is interpolated. A chunk of 256 networks is timed: 1024 are four of
them, one after the other, in the same memory. `python -m benchmarks.gradients --steps 1000` is a short look.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxsnn.delays import FloatHistory
from jaxsnn.engine import nothing, simulate
from jaxsnn.gradients import Triangle
from jaxsnn.networks import Balanced, Chain, Delayed, Sinusoids
from jaxsnn.readouts import DecayingMoments, ErrorReadout, Score
from jaxsnn.start import start
from jaxsnn.sweeps import Grid, Study, sweep
from jaxsnn.sweeps.job import make_job

from .rows import Row, fact, paired, rows
from .workload import AMPLITUDE, DT, LEAK, NEURONS, NOISE, PERIOD, WEIGHTS

NAME = "gradients through 10 000 steps of 64 neurons, 256 networks at a time (W4)"
STEPS, SEEDS, BLOCK = 10_000, 4, 100
DELAYS = [2, 4, 8, 15, 27, 48, 82, 104]  # of W1's; one step has no room for a shorter delay
NOISES = [float(level) for level in NOISE[::2]]
POINTS = len(DELAYS) * len(NOISES)
NETWORKS = POINTS * SEEDS
MEMORY = 0.9e9  # bytes that the backward pass may keep, all networks of a chunk together
PARAMETERS = ("log sigma", "log delay", "threshold")
SHIFTS = (0.1, 0.1, 0.05)  # of the differences, to each side
MILLION = 1e6
UNIT = "million neuron-updates per second"
FORWARD, REVERSE = "jaxsnn, no gradient", "jaxsnn, reverse mode, 3 parameters"
ONE, THREE = "jaxsnn, forward mode, 1 parameter", "jaxsnn, forward mode, 3 parameters"


def network(theta: jax.Array, point: dict[str, Any], mode: str) -> Chain:
    """W1's network; theta: what is added to log sigma, log delay and the threshold (in units of a mean reset).

    A spike passes on the rate at which a membrane crosses threshold, 1 in these units: per step it would pass on more
    than it receives, fifty times an interval, and any derivative would overflow.
    """
    rate = float(NEURONS)
    signal = Sinusoids([rate], [[AMPLITUDE * rate]], [1 / PERIOD], [[0.0]], 1 / rate)
    net = Balanced(
        jnp.asarray(WEIGHTS[None], jnp.float32),
        LEAK / rate,
        point["noise"] * jnp.exp(theta[0]) / jnp.sqrt(rate),
        ErrorReadout(1 / rate),
        Delayed(
            point["delay_steps"] * DT * jnp.exp(theta[1]),
            FloatHistory(NEURONS, 128),
            spike=Triangle(0.5, normalize="area", rate=1.0, mode=mode),
        ),
        threshold_shift=theta[2],
    )
    return Chain(signal, Score(net, {"error": DecayingMoments("output.error", rate=1 / rate, drive="input")}))


def log_error(theta: jax.Array, point: dict[str, Any], key: jax.Array, mode: str = "reverse", **options: Any):
    cell = network(theta, point, mode)
    final, _ = simulate(cell, dt=DT, key=key, steps=point["length"], record=nothing, **options)
    error = final[1].meters["error"]
    return jnp.log(error.variance[0] + error.mean[0] ** 2)


def _named(gradient: jax.Array) -> dict[str, jax.Array]:
    return {f"d_{name.split()[-1]}": gradient[i] for i, name in enumerate(PARAMETERS)}


def no_gradient(point: dict[str, Any], key: jax.Array) -> dict[str, jax.Array]:
    theta = jnp.stack([point["shift_sigma"], point["shift_delay"], point["shift_threshold"]])
    return {"log_error": log_error(theta, point, key, block=BLOCK)}


def reverse(point: dict[str, Any], key: jax.Array) -> dict[str, jax.Array]:
    of = lambda theta: log_error(theta, point, key, memory=MEMORY / NETWORKS)
    value, gradient = jax.value_and_grad(of)(jnp.zeros(3))
    return {"log_error": value, **_named(gradient)}


def forward_one(point: dict[str, Any], key: jax.Array) -> dict[str, jax.Array]:
    of = lambda theta: log_error(theta, point, key, "forward", block=BLOCK)
    value, slope = jax.jvp(of, (jnp.zeros(3),), (jnp.eye(3)[0],))
    return {"log_error": value, "d_sigma": slope}


def forward_three(point: dict[str, Any], key: jax.Array) -> dict[str, jax.Array]:
    of = lambda theta: log_error(theta, point, key, "forward", block=BLOCK)
    return _named(jax.jacfwd(of)(jnp.zeros(3)))


RUNS: dict[str, Callable] = {FORWARD: no_gradient, ONE: forward_one, THREE: forward_three, REVERSE: reverse}


def study(name: str, steps: int) -> Study:
    def prepare(point):
        from jaxsnn.engine import Plan

        shifts = {f"shift_{part}": float(point.get(f"shift_{part}", 0.0)) for part in ("sigma", "delay", "threshold")}
        arrays = {"noise": point["noise"], "delay_steps": float(point["delay_steps"]), **shifts}
        return Plan({"length": steps}, arrays, noise={"neurons": NEURONS, "dt": DT})

    return Study(name.replace(", ", "."), 1, RUNS[name], prepare, chunk=POINTS, undefined=())


def grid() -> Grid:
    return Grid(delay_steps=DELAYS, noise=NOISES, seed=SEEDS)


def temporary_mb(name: str, steps: int) -> float:
    """What the compiled program keeps while it runs, on all devices, by the compiler's own count."""
    program = make_job(study(name, steps), grid(), key=jax.random.key(0)).chunk_program(0)
    program.compile()
    assert program.compiled is not None
    return program.compiled[1].memory_analysis().temp_size_in_bytes * len(jax.local_devices()) / MILLION


def differences(steps: int, turn: int) -> list[np.ndarray]:
    """Central differences of the log error with common random numbers, one array [delay, noise, seed] a parameter."""
    found = []
    for name, shift in zip(("sigma", "delay", "threshold"), SHIFTS, strict=True):
        ends = []
        for side in (1, -1):
            constants = {f"shift_{name}": side * shift}
            data = sweep(study(FORWARD, steps), grid(), key=jax.random.key(turn), constants=constants)
            ends.append(data["log_error"].values)
        found.append((ends[0] - ends[1]) / (2 * shift))
    return found


def _mean(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard error; the seeds are the independent samples."""
    each = values.reshape(-1, SEEDS).astype(float).mean(axis=0)
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(SEEDS))


def compared(data: Any, steps: int, turn: int) -> tuple[list[Row], list[str]]:
    """The gradients of one turn beside differences: means over the grid, standard errors over the seeds."""
    made, said = [], []
    for name, difference in zip(PARAMETERS, differences(steps, turn), strict=True):
        gradient = data[f"d_{name.split()[-1]}"].values
        finite = np.isfinite(gradient)
        usual = np.abs(gradient[finite])
        middle = np.median(gradient, axis=-1), np.median(difference, axis=-1)
        alike = np.mean(np.sign(middle[0]) == np.sign(middle[1]))
        (mean, error), (truth, doubt) = _mean(gradient), _mean(difference)
        said.append(
            f"d log error / d {name}: mean {mean:.3g} +- {error:.2g}, differences {truth:.3g} +- "
            f"{doubt:.2g} (shift {SHIFTS[PARAMETERS.index(name)]:g}); medians over seeds have the same "
            f"sign at {alike:.0%} of {middle[0].size} points; {np.mean(finite):.0%} finite, median size "
            f"{np.median(usual):.2g}, largest {usual.max():.2g}."
        )
        made.append(fact("W4, error of the gradient", f"d / d {name}", mean - truth, "mean over the grid, gradient "
                         "minus differences", f"differences {truth:.3g} +- {doubt:.2g}"))  # fmt: skip
    return made, said


def measure(turns: int, steps: int = STEPS) -> tuple[list[Row], list[str]]:
    start(None)
    cores = len(jax.local_devices())
    compiling, peak, last = {}, {}, {}

    def call(name: str, turn: int) -> dict[str, Any]:
        begun = time.perf_counter()
        last[name] = sweep(study(name, steps), grid(), key=jax.random.key(turn))
        return {"seconds": time.perf_counter() - begun, **last[name].attrs}

    calls = {name: lambda turn, name=name: call(name, turn) for name in RUNS}
    for name in RUNS:
        compiling[name] = float(calls[name](0)["compile_seconds"])
        peak[name] = temporary_mb(name, steps)
    seconds = paired(calls, turns)
    work = NETWORKS * NEURONS * steps / MILLION
    made = rows("W4", UNIT, work, seconds, FORWARD, cores, compiling, peak)
    per = np.median(
        [(three - plain) / 3 / plain for three, plain in zip(seconds[THREE], seconds[FORWARD], strict=True)]
    )
    each, said = compared(last[REVERSE], steps, turns)
    made += each
    modes = [np.abs(last[THREE][n].values - last[REVERSE][n].values) for n in ("d_sigma", "d_delay", "d_threshold")]
    scale = [np.abs(last[REVERSE][n].values) + 1e-3 for n in ("d_sigma", "d_delay", "d_threshold")]
    apart = max(float(np.median(a / b)) for a, b in zip(modes, scale, strict=True))
    said += [
        f"Forward and reverse mode differ by {apart:.1g} of the gradient (median over the networks, worst parameter).",
        f"Forward mode with three parameters costs {per:.2g} further passes a parameter.",
        f"Peak memory is the compiler's count of temporary bytes on {cores} devices, for {NETWORKS} networks at once.",
    ]
    return made, said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    made, said = measure(options.turns, options.steps)
    for row in made:
        print(row)
    print("\n".join(said))


if __name__ == "__main__":
    main()
