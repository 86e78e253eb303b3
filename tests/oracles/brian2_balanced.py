"""The balanced network with delay, run by Brian2: what tests/networks/test_against_brian2.py compares with.

A script of its own, not part of the test suite. To make the recording again (minutes on one core), from the checkout:

    python3.11 -m venv brian && brian/bin/pip install brian2==2.9.0 numpy==2.3.5 cython==3.3.1 setuptools==65.5.0
    brian/bin/python tests/oracles/brian2_balanced.py

N neurons, one constant signal; time in mean population inter-spike intervals, written as ms; leak and noise as
lam_V / R and sigma / sqrt(R):

    dv_i = (-leak v_i + 1) dt + noise dW_i       threshold 1/2, own reset -1 at once, all others -1 after the delay
    dy   = -y / R dt + spikes                    readout

The membrane is moved by the exact Ornstein-Uhlenbeck step. All else is Brian2's own: its schedule, its random numbers,
its queue of delayed spikes, its integrator of the readout. Nothing here comes from `jaxsnn`.

Schedule. The library compares v_n with the threshold at the start of step n, and a spike of step n has moved the others
by -1 in the v_{n+D} that step n + D compares, whole: the arrival comes after the decay of the membrane. A Brian2 step
runs its slots in the order start, groups, thresholds, synapses, resets, end. So here

    groups              v <- OU step                         (the end of the library's step n - 1)
    before_thresholds   queue: spikes flagged in step n - 1 are put in, those due now are delivered
    thresholds          v >= 1/2 is flagged                  (the library's step n begins)
    synapses            y += 1 for each spike, no delay
    resets              v -= 1 of the neurons that spiked
    end                 y is measured, just after the spikes of step n

Spikes enter the queue one step after their flag, so a queue delay of D - 1 steps makes them arrive in step n + D. In
the default slot, `synapses`, a queue delay of D would deliver after the comparison of step n + D, and what is compared
in step n + D + 1 would have leaked for one step. `arrival` measures the steps and the amount.

Seeds are independent copies in one network: no synapse crosses from one to another, noise is private to each neuron.
Within a step the readout decays by a known factor, so time averages are exact:

    <y> = mean(y_n) (1 - exp(-x)) / x        <y^2> = mean(y_n^2) (1 - exp(-2x)) / (2x)        x = dt / R

An event starts at a step with spikes, D steps or more after the last step with spikes: nothing is in flight. Spurious
spikes per event are counted over the whole events of the window, from its first start to its last.
"""

import argparse
import json
import platform
import time
from importlib.metadata import version
from pathlib import Path

import brian2 as b
import numpy as np

NEURONS, RATE, NOISE, DELAY, DT = 64, 64.0, 2.0, 0.4, 0.02
LEAKS = (0.1, 1.0)
STEPS = round(DELAY / DT)


def population(size, copies, leak, noise, drive=1.0):
    """`copies` networks of `size` neurons: the group, and the inhibition within each copy."""
    ou = {
        "keep": np.exp(-leak * DT),
        "drift": -drive * np.expm1(-leak * DT) / leak,
        "kick": noise * np.sqrt(-np.expm1(-2 * leak * DT) / (2 * leak)),
    }
    neurons = b.NeuronGroup(size * copies, "v : 1", threshold="v >= 0.5", reset="v -= 1", namespace=ou)
    neurons.run_regularly("v = keep*v + drift + kick*randn()", when="groups")
    inhibition = b.Synapses(neurons, neurons, on_pre="v_post -= 1", delay=(STEPS - 1) * DT * b.ms)
    copy, pre, post = np.ogrid[:copies, :size, :size]
    pairs = np.broadcast_arrays(copy * size + pre, copy * size + post)
    other = pairs[0] != pairs[1]
    inhibition.connect(i=pairs[0][other], j=pairs[1][other])
    inhibition.pre.when = "before_thresholds"
    return neurons, inhibition


def arrival():
    """Steps from a spike of one neuron to the comparison in which the other's membrane is lower, and by how much."""
    b.start_scope()
    neurons, inhibition = population(2, 1, leak=0.5, noise=0.0, drive=0.0)
    neurons.v = [0.6, 0.0]
    compared = b.StateMonitor(neurons, "v", record=True, when="thresholds", order=-1)
    spikes = b.SpikeMonitor(neurons)
    b.Network(neurons, inhibition, compared, spikes).run(3 * STEPS * DT * b.ms)
    ((who, when),) = zip(spikes.i, spikes.t / b.ms, strict=True)
    changed = int(np.flatnonzero(compared.v[1])[0])
    assert who == 0
    return changed - round(float(when) / DT), float(compared.v[1, changed])


