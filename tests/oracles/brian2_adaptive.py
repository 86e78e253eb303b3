"""A recurrent network of adaptive neurons with delays, run by Brian2.

What tests/networks/test_against_brian2_adaptive.py compares with. A script of its own, not part of the test suite. To
make the recording again (about a minute on one core), from the checkout:

    python3.11 -m venv brian && brian/bin/pip install brian2==2.9.0 numpy==2.3.5 cython==3.3.1 setuptools==65.5.0
    brian/bin/python tests/oracles/brian2_adaptive.py

N neurons with their own parameters, every other neuron excitatory or inhibitory, a weight and a delay for each synapse:

    tau dv/dt = -v + i               tau_adapt da/dt = -a
    v >= threshold + strength a:     v -> v - threshold - strength a,  a -> a + 1

i is constant over a step: a current of the neuron's own, plus the weights of the spikes that arrive, each for one step.
Equations, integration ("exact"), queue of delayed spikes and random numbers are Brian2's own; nothing here comes from
`jaxsnn`.

    quiet   no noise: every spike of every neuron, to be met spike for spike
    noisy   i has white noise, sigma / sqrt(dt) times a normal number drawn every step: rate, and CV and CV2 of the
            intervals, of each neuron in each of many copies

Schedule. In the library a spike of step n with a delay of d steps is part of the current of step n + d, before that
step's threshold. A Brian2 step runs its slots in the order start, groups, thresholds, synapses, resets, end. So here

    before_groups       queue: spikes flagged in step n - 1 are put in, those due now add their weight to `arriving`
    groups              v, a move with i = own + arriving + noise
    after_groups        arriving is set to zero
    thresholds, resets

Spikes enter the queue one step after their flag, so a queue delay of d - 1 steps makes them arrive in step n + d.
`arrival` measures it.
"""

import argparse
import json
import platform
import time
from importlib.metadata import version
from pathlib import Path

import brian2 as b
import numpy as np

NEURONS, DT, LONGEST = 30, 0.25, 16
QUIET_STEPS, NOISY_STEPS, WARM_UP, COPIES, SIGMA = 2400, 24000, 1600, 24, 1.2

EQUATIONS = """
dv/dt = (-v + own + arriving + kick) / tau : 1
da/dt = -a / tau_adapt : 1
theta = threshold + strength * a : 1
own : 1 (constant)
arriving : 1
kick : 1
tau : second (constant)
tau_adapt : second (constant)
threshold : 1 (constant)
strength : 1 (constant)
"""


def parameters():
    """One number per neuron, or per synapse [post, pre]: kept in the record. Times in ms, delays in steps."""
    rng = np.random.default_rng(20)
    sign = np.where(np.arange(NEURONS) % 2, -1.0, 1.0)
    weight = sign * rng.uniform(2.0, 14.0, (NEURONS, NEURONS)) * (rng.random((NEURONS, NEURONS)) < 0.4)
    np.fill_diagonal(weight, 0)
    return {
        "tau": rng.uniform(8, 25, NEURONS).round(2),
        "tau_adapt": rng.uniform(40, 150, NEURONS).round(1),
        "threshold": rng.uniform(0.8, 1.2, NEURONS).round(3),
        "strength": rng.uniform(0.05, 0.3, NEURONS).round(3),
        "own": rng.uniform(1.2, 2.4, NEURONS).round(3),
        "weight": weight.round(2),
        "delay": rng.integers(1, LONGEST + 1, (NEURONS, NEURONS)),
    }


def network(given, copies, sigma):
    """`copies` networks that share nothing but their parameters; the group, and what must run with it."""
    size = len(given["tau"])
    neurons = b.NeuronGroup(
        size * copies, EQUATIONS, threshold="v >= theta", reset="v -= theta; a += 1", method="exact"
    )
    for name in ("own", "threshold", "strength"):
        setattr(neurons, name, np.tile(given[name], copies))
    for name in ("tau", "tau_adapt"):
        setattr(neurons, name, np.tile(given[name], copies) * b.ms)
    post, pre = np.nonzero(given["weight"])
    shift = size * np.arange(copies)[:, None]
    synapses = b.Synapses(neurons, neurons, "weight : 1", on_pre="arriving_post += weight")
    synapses.connect(i=(pre + shift).ravel(), j=(post + shift).ravel())
    synapses.weight = np.tile(given["weight"][post, pre], copies)
    synapses.pre.delay = np.tile((given["delay"][post, pre] - 1) * DT, copies) * b.ms
    synapses.pre.when = "before_groups"
    neurons.run_regularly("arriving = 0", when="after_groups")
    if sigma:
        neurons.namespace["scale"] = sigma / np.sqrt(DT)
        neurons.run_regularly("kick = scale * randn()", when="start")
    return neurons, synapses


