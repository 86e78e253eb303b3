"""Checks of the claims about the network without delay: `data` -> Outcome, for `claims`."""

import numpy as np

from jaxsnn import theory
from jaxsnn.claims import all_of, below, decreases, increases, within

from .analysis import curve, deviation, leaks_of


def _zero(data, name="variance", least=0.0):
    """The zero-delay panel as {leak: (noise [noise], values [noise, seed])}, noise above `least`."""
    curves = {leak: curve(data["zero"], leak, 0.0, name) for leak in leaks_of(data["zero"])}
    return {leak: (noise[noise > least], values[noise > least]) for leak, (noise, values) in curves.items()}


def regular(data):
    found = {}
    for leak, (noise, values) in _zero(data, least=-1.0).items():
        if leak >= 0.1:  # with less leak the jitter of the initial state outlives the transient
            found[f"leak {leak:g}"] = within(
                deviation(values[noise == 0]), np.sqrt(float(theory.regular_variance(64.0))), relative=0.01
            )
    return all_of(found)


def single(data, name, expected, tolerance):
    table = data["single"].squeeze(["neurons", "leak", "delay"])
    noise = table["noise"].values
    values = table[name].values
    measured = deviation(values) if name == "variance" else values
    labels = [f"sigma {s:g}" for s in noise]
    return within(measured, [float(expected(s)) for s in noise], relative=tolerance, labels=labels)


def packet_width(data):
    table = data["packet"]
    found = {}
    for leak in leaks_of(table):
        for delay in table["delay"].values:
            noise, width = curve(table, leak, delay, "width")
            stable = [delay == 0 or float(theory.stability_ratio(s, leak, delay, 64)) < 1 for s in noise]
            for s, values, ok in zip(noise, width, stable, strict=True):
                if ok:
                    expected = float(theory.packet_width(s, leak))
                    found[f"leak {leak:g}, delay {delay:g}, sigma {s:g}"] = within(values, expected, relative=0.03)
    return all_of(found)


def packet_theory(data):
    found = {}
    for leak, (noise, values) in _zero(data).items():
        if leak < 0.1:
            continue
        expected = [float(np.sqrt(theory.packet_variance(s, leak, 64))) for s in noise]
        labels = [f"sigma {s:g}" for s in noise]
        found[f"leak {leak:g}"] = within(deviation(values), expected, relative=0.03, labels=labels)
    return all_of(found)


def grows_with_noise(data):
    return all_of(
        {f"leak {leak:g}": increases(noise, deviation(v)) for leak, (noise, v) in _zero(data, least=-1.0).items()}
    )


def falls_with_leak(data):
    curves = _zero(data)
    leaks = sorted(curves)
    noise = curves[leaks[0]][0]
    tables = {s: deviation(np.stack([curves[leak][1][i] for leak in leaks])) for i, s in enumerate(noise)}
    return all_of({f"sigma {s:g}": decreases(leaks, table) for s, table in tables.items()})


def under_small_leak_line(data):
    found = {}
    for leak, (noise, values) in _zero(data).items():
        bounds = [float(np.sqrt(theory.small_leak_variance(s))) for s in noise]
        found[f"leak {leak:g}"] = below(deviation(values), bounds, labels=[f"sigma {s:g}" for s in noise])
    return all_of(found)


def bias(data):
    found = {}
    for leak, (noise, values) in _zero(data, "bias", least=0.49).items():
        if leak >= 0.1:
            expected = [float(theory.bias(s, leak, 64)) for s in noise]
            found[f"leak {leak:g}"] = within(values, expected, relative=0.03, labels=[f"sigma {s:g}" for s in noise])
    return all_of(found)


def runs(data):
    table = data["runs"]
    return decreases(table["leak"].values, table["same_neuron"].squeeze(["neurons", "delay", "noise"]).values)


def runs_theory(data):
    table = data["runs"]
    leaks = table["leak"].values
    # the bias raises the rate, and with it the packet's memory from one spike to the next
    rates = [32.0 + float(theory.bias(1.0, leak, 32)) for leak in leaks]
    expected = [float(theory.same_neuron_fraction(leak, rate, 32)) for leak, rate in zip(leaks, rates, strict=True)]
    values = table["same_neuron"].squeeze(["neurons", "delay", "noise"]).values
    return within(values, expected, absolute=0.03, labels=[f"leak {leak:g}" for leak in leaks])