def spurious(fired, first):
    """Spurious spikes per event from the steps of all spikes of one copy, in order."""
    steps, counts = np.unique(fired, return_counts=True)
    starts = np.concatenate([[True], np.diff(steps) >= STEPS]) & (steps >= first)
    begin, end = np.flatnonzero(starts)[[0, -1]]
    return counts[begin:end].sum() / (starts.sum() - 1) - 1


def run(lam_v, copies, duration, seed):
    """One leak: per copy the variance of the readout, its bias, the rate and the spurious spikes per event."""
    b.start_scope()
    b.seed(seed)
    begun = time.monotonic()
    leak, noise = lam_v / RATE, NOISE / np.sqrt(RATE)
    first = round(max(10.0, 5.0 / lam_v) * RATE / DT)
    window = round(duration * RATE / DT)

    neurons, inhibition = population(NEURONS, copies, leak, noise)
    generator = np.random.default_rng(seed)
    packet = generator.normal(scale=noise / np.sqrt(2 * leak), size=(copies, NEURONS))
    packet -= packet.max(axis=1, keepdims=True) + generator.uniform(-0.5, 0.5, (copies, 1))
    neurons.v = packet.ravel()

    constants = {"tau": RATE * b.ms, "begin": (first - 0.5) * DT * b.ms}
    equations = "dy/dt = -y/tau : 1\ntotal : 1\nsquares : 1"
    readout = b.NeuronGroup(copies, equations, method="exact", namespace=constants)
    readout.y = RATE
    decoding = b.Synapses(neurons, readout, on_pre="y_post += 1")
    decoding.connect(i=np.arange(NEURONS * copies), j=np.repeat(np.arange(copies), NEURONS))
    readout.run_regularly("total += int(t > begin)*y\nsquares += int(t > begin)*y**2", when="end")

    spikes = b.SpikeMonitor(neurons)
    network = b.Network(neurons, inhibition, readout, decoding, spikes)
    network.run((first + window) * DT * b.ms, report="text", report_period=60 * b.second)

    x = DT / RATE
    mean = -np.expm1(-x) / x * np.asarray(readout.total) / window
    square = -np.expm1(-2 * x) / (2 * x) * np.asarray(readout.squares) / window
    fired = np.rint(np.asarray(spikes.t / b.ms) / DT).astype(int)
    each = [np.sort(fired[np.asarray(spikes.i) // NEURONS == copy]) for copy in range(copies)]
    return {
        "leak": lam_v,
        "transient": first * DT / RATE,
        "duration": window * DT / RATE,
        "seed": seed,
        "variance": (square - mean**2).tolist(),
        "bias": (mean - RATE).tolist(),
        "rate": [float((steps >= first).sum() / (window * DT)) for steps in each],
        "spurious": [float(spurious(steps, first)) for steps in each],
        "seconds": round(time.monotonic() - begun, 1),
    }


def main():
    parser = argparse.ArgumentParser(description="Record the balanced network with delay in Brian2.")
    parser.add_argument("--copies", type=int, default=16)
    parser.add_argument("--duration", type=float, default=200.0, help="readout time constants after the transient")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()

    b.prefs.codegen.target = "cython"
    b.defaultclock.dt = DT * b.ms
    steps, moved = arrival()
    if (steps, moved) != (STEPS, -1.0):
        raise SystemExit(f"inhibition arrives after {steps} steps as {moved}: must be {STEPS} steps and -1")
    record = {
        "versions": {name: version(name) for name in ("brian2", "numpy", "cython")}
        | {"python": platform.python_version()},
        "parameters": {"neurons": NEURONS, "rate": RATE, "noise": NOISE, "delay": DELAY, "dt": DT},
        "arrival": {"steps": steps, "moved": moved},
        "units": "leak, noise: readout units; delay, dt: mean intervals; transient, duration: readout time constants",
        "copies": options.copies,
        "points": [run(leak, options.copies, options.duration, seed) for seed, leak in enumerate(LEAKS, 1)],
    }
    options.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