def fired(neurons, synapses, steps):
    """Steps and neurons of all spikes."""
    spikes = b.SpikeMonitor(neurons)
    b.Network(neurons, synapses, spikes).run(steps * DT * b.ms, report="text", report_period=60 * b.second)
    return np.rint(np.asarray(spikes.t / b.ms) / DT).astype(int), np.asarray(spikes.i)


def arrival():
    """For each delay of 1 to LONGEST steps: steps from a spike to the step in which the other's membrane moves."""
    b.start_scope()
    size = LONGEST + 1
    ones, delay = np.ones(size), np.zeros((size, size), int)
    weight = np.zeros((size, size))
    weight[1:, 0], delay[1:, 0] = 0.5, np.arange(1, size)
    given = {"tau": 10 * ones, "tau_adapt": 50 * ones, "threshold": ones, "strength": 0 * ones, "own": 0 * ones}
    neurons, synapses = network(given | {"weight": weight, "delay": delay}, 1, 0.0)
    neurons.v = [1.5] + LONGEST * [0.0]
    compared = b.StateMonitor(neurons, "v", record=True, when="thresholds", order=-1)
    spikes = b.SpikeMonitor(neurons)
    b.Network(neurons, synapses, compared, spikes).run(2 * size * DT * b.ms)
    ((who, when),) = zip(spikes.i, spikes.t / b.ms, strict=True)
    assert who == 0
    return [int(np.flatnonzero(v)[0]) - round(float(when) / DT) for v in compared.v[1:]]


def of_intervals(steps):
    """CV and CV2 of the intervals of one spike train."""
    intervals = np.diff(np.sort(steps)).astype(float)
    cv2 = np.mean(2 * np.abs(np.diff(intervals)) / (intervals[1:] + intervals[:-1]))
    return intervals.std() / intervals.mean(), cv2


def main():
    parser = argparse.ArgumentParser(description="Record a network of adaptive neurons in Brian2.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()

    b.prefs.codegen.target = "cython"
    b.defaultclock.dt = DT * b.ms
    steps = arrival()
    if steps != list(range(1, LONGEST + 1)):
        raise SystemExit(f"spikes arrive after {steps} steps: must be 1 ... {LONGEST}")
    given, begun = parameters(), time.monotonic()

    b.start_scope()
    when, who = fired(*network(given, 1, 0.0), QUIET_STEPS)
    quiet = [np.sort(when[who == neuron]).tolist() for neuron in range(NEURONS)]

    b.start_scope()
    b.seed(1)
    when, who = fired(*network(given, COPIES, SIGMA), WARM_UP + NOISY_STEPS)
    late = when >= WARM_UP
    trains = [when[late & (who == index)] for index in range(COPIES * NEURONS)]
    cv, cv2 = np.transpose([of_intervals(train) for train in trains]).reshape(2, COPIES, NEURONS)
    rate = np.array([train.size / (NOISY_STEPS * DT) for train in trains]).reshape(COPIES, NEURONS)

    record = {
        "versions": {name: version(name) for name in ("brian2", "numpy", "cython")}
        | {"python": platform.python_version()},
        "units": "times in ms, delays and spikes in steps of dt, rates per ms; weights and delays are [post][pre]",
        "dt": DT,
        "max_delay": LONGEST,
        "arrival": steps,
        "parameters": {name: values.tolist() for name, values in given.items()},
        "quiet": {"steps": QUIET_STEPS, "spikes": quiet},
        "noisy": {
            "sigma": SIGMA,
            "warm_up": WARM_UP,
            "steps": NOISY_STEPS,
            "copies": COPIES,
            "rate": rate.round(7).tolist(),  # [copy][neuron]
            "cv": cv.mean(axis=1).round(7).tolist(),  # over neurons, [copy]
            "cv2": cv2.mean(axis=1).round(7).tolist(),
        },
        "seconds": round(time.monotonic() - begun, 1),
    }
    options.out.write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
