"""The network of Vogels and Abbott in Brian2, C++ standalone, one thread. Connections are drawn anew in every turn."""

import os

import brian2 as b2
import numpy as np
from served import serve
from trains import statistics

CUBA = """dv/dt = (ge + gi - v) / tau : 1 (unless refractory)
dge/dt = -ge / (5*ms) : 1
dgi/dt = -gi / (10*ms) : 1"""
COBA = """dv/dt = (drive - v + ge * (excitatory - v) + gi * (inhibitory - v)) / tau : 1 (unless refractory)
dge/dt = -ge / (5*ms) : 1
dgi/dt = -gi / (10*ms) : 1"""


def prepare(given):
    size, model, dt, duration = given["size"], given["model"], given["dt"] * b2.ms, given["duration"]
    os.makedirs(given["folder"], exist_ok=True)
    b2.set_device("cpp_standalone", directory=given["folder"], build_on_run=False)
    b2.prefs.devices.cpp_standalone.openmp_threads = 0
    b2.prefs.devices.cpp_standalone.extra_make_args_unix = [f"-j{os.cpu_count() or 1}"]
    b2.prefs.core.default_float_dtype = np.float32 if given["single"] else np.float64
    b2.defaultclock.dt = dt

    names = {"tau": given["tau"] * b2.ms, **{name: given[name] for name in ("threshold", "reset")}}
    if model == "COBA":
        names |= {name: given[name] for name in ("drive", "excitatory", "inhibitory")}
    neurons = b2.NeuronGroup(
        size,
        CUBA if model == "CUBA" else COBA,
        threshold="v >= threshold",
        reset="v = reset",
        refractory=given["refractory"] * b2.ms,
        method="exact" if model == "CUBA" else "exponential_euler",
        namespace=names,
    )
    neurons.v = f"{given['reset']} + {given['threshold'] - given['reset']} * rand()"
    first = given["excitatory_neurons"]
    synapses = []
    for conductance, pre, weight in (("ge", neurons[:first], given["w_e"]), ("gi", neurons[first:], given["w_i"])):
        group = b2.Synapses(pre, neurons, on_pre=f"{conductance} += {weight}")
        group.connect(p=given["p"])
        low, high = given["delay_steps"]
        one = low == high
        group.delay = low * dt if one else f"({low} + int({high - low + 1} * rand())) * {given['dt']} * ms"
        synapses.append(group)
    spikes = b2.SpikeMonitor(neurons)
    b2.Network(neurons, synapses, spikes).run(duration * b2.second)
    b2.device.build(directory=given["folder"], compile=True, run=False)

    def turn(number):
        del number  # seeded by the machine, anew in every run
        b2.device.run()
        found = statistics(spikes.t / b2.second, spikes.i[:], size, given["warm_up"], duration)
        return {"seconds": b2.device._last_run_time, **found}

    return turn, {}


serve(prepare)
