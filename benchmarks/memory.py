"""Time and memory of a gradient against the length of the run: `python -m benchmarks.memory`.

A noisy layer of 64 neurons that 32 inputs drive; the gradient of the mean output with respect to all parameters
(reverse mode) or to threshold, time constant and noise level (forward mode). Memory is the compiler's own count of
temporary bytes; time is the median of three calls after the first.
"""

import argparse
import statistics
import time
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxsnn.engine import nothing, simulate
from jaxsnn.gradients import FastSigmoid
from jaxsnn.networks import Chain, Constant
from jaxsnn.neurons import LIF
from jaxsnn.noise import WhiteNoise
from jaxsnn.readouts import Moments, Score
from jaxsnn.synapses import Dense

from .rows import Row, rows

NAME = "time and memory of a gradient against the length of the run"
LENGTHS = (100, 1_000, 10_000, 100_000)
BUDGETS = {"everything kept": None, "64 MB": 64e6, "4 MB": 4e6}


def network(mode: str = "reverse") -> Chain:
    weight = 0.15 * jax.random.normal(jax.random.key(0), (64, 32))
    neurons = LIF(10.0, 1.0, FastSigmoid(0.3, mode=mode), size=64)
    noise = WhiteNoise(0.5, size=64)
    return Chain(Constant(jnp.ones(32)), Dense(weight), noise, Score(neurons, {"mean": Moments("output", shape=64)}))


def mean_output(net: Chain, steps: int, **options: Any) -> Any:
    final, _ = simulate(net, dt=0.5, key=jax.random.key(1), steps=steps, record=nothing, **options)
    return jnp.mean(final[3].meters["mean"].mean)


def reverse(steps: int, memory: float | None) -> Any:
    options = {} if memory is None else {"memory": memory}
    trainable, rest = eqx.partition(network(), eqx.is_inexact_array)  # counters have no gradient
    return jax.jit(jax.grad(lambda part: mean_output(eqx.combine(part, rest), steps, **options))), trainable


def forward(steps: int) -> Any:
    net = network("forward")

    def of(three: Any) -> Any:
        threshold, tau, noise = three
        cells: list[Any] = list(net.cells)
        cells[2] = WhiteNoise(noise, size=64)
        cells[3] = Score(LIF(tau, threshold, FastSigmoid(0.3, mode="forward"), size=64), dict(cells[3].meters))
        return mean_output(Chain(*cells), steps, block=min(steps, 100))

    return jax.jit(jax.jacfwd(of)), (jnp.float32(1.0), jnp.float32(10.0), jnp.float32(0.5))


def cost(call: Any, argument: Any) -> tuple[float, float, float]:
    """Seconds of a call, seconds of compiling, temporary megabytes."""
    begun = time.perf_counter()
    program = call.lower(argument).compile()
    compiling = time.perf_counter() - begun
    size = program.memory_analysis().temp_size_in_bytes / 1e6
    jax.block_until_ready(program(argument))
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        jax.block_until_ready(program(argument))
        times.append(time.perf_counter() - begun)
    return statistics.median(times), compiling, size


def measure(turns: int) -> tuple[list[Row], list[str]]:
    """Rows for the runner: up to 10 000 steps."""
    found = []
    for steps in LENGTHS[:-1]:
        calls = {name: reverse(steps, memory) for name, memory in BUDGETS.items()}
        calls["forward, 3 parameters"] = forward(steps)
        seconds, compiling, peak = {}, {}, {}
        for name, (call, argument) in calls.items():
            median, compiling[f"jaxsnn {name}"], peak[f"jaxsnn {name}"] = cost(call, argument)
            seconds[f"jaxsnn {name}"] = [median]
        reference = f"jaxsnn {next(iter(BUDGETS))}"
        found += rows(f"gradient through {steps} steps", "s", None, seconds, reference, 1, compiling, peak)
    return found, [f"Median of three calls, not of {turns} turns; peak: temporary memory by the compiler's own count."]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--longest", type=int, default=LENGTHS[-1])
    longest = parser.parse_args().longest
    print("| steps | gradient | seconds | compiling, s | temporary memory, MB |\n| --- | --- | --- | --- | --- |")
    for steps in (n for n in LENGTHS if n <= longest):
        calls = {name: reverse(steps, memory) for name, memory in BUDGETS.items()}
        calls["forward, 3 parameters"] = forward(steps)
        for name, (call, argument) in calls.items():
            seconds, compiling, size = cost(call, argument)
            print(f"| {steps} | {name} | {seconds:.3g} | {compiling:.2g} | {size:.3g} |", flush=True)


if __name__ == "__main__":
    main()
