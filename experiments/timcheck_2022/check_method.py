"""Checks of the claims about size, and about the method itself: `data` -> Outcome, for `claims`."""

import numpy as np

from jaxsnn import theory
from jaxsnn.claims import above, all_of, below, resampled, undecided, within
from jaxsnn.claims.loglog import exponent

from .analysis import NEAR, curve, leaks_of, over_sizes, tuned_sizes, valley
from .panels import SLOPE_H


def independent_noise(data, quantity, tolerance):
    found = {}
    for leak in leaks_of(data["map"]):
        shared, alone = valley(data["map"], leak), valley(data["independent"], leak)
        for i, delay in enumerate(alone.delay):
            here = np.flatnonzero(shared.delay == delay)
            if here.size == 1 and np.isfinite(getattr(alone, quantity).value[i]):
                a, b = getattr(alone, quantity), getattr(shared, quantity)
                one, two = a.estimates()[i], b.estimates()[here[0]]  # other noise: errors add
                ratio = one.value / two.value
                error = ratio * np.hypot(one.se / one.value, two.se / two.value)
                found[f"leak {leak:g}, delay {delay:g}"] = within(
                    (ratio, error, min(one.dof, two.dof)), 1.0, absolute=tolerance
                )
    return all_of(found) if found else undecided("no delay was repeated with independent noise")


def independent_exponent(data, quantity, tolerance):
    found = {}
    for leak in leaks_of(data["map"]):
        shared, alone = valley(data["map"], leak), valley(data["independent"], leak)
        both = np.intersect1d(alone.delay[~alone.edge], shared.delay[~shared.edge])
        for between in ((0.05, 0.4), (0.4, 6.4)):
            at = both[(both >= between[0] * (1 - 1e-9)) & (both <= between[1] * (1 + 1e-9))]
            if at.size > 1:
                one, two = (_exponent_at(v, quantity, at) for v in (alone, shared))
                difference = (one.value - two.value, np.hypot(one.se, two.se), min(one.dof, two.dof))
                name = f"leak {leak:g}, delays {at[0]:g} to {at[-1]:g}"
                found[name] = within(difference, 0.0, absolute=tolerance)
    return all_of(found) if found else undecided("fewer than two delays were repeated with independent noise")


def _exponent_at(valley, quantity, delays):
    rows = np.flatnonzero(np.isin(valley.delay, delays))
    return exponent(valley.delay[rows], getattr(valley, quantity).map(lambda q: q[rows]))


def left_over(data):
    table = data["plane"]["left"].sel(delay=0.0).squeeze(["neurons", "leak"])
    labels = [f"sigma {s:.3g}" for s in table["noise"].values]
    return below(table.transpose("noise", "seed").values, 0.01, labels=labels)


def _slope_sizes(neurons, error):
    return exponent(neurons, error, between=(8, 256))


def zero_delay_slope(data):
    neurons, error = over_sizes(data["sizes"])
    expected = [np.sqrt(float(theory.packet_variance(0.5, 1.0, int(n)))) / n for n in neurons]
    used = (neurons >= 8) & (neurons <= 256)
    if used.sum() < 2:
        return undecided("fewer than two sizes from 8 to 256")
    line = np.polyfit(np.log(neurons[used]), np.log(np.asarray(expected)[used]), 1)[0]
    return within(_slope_sizes(neurons, error), line, absolute=0.03)


def poisson_slope(data):
    return within(_slope_sizes(*over_sizes(data["poisson"])), -0.5, absolute=0.03)


def untuned_slope(data):
    least = float(data["sizes_delayed"]["noise"].min())
    return above(_slope_sizes(*over_sizes(data["sizes_delayed"], noise=least)), -0.5)


def tuned_slope(data):
    return within(_slope_sizes(*tuned_sizes(data["sizes_tuned"])), -0.75, absolute=0.25)


def halved_step(data):
    table = data["refined"].squeeze("neurons")
    (rows,) = (d for d in table["variance"].dims if d not in ("refine", "seed"))
    found = {}
    for i in range(table.sizes[rows]):
        one = table["variance"].isel({rows: i})
        both = np.stack([one.sel(refine=r).values for r in (1, 2)])
        ratio = resampled(both, lambda v: np.sqrt(v[1].mean() / v[0].mean()))
        name = f"leak {float(one['leak']):g}, delay {float(one['delay']):g}, sigma {float(one['noise']):g}"
        found[name] = within(ratio, 1.0, absolute=0.02)
    return all_of(found)


def wrong_rule(data):
    table = data["rule"].squeeze(["neurons", "leak", "noise"])
    coarse = table["variance"].sel(steps_per_isi=10)
    both = np.stack([coarse.sel(sequential=rule).values for rule in (False, True)])
    ratio = resampled(both, lambda v: np.sqrt(v[0].mean() / v[1].mean()))
    return above(ratio, 1.1)


def slope_signs(data):
    found = {}
    for leak in leaks_of(data["map"]):
        _, values = curve(data["slope"], leak, 0.4)
        for name, pair, rule in (("below the optimum", (0, 1), below), ("above the optimum", (2, 3), above)):
            slope = resampled(values[list(pair)], lambda v: np.log(v[1].mean() / v[0].mean()) / (2 * SLOPE_H))
            found[f"leak {leak:g}, {name}"] = rule(slope, 0.0)
    return all_of(found)


def descent(data):
    at = valley(data["map"], 1.0)
    best = at.noise.estimates()[int(np.flatnonzero(at.delay == NEAR)[0])]
    table = data["descent"].squeeze(["neurons", "leak", "delay", "windows"])
    found = {}
    for start in table["noise"].values:
        end = resampled(table["noise_end"].sel(noise=start).values, lambda v: np.exp(np.log(v).mean())).estimates()[0]
        ratio = end.value / best.value
        error = ratio * np.hypot(end.se / end.value, best.se / best.value)
        found[f"from sigma {start:g}"] = within((ratio, error, min(end.dof, best.dof)), 1.0, absolute=0.1)
    return all_of(found)
