"""Checks of the claims about the noise-delay map: `data` -> Outcome, for `claims`."""

import numpy as np

from jaxsnn import theory
from jaxsnn.claims import (
    above,
    all_of,
    below,
    decreases,
    increases,
    interior_minimum,
    power_law,
    resampled,
    undecided,
    within,
)

from .analysis import NEAR, curve, delays, deviation, leaks_of, local_exponents, valley


def spurious_fall(data, low, high):
    """Between `low` and `high` times the optimal noise of the sharper estimate."""
    table, found = data["map"], {}
    for leak in leaks_of(table):
        for delay in delays(table)[delays(table) <= NEAR]:
            noise, values = curve(table, leak, delay, "spurious")
            best = float(theory.optimal_noise(theory.estimate_variance, leak, delay, 64).noise)
            used = (noise > low * best) & (noise < high * best)
            if used.sum() > 1:
                found[f"leak {leak:g}, delay {delay:g}"] = decreases(noise[used], values[used])
    return all_of(found) if found else undecided("no two noise levels in the range")


def monotone_without_delay(data):
    table = data["map"]
    curves = {leak: curve(table, leak, 0.0) for leak in leaks_of(table)}
    return all_of(
        {
            f"leak {leak:g}": increases(noise[noise > 0.3], deviation(v[noise > 0.3]))
            for leak, (noise, v) in curves.items()
        }
    )


def valleys(data):
    table = data["map"]
    return all_of(
        {
            f"leak {leak:g}, delay {delay:g}": interior_minimum(*curve(table, leak, delay))
            for leak in leaks_of(table)
            for delay in delays(table)
        }
    )


def grows_with_delay(data, quantity):
    found = {}
    for leak in leaks_of(data["map"]):
        at = valley(data["map"], leak)
        inside = ~at.edge
        kept = getattr(at, quantity).map(lambda q, inside=inside: q[inside])
        found[f"leak {leak:g}"] = increases(at.delay[inside], kept)
    return all_of(found)


def grows_with_leak(data, quantity):
    leaks = leaks_of(data["map"])
    each = [valley(data["map"], leak) for leak in leaks]
    found = {}
    for i, delay in enumerate(each[0].delay):
        if not any(v.edge[i] for v in each):
            left_out = np.stack([getattr(v, quantity).left_out[i] for v in each])
            value = np.stack([getattr(v, quantity).value[i] for v in each])
            found[f"delay {delay:g}"] = increases(leaks, type(each[0].noise)(value, left_out))
    return all_of(found) if found else undecided("every minimum is near an end of the grid")


def follows_power_law(data, quantity, between):
    found = {}
    for leak in leaks_of(data["map"]):
        at = valley(data["map"], leak)
        found[f"leak {leak:g}"] = power_law(at.delay, getattr(at, quantity), curvature=0.05, between=between)
    return all_of(found)


def linear_at_large_delay(data):
    found = {}
    for leak in leaks_of(data["map"]):
        at = valley(data["map"], leak)
        middle, slope = local_exponents(at.delay, at.noise)
        if (middle > 2).any():
            kept = slope.map(lambda s, used=middle > 2: s[used])
            found[f"leak {leak:g}"] = within(
                kept, 1.0, absolute=0.2, labels=[f"delay {d:.3g}" for d in middle[middle > 2]]
            )
    return all_of(found) if found else undecided("no two delays beyond 2 intervals")


def under_bound(data, shortest, longest):
    """Every point of the map from half the bound's own optimal noise to sigma = 12; undecided without the longest."""
    table, found = data["map"], {}
    at = delays(table)
    if at.max() < longest * (1 - 1e-6):
        return undecided(f"the longest delay run is {at.max():g} intervals")
    for leak in leaks_of(table):
        for delay in at[(at <= longest * (1 + 1e-6)) & (at >= shortest * (1 - 1e-6))]:
            noise, values = curve(table, leak, delay)
            best = float(theory.optimal_noise(theory.bound_variance, leak, delay, 64).noise)
            used = (noise > best / 2) & (noise < 12)
            bounds = [float(np.sqrt(theory.bound_variance(s, leak, delay, 64))) for s in noise[used]]
            if bounds:
                labels = [f"sigma {s:.3g}" for s in noise[used]]
                found[f"leak {leak:g}, delay {delay:g}"] = below(deviation(values[used]), bounds, labels=labels)
    return all_of(found) if found else undecided("no delay in the range")


def sharper_estimate(data, quantity, tolerance):
    found = {}
    for leak in leaks_of(data["map"]):
        at = valley(data["map"], leak)
        used = (at.delay <= NEAR) & ~at.edge
        best = theory.optimal_noise(theory.estimate_variance, np.full(at.delay.shape, leak), at.delay, 64)
        expected = np.asarray(best.noise if quantity == "noise" else np.sqrt(best.variance))[used]
        if used.any():
            kept = getattr(at, quantity).map(lambda q, used=used: q[used])
            labels = [f"delay {d:g}" for d in at.delay[used]]
            found[f"leak {leak:g}"] = within(kept, expected, relative=tolerance, labels=labels)
    return all_of(found) if found else undecided("no minimum inside the grid at a short delay")


def noise_helps(data):
    """Least error against that of the network with a quarter of the optimal noise, seed by seed."""
    table, found = data["map"], {}
    for leak in leaks_of(table):
        for delay in delays(table):
            noise, values = curve(table, leak, delay)
            best = valley(table, leak).noise.value[list(delays(table)).index(delay)]
            if np.isfinite(best):
                little = int(np.argmin(np.abs(np.log(noise / best * 4))))
                lowest = int(np.argmin(np.abs(np.log(noise / best))))
                pair = values[[little, lowest]]
                gain = resampled(pair, lambda v: np.sqrt(v[0].mean()) - np.sqrt(v[1].mean()))
                found[f"leak {leak:g}, delay {delay:g}"] = above(gain, 0.0)
    return all_of(found) if found else undecided("no optimum was found")
