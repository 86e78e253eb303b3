"""Time and memory of a gradient against the length of the run: `python -m benchmarks.memory`.

A noisy layer of 64 neurons that 32 inputs drive; the gradient of the mean output with respect to all parameters
(reverse mode) or to threshold, time constant and noise level (forward mode). Memory is the compiler's own count of
temporary bytes; time is the median of three calls after the first.
"""

import argparse
import statistics
import time
from typing import Any

import jax
import jax.numpy as jnp

from jaxsnn.engine import nothing, simulate
from jaxsnn.gradients import FastSigmoid
from jaxsnn.networks import Chain, Constant
from jaxsnn.neurons import LIF
from jaxsnn.noise import WhiteNoise
from jaxsnn.readouts import Moments, Score
from jaxsnn.synapses import Dense

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
    return jax.jit(jax.grad(lambda net: mean_output(net, steps, **options))), network()


def forward(steps: int) -> Any:
    net = network("forward")

    def of(three: Any) -> Any:
        threshold, tau, noise = three
        cells: list[Any] = list(net.cells)
        cells[2] = WhiteNoise(noise, size=64)
        cells[3] = Score(LIF(tau, threshold, FastSigmoid(0.3, mode="forward"), size=64), dict(cells[3].meters))
        return mean_output(Chain(*cells), steps, block=min(steps, 100))

    return jax.jit(jax.jacfwd(of)), (jnp.float32(1.0), jnp.float32(10.0), jnp.float32(0.5))


def measure(call: Any, argument: Any) -> tuple[float, float, float]:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--longest", type=int, default=LENGTHS[-1])
    longest = parser.parse_args().longest
    print("| steps | gradient | seconds | compiling, s | temporary memory, MB |\n| --- | --- | --- | --- | --- |")
    for steps in (n for n in LENGTHS if n <= longest):
        rows = {name: reverse(steps, memory) for name, memory in BUDGETS.items()}
        rows["forward, 3 parameters"] = forward(steps)
        for name, (call, argument) in rows.items():
            seconds, compiling, size = measure(call, argument)
            print(f"| {steps} | {name} | {seconds:.3g} | {compiling:.2g} | {size:.3g} |", flush=True)


if __name__ == "__main__":
    main()
