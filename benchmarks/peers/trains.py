"""Rate and irregularity of a population, from its spikes; the same for every simulator. Imports numpy only."""

import numpy as np


def statistics(times, neurons, size, begin, end, least=3):
    """{"rate": per neuron and second, "cv": mean over neurons with `least` intervals or more}; times in seconds.

    Only spikes in [begin, end) count.
    """
    times, neurons = np.asarray(times), np.asarray(neurons)
    inside = (times >= begin) & (times < end)
    times, neurons = times[inside], neurons[inside]
    order = np.lexsort((times, neurons))
    times, neurons = times[order], neurons[order]
    same = neurons[1:] == neurons[:-1]
    gaps, owner = np.diff(times)[same], neurons[1:][same]
    count = np.bincount(owner, minlength=size)
    total, square = np.bincount(owner, gaps, size), np.bincount(owner, gaps**2, size)
    enough = count >= least
    mean = total[enough] / count[enough]
    variance = np.maximum(square[enough] / count[enough] - mean**2, 0)
    cv = float(np.mean(np.sqrt(variance) / mean)) if enough.any() else float("nan")
    return {"rate": times.size / size / (end - begin), "cv": cv, "spikes": int(times.size)}
