"""The network of Vogels and Abbott in NEST, one thread. Connections are drawn anew in every turn.

Capacitance and leak are chosen so that NEST's pA and nS are the mV and the multiples of the leak that the others use.
"""

import time

import nest
import numpy as np
from served import serve
from trains import statistics

nest.set_verbosity("M_ERROR")


def built(given, seed):
    """The network, and its spike recorder."""
    size, dt, (low, high) = given["size"], given["dt"], given["delay_steps"]
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": dt, "local_num_threads": 1, "rng_seed": 1 + seed, "print_time": False})
    common = {"V_th": given["threshold"], "V_reset": given["reset"], "t_ref": given["refractory"], "C_m": given["tau"]}
    traces = {"tau_syn_ex": 5.0, "tau_syn_in": 10.0}
    inhibition = given["w_i"]
    if given["model"] == "CUBA":
        neurons = nest.Create("iaf_psc_exp", size, {**common, **traces, "tau_m": given["tau"], "E_L": 0.0})
    else:
        reversal = {"E_L": given["drive"], "E_ex": given["excitatory"], "E_in": given["inhibitory"], "g_L": 1.0}
        neurons = nest.Create("iaf_cond_exp", size, {**common, **traces, **reversal})
        inhibition = -inhibition  # a weight below zero is one of the inhibitory conductance
    neurons.V_m = nest.random.uniform(given["reset"], given["threshold"])
    first = given["excitatory_neurons"]
    for pre, weight in ((neurons[:first], given["w_e"]), (neurons[first:], inhibition)):
        delay = low * dt if low == high else low * dt + dt * nest.random.uniform_int(high - low + 1)
        rule = {"rule": "pairwise_bernoulli", "p": given["p"]}
        nest.Connect(pre, neurons, rule, {"weight": weight, "delay": delay})
    recorder = nest.Create("spike_recorder")
    nest.Connect(neurons, recorder)
    return neurons, recorder


def prepare(given):
    def turn(number):
        neurons, recorder = built(given, int(number))
        nest.Prepare()
        begun = time.perf_counter()
        nest.Run(1000 * given["duration"])
        seconds = time.perf_counter() - begun
        nest.Cleanup()
        events = recorder.get("events")
        who = np.asarray(events["senders"]) - neurons[0].get("global_id")
        times = np.asarray(events["times"]) / 1000
        return {"seconds": seconds, **statistics(times, who, given["size"], given["warm_up"], given["duration"])}

    return turn, {}


serve(prepare)
