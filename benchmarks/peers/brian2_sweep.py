"""The sweep of balanced networks in Brian2, C++ standalone, one thread: all networks as one group of neurons.

A spike is delivered after the threshold of a step and decays with the membrane in the next update, hence the weight
over the decay, and a delay that is one step shorter than ours.
"""

import shutil
import tempfile

import brian2 as b2
import numpy as np
from packet import coefficients, packet
from served import serve


def prepare(given):
    folder = tempfile.mkdtemp(prefix="brian2-")
    b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
    b2.prefs.devices.cpp_standalone.openmp_threads = 0
    if given.get("single"):
        b2.prefs.core.default_float_dtype = np.float32
    leak, noise, steps_late = (np.array(given[name]) for name in ("leak", "noise", "delay_steps"))
    weights, drive, rate, dt = np.array(given["weights"]), np.array(given["drive"]), given["readout_rate"], given["dt"]
    networks, size, steps = len(noise), len(weights), len(drive)
    unit = b2.ms  # a step is 1 ms
    b2.defaultclock.dt = unit
    e, gain, scale, er, gr = coefficients(leak, noise, rate, dt)
    signals = {
        "now": b2.TimedArray(drive, dt=unit),
        "before": b2.TimedArray(np.concatenate([drive[:1], drive[:-1]]), dt=unit),
    }

    neurons = b2.NeuronGroup(
        networks * size,
        "v : 1\nw : 1 (constant)\ndecay : 1 (constant)\ngain : 1 (constant)\nkick : 1 (constant)\nlag : 1 (constant)",
        threshold="v >= 0.5 * w * w",
        reset="v -= w * w",
        namespace=signals,
    )
    neurons.w = np.tile(weights, networks)
    for name, values in {"decay": e, "gain": gain, "kick": scale, "lag": steps_late - 1.0}.items():
        setattr(neurons, name, np.repeat(values, size))
    neurons.v = 0
    neurons.run_regularly("v = decay * v + gain * before(t) * w + kick * randn()", when="groups")

    half, er, gr, dt = 1 - rate * dt / 2, float(er), float(gr), float(dt)
    names = {"er": er, "gr": gr, "half": half, "dt_isi": dt, "fade": rate, **signals}
    readouts = b2.NeuronGroup(networks, "error : 1\nsquare : 1\nfired : 1\nmiddle : 1\nslope : 1", namespace=names)
    readouts.run_regularly("error = er * error + gr * before(t) * int(t > 0*ms)", when="groups")
    readouts.run_regularly(
        "middle = error * half + now(t) * dt_isi / 2\n"
        "slope = (now(t) - fade * error) * dt_isi\n"
        "square += middle * middle + slope * slope / 12",
        when="end",
    )
    others = b2.Synapses(neurons, neurons, on_pre="v_post -= w_pre * w_post / decay_post")
    others.connect(j=f"k for k in range({size} * (i // {size}), {size} * (i // {size}) + {size}) if k != i")
    others.delay = "lag_pre * ms"
    readout = b2.Synapses(neurons, readouts, on_pre="error_post -= w_pre\nfired_post += 1", namespace=names)
    readout.connect(j=f"i // {size}")
    b2.Network(neurons, readouts, others, readout).run(steps * unit)
    b2.device.build(directory=folder, compile=True, run=False)

    def turn(number):
        first = packet(np.random.default_rng(number), weights, leak, noise).ravel()
        b2.device.run(run_args={neurons.v: first})
        found = {"square": (readouts.square[:] / steps).tolist(), "count": readouts.fired[:].tolist()}
        if number >= given.get("turns", 10**9):
            shutil.rmtree(folder, ignore_errors=True)
        return found

    return turn, {}


serve(prepare)
