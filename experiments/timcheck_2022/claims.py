"""What the study claims, each sentence with its source and a check that can come out false.

Sources: "Fig n" and "abstract" are statements read in the paper; "our derivation" is a formula of `jaxsnn.theory`.
Tolerances are fixed here, before any run. Every claim sees `data`, the panels of one preset by name.
"""

import numpy as np

from jaxsnn import theory
from jaxsnn.claims import (
    Claim,
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
from jaxsnn.claims.loglog import exponent

from .analysis import curve, delays, local_exponents, over_sizes, tuned_sizes, valley
from .panels import SLOPE_H

NEAR = 0.4  # delays up to here count as "well below one interval"


def _sd(variance):
    """Standard deviation from per-seed variances [..., seed]."""
    return resampled(variance, lambda v: np.sqrt(v.mean(axis=-1)))


def _leaks(data):
    return [float(leak) for leak in np.atleast_1d(data["leak"].values)]


def _zero(data, name="variance", least=0.0):
    """The zero-delay panel as {leak: (noise [noise], values [noise, seed])}, noise above `least`."""
    curves = {leak: curve(data["zero"], leak, 0.0, name) for leak in _leaks(data["zero"])}
    return {leak: (noise[noise > least], values[noise > least]) for leak, (noise, values) in curves.items()}


def _regular(data):
    found = {}
    for leak, (noise, values) in _zero(data, least=-1.0).items():
        if leak >= 0.1:  # with less leak the jitter of the initial state outlives the transient
            found[f"leak {leak:g}"] = within(
                _sd(values[noise == 0]), np.sqrt(float(theory.regular_variance(64.0))), relative=0.01
            )
    return all_of(found)


def _single(data, name, expected, tolerance):
    table = data["single"].squeeze(["neurons", "leak", "delay"])
    noise = table["noise"].values
    values = table[name].values
    measured = _sd(values) if name == "variance" else values
    labels = [f"sigma {s:g}" for s in noise]
    return within(measured, [float(expected(s)) for s in noise], relative=tolerance, labels=labels)


def _packet_width(data):
    table = data["packet"]
    found = {}
    for leak in _leaks(table):
        for delay in table["delay"].values:
            noise, width = curve(table, leak, delay, "width")
            stable = [delay == 0 or float(theory.stability_ratio(s, leak, delay, 64)) < 1 for s in noise]
            for s, values, ok in zip(noise, width, stable, strict=True):
                if ok:
                    expected = float(theory.packet_width(s, leak))
                    found[f"leak {leak:g}, delay {delay:g}, sigma {s:g}"] = within(values, expected, relative=0.03)
    return all_of(found)


def _packet_theory(data):
    found = {}
    for leak, (noise, values) in _zero(data).items():
        if leak < 0.1:
            continue
        expected = [float(np.sqrt(theory.packet_variance(s, leak, 64))) for s in noise]
        labels = [f"sigma {s:g}" for s in noise]
        found[f"leak {leak:g}"] = within(_sd(values), expected, relative=0.03, labels=labels)
    return all_of(found)


def _grows_with_noise(data):
    return all_of(
        {f"leak {leak:g}": increases(noise, np.sqrt(v)) for leak, (noise, v) in _zero(data, least=-1.0).items()}
    )


def _falls_with_leak(data):
    curves = _zero(data)
    leaks = sorted(curves)
    noise = curves[leaks[0]][0]
    tables = {s: np.stack([np.sqrt(curves[leak][1][i]) for leak in leaks]) for i, s in enumerate(noise)}
    return all_of({f"sigma {s:g}": decreases(leaks, table) for s, table in tables.items()})


def _under_small_leak_line(data):
    found = {}
    for leak, (noise, values) in _zero(data).items():
        bounds = [float(np.sqrt(theory.small_leak_variance(s))) for s in noise]
        found[f"leak {leak:g}"] = below(_sd(values), bounds, labels=[f"sigma {s:g}" for s in noise])
    return all_of(found)


def _bias(data):
    found = {}
    for leak, (noise, values) in _zero(data, "bias", least=0.49).items():
        if leak >= 0.1:
            expected = [float(theory.bias(s, leak, 64)) for s in noise]
            found[f"leak {leak:g}"] = within(values, expected, relative=0.03, labels=[f"sigma {s:g}" for s in noise])
    return all_of(found)


def _runs(data):
    table = data["runs"]
    return decreases(table["leak"].values, table["same_neuron"].squeeze(["neurons", "delay", "noise"]).values)


def _runs_theory(data):
    table = data["runs"]
    leaks = table["leak"].values
    expected = [float(theory.same_neuron_fraction(leak, 32.0, 32)) for leak in leaks]
    values = table["same_neuron"].squeeze(["neurons", "delay", "noise"]).values
    return within(values, expected, absolute=0.03, labels=[f"leak {leak:g}" for leak in leaks])


def _spurious_fall(data):
    table, found = data["map"], {}
    for leak in _leaks(table):
        for delay in delays(table)[delays(table) <= NEAR]:
            noise, values = curve(table, leak, delay, "spurious")
            # below half the optimum events are volleys of the whole population, above 8 their number is near zero
            best = float(theory.optimal_noise(theory.estimate_variance, leak, delay, 64).noise)
            used = (noise > best / 2) & (noise < 8)
            if used.sum() > 1:
                found[f"leak {leak:g}, delay {delay:g}"] = decreases(noise[used], values[used])
    return all_of(found) if found else undecided("no two noise levels in the range")


def _monotone_without_delay(data):
    table = data["map"]
    curves = {leak: curve(table, leak, 0.0) for leak in _leaks(table)}
    return all_of(
        {
            f"leak {leak:g}": increases(noise[noise > 0.3], np.sqrt(v[noise > 0.3]))
            for leak, (noise, v) in curves.items()
        }
    )


def _valleys(data):
    table = data["map"]
    return all_of(
        {
            f"leak {leak:g}, delay {delay:g}": interior_minimum(*curve(table, leak, delay))
            for leak in _leaks(table)
            for delay in delays(table)
        }
    )


def _grows_with_delay(data, quantity):
    found = {}
    for leak in _leaks(data["map"]):
        at = valley(data["map"], leak)
        inside = ~at.edge
        kept = getattr(at, quantity).map(lambda q, inside=inside: q[inside])
        found[f"leak {leak:g}"] = increases(at.delay[inside], kept)
    return all_of(found)


def _grows_with_leak(data, quantity):
    leaks = _leaks(data["map"])
    each = [valley(data["map"], leak) for leak in leaks]
    found = {}
    for i, delay in enumerate(each[0].delay):
        if not any(v.edge[i] for v in each):
            left_out = np.stack([getattr(v, quantity).left_out[i] for v in each])
            value = np.stack([getattr(v, quantity).value[i] for v in each])
            found[f"delay {delay:g}"] = increases(leaks, type(each[0].noise)(value, left_out))
    return all_of(found) if found else undecided("every minimum is near an end of the grid")


def _power_law(data, quantity, between):
    found = {}
    for leak in _leaks(data["map"]):
        at = valley(data["map"], leak)
        found[f"leak {leak:g}"] = power_law(at.delay, getattr(at, quantity), curvature=0.05, between=between)
    return all_of(found)


def _linear_at_large_delay(data):
    found = {}
    for leak in _leaks(data["map"]):
        at = valley(data["map"], leak)
        middle, slope = local_exponents(at.delay, at.noise)
        if (middle > 2).any():
            kept = slope.map(lambda s, used=middle > 2: s[used])
            found[f"leak {leak:g}"] = within(
                kept, 1.0, absolute=0.2, labels=[f"delay {d:.3g}" for d in middle[middle > 2]]
            )
    return all_of(found) if found else undecided("no two delays beyond 2 intervals")


def _under_bound(data, longest):
    """Every point of the map with noise of at least half the bound's own optimum, where the packet picture applies."""
    table, found = data["map"], {}
    for leak in _leaks(table):
        for delay in delays(table)[(delays(table) <= longest) & (delays(table) > longest / 16)]:
            noise, values = curve(table, leak, delay)
            best = float(theory.optimal_noise(theory.bound_variance, leak, delay, 64).noise)
            used = (noise > best / 2) & (noise < 12)
            bounds = [float(np.sqrt(theory.bound_variance(s, leak, delay, 64))) for s in noise[used]]
            name = f"leak {leak:g}, delay {delay:g}"
            if bounds:
                found[name] = below(_sd(values[used]), bounds, labels=[f"sigma {s:.3g}" for s in noise[used]])
    return all_of(found) if found else undecided("no delay in the range")


def _estimate(data, quantity, tolerance):
    found = {}
    for leak in _leaks(data["map"]):
        at = valley(data["map"], leak)
        used = (at.delay <= NEAR) & ~at.edge
        best = theory.optimal_noise(theory.estimate_variance, np.full(at.delay.shape, leak), at.delay, 64)
        expected = np.asarray(best.noise if quantity == "noise" else np.sqrt(best.variance))[used]
        if used.any():
            kept = getattr(at, quantity).map(lambda q, used=used: q[used])
            labels = [f"delay {d:g}" for d in at.delay[used]]
            found[f"leak {leak:g}"] = within(kept, expected, relative=tolerance, labels=labels)
    return all_of(found) if found else undecided("no minimum inside the grid at a short delay")


def _noise_helps(data):
    """Least error against that of the network with a quarter of the optimal noise, seed by seed."""
    table, found = data["map"], {}
    for leak in _leaks(table):
        for delay in delays(table):
            noise, values = curve(table, leak, delay)
            best = valley(table, leak).noise.value[list(delays(table)).index(delay)]
            if np.isfinite(best):
                little = int(np.argmin(np.abs(np.log(noise / best * 4))))
                lowest = int(np.argmin(np.abs(np.log(noise / best))))
                gain = np.sqrt(values[little]) - np.sqrt(values[lowest])
                found[f"leak {leak:g}, delay {delay:g}"] = above(gain, 0.0)
    return all_of(found) if found else undecided("no optimum was found")


def _independent(data, quantity, tolerance):
    found = {}
    for leak in _leaks(data["map"]):
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


def _slope_sizes(neurons, error):
    return exponent(neurons, error, between=(8, 256))


def _zero_delay_slope(data):
    neurons, error = over_sizes(data["sizes"])
    expected = [np.sqrt(float(theory.packet_variance(0.5, 1.0, int(n)))) / n for n in neurons]
    used = (neurons >= 8) & (neurons <= 256)
    if used.sum() < 2:
        return undecided("fewer than two sizes from 8 to 256")
    line = np.polyfit(np.log(neurons[used]), np.log(np.asarray(expected)[used]), 1)[0]
    return within(_slope_sizes(neurons, error), line, absolute=0.03)


def _poisson_slope(data):
    return within(_slope_sizes(*over_sizes(data["poisson"])), -0.5, absolute=0.03)


def _untuned_slope(data):
    least = float(data["sizes_delayed"]["noise"].min())
    return above(_slope_sizes(*over_sizes(data["sizes_delayed"], noise=least)), -0.5)


def _tuned_slope(data):
    return within(_slope_sizes(*tuned_sizes(data["sizes_tuned"])), -0.75, absolute=0.25)


def _refined(data):
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


def _wrong_rule(data):
    table = data["rule"].squeeze(["neurons", "leak", "noise"])
    coarse = table["variance"].sel(steps_per_isi=10)
    ratio = np.sqrt(coarse.sel(sequential=False).values / coarse.sel(sequential=True).values)
    return above(ratio, 1.1)


def _slope_signs(data):
    found = {}
    for leak in _leaks(data["map"]):
        noise, values = curve(data["slope"], leak, 0.4)
        for name, pair, rule in (("below the optimum", (0, 1), below), ("above the optimum", (2, 3), above)):
            slope = resampled(values[list(pair)], lambda v: np.log(v[1].mean() / v[0].mean()) / (2 * SLOPE_H))
            found[f"leak {leak:g}, {name}"] = rule(slope, 0.0)
        del noise
    return all_of(found)


def _descent(data):
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


_OURS = "our derivation"
CLAIMS = [
    Claim("regular", "Without noise and delay the readout varies as a regular spike train's (T1), within 1 %", _OURS, _regular),
    Claim("single-variance", "One neuron without leak: the readout varies as inverse-Gaussian intervals make it (T2), within 2 %",
          "our derivation, counterpart of the bound that the paper numbers Eq 19",
          lambda d: _single(d, "variance", lambda s: np.sqrt(theory.renewal_variance(s, 64.0)), 0.02)),
    Claim("single-mean", "One neuron without leak: mean interval 1/R, within 1 %", _OURS,
          lambda d: _single(d, "interval_mean", lambda s: 1.0, 0.01)),
    Claim("single-spread", "One neuron without leak: interval variance sigma^2/R^3, within 5 %", _OURS,
          lambda d: _single(d, "interval_variance", lambda s: s**2 / 64, 0.05)),
    Claim("packet-width", "The packet of membranes is sigma/sqrt(2 lam_V) wide at any delay below instability, within 3 %", _OURS, _packet_width),
    Claim("runs", "The fraction of spikes by the neuron that fired before falls as the leak grows", "Fig 3a", _runs),
    Claim("runs-theory", "That fraction is the persistence of the largest of N Ornstein-Uhlenbeck processes, within 0.03", _OURS, _runs_theory),
    Claim("zero-noise", "Without delay the readout error grows with the noise", "Fig 4d", _grows_with_noise),
    Claim("zero-leak", "Without delay the readout error falls as the leak grows", "Fig 3c", _falls_with_leak),
    Claim("zero-bound", "Without delay every curve lies under the small-leak line (T2)",
          "Fig 3c; the line is our derivation, counterpart of the paper's Eq 19", _under_small_leak_line),
    Claim("zero-theory", "Without delay sigma_readout equals the packet theory (T2b) within 3 %", _OURS, _packet_theory),
    Claim("zero-bias", "Without delay the bias equals E[M_N] sigma sqrt(lam_V/2) (T8) within 3 %", _OURS, _bias),
    Claim("spurious-noise", "More noise means fewer spurious spikes", "Fig 4a", _spurious_fall),
    Claim("map-monotone", "At zero delay of the map the error grows monotonically with the noise", "Fig 4d", _monotone_without_delay),
    Claim("u-shape", "With delay the error is U-shaped in the noise, with a minimum inside", "Fig 4d", _valleys),
    Claim("noise-helps", "With delay the error at the optimal noise is less than at a quarter of it", "abstract", _noise_helps),
    Claim("bound-short", "Simulations lie under the bound with delay (T4) for delays up to 0.4 intervals",
          "Fig 4d; the line is our derivation, counterpart of the paper's Eq 24", lambda d: _under_bound(d, 0.4)),
    Claim("bound-long", "Simulations lie under that bound for delays from 0.8 to 6.4 intervals",
          "our question: its argument needs one event in flight", lambda d: _under_bound(d, 6.4)),
    Claim("minimum-delay", "The least readout error grows with the delay", "Fig 4e", lambda d: _grows_with_delay(d, "error")),
    Claim("optimum-delay", "The optimal noise grows with the delay", "Fig 4e", lambda d: _grows_with_delay(d, "noise")),
    Claim("minimum-leak", "At fixed delay the least error grows with the leak", _OURS, lambda d: _grows_with_leak(d, "error")),
    Claim("optimum-leak", "At fixed delay the optimal noise grows with the leak", _OURS, lambda d: _grows_with_leak(d, "noise")),
    Claim("optimum-power", "sigma* is a power law of the delay from 0.05 to 0.4 intervals", "abstract",
          lambda d: _power_law(d, "noise", (0.05, 0.4))),
    Claim("minimum-power", "The least error is a power law of the delay from 0.05 to 0.4 intervals", "abstract",
          lambda d: _power_law(d, "error", (0.05, 0.4))),
    Claim("excess-power", "sqrt(least variance - 1/12) is a power law of the delay from 0.05 to 0.4 intervals", _OURS,
          lambda d: _power_law(d, "excess", (0.05, 0.4))),
    Claim("optimum-power-all", "sigma* is one power law of the delay from 0.05 to 6.4 intervals", "abstract, read literally",
          lambda d: _power_law(d, "noise", (0.05, 6.4))),
    Claim("optimum-linear", "Beyond two intervals sigma* grows in proportion to the delay (local exponent 1 within 0.2)",
          "our heuristic: stability of the delayed feedback", _linear_at_large_delay),
    Claim("estimate-minimum", "The sharper estimate (T9) gives the least error within 10 % up to 0.4 intervals", _OURS,
          lambda d: _estimate(d, "error", 0.10)),
    Claim("estimate-optimum", "The sharper estimate (T9) gives sigma* within 15 % up to 0.4 intervals", _OURS,
          lambda d: _estimate(d, "noise", 0.15)),
    Claim("independent-optimum", "Independent noise at every point gives the same sigma*, within 10 %", "this project",
          lambda d: _independent(d, "noise", 0.10)),
    Claim("independent-minimum", "Independent noise at every point gives the same least error, within 5 %", "this project",
          lambda d: _independent(d, "error", 0.05)),
    Claim("superclassical", "At zero delay the error of xhat falls with N as the packet theory says (slope within 0.03, near -1)",
          "abstract; the slope is our derivation", _zero_delay_slope, paper="1/N"),
    Claim("classical", "Independent Poisson neurons: slope -1/2 within 0.03", "abstract", _poisson_slope, paper="1/sqrt(N)"),
    Claim("scaling-lost", "At a fixed physical delay and little noise the error falls more slowly than 1/sqrt(N)", "abstract", _untuned_slope),
    Claim("scaling-tuned", "At a fixed physical delay and tuned noise the slope lies between -1 and -1/2", _OURS, _tuned_slope),
    Claim("dt", "Halving dt on the same Brownian path changes sigma_readout by less than 2 %", "this project", _refined),
    Claim("firing-rule", "Firing together at zero delay inflates the error by more than 10 % at 10 steps per interval", "this project", _wrong_rule),
    Claim("slope-signs", "d log variance/d log sigma is negative at a third of the optimum and positive at three times it", "this project", _slope_signs),
    Claim("descent", "Robbins-Monro on log sigma ends within 10 % of the minimum of the grid", "this project", _descent),
]  # fmt: skip
