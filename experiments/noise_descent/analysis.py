"""From the tables to minima, ends of descents and where a slope crosses zero; errors by whole-seed jackknife."""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from experiments.timcheck_2022.analysis import curve, optimum
from jaxsnn.claims import Estimate, Resampled, resampled
from jaxsnn.reproduction.page import single_valued

from .slopes import RULES

COMMITTED = Path(__file__).parents[1] / "tables" / "timcheck_2022" / "map.csv"
COMMITTED_NEURONS = 64
REFERENCE = {"hard": "differences", "escape": "escape_differences", "hazard": "hazard_differences"}


def lowest(noise: np.ndarray, variance: np.ndarray) -> Resampled:
    """log of the best noise, from per-seed variances [noise, seed]; NaN where the curve has none within."""
    return resampled(variance, lambda v: np.log(optimum(noise, v.mean(axis=-1))[0]))


def where(data: xr.Dataset) -> list[tuple[float, float]]:
    """Every (leak, delay) of a panel, once, in order."""
    leak, delay = np.broadcast_arrays(np.atleast_1d(data["leak"].values), np.atleast_1d(data["delay"].values))
    return sorted({(float(a), float(b)) for a, b in zip(leak, delay, strict=True)})


def grid_minimum(data: xr.Dataset, leak: float, delay: float) -> Resampled:
    return lowest(*curve(data, leak, delay))


def ends(data: xr.Dataset, leak: float, delay: float) -> tuple[np.ndarray, np.ndarray]:
    """Where descents began [start], and the log of where they ended [start, seed]."""
    start, end = curve(data, leak, delay, "noise_end")
    return start, np.log(end)


def difference(one: Resampled, other: Resampled) -> Estimate:
    """Of two quantities from separate noise: the errors add."""
    (a,), (b,) = one.estimates(), other.estimates()
    return Estimate(a.value - b.value, np.hypot(a.se, b.se), min(a.dof, b.dof))


def found_by_descent(data: Mapping[str, xr.Dataset], leak: float, delay: float) -> tuple[Resampled, Estimate]:
    """log of the end of the descents (starts averaged), and how far it is from the log of the grid's minimum."""
    end = resampled(ends(data["descent"], leak, delay)[1].mean(axis=0))
    return end, difference(end, grid_minimum(data["grid"], leak, delay))


def committed(neurons: int, leak: float, delay: float) -> Resampled | None:
    """log of the best noise from the full-size table in the checkout; None for a network that it does not hold."""
    if neurons != COMMITTED_NEURONS or not COMMITTED.is_file():
        return None
    with COMMITTED.open() as file:
        rows = [r for r in csv.DictReader(file) if float(r["leak"]) == leak and np.isclose(float(r["delay"]), delay)]
    if not rows:
        return None
    noise = np.unique([float(r["noise"]) for r in rows])
    seeds = np.unique([int(r["seed"]) for r in rows])
    table = np.full((len(noise), len(seeds)), np.nan)
    for r in rows:
        at = np.searchsorted(noise, float(r["noise"])), np.searchsorted(seeds, int(r["seed"]))
        table[at] = float(r["sigma_readout"]) ** 2
    return lowest(noise, table)


def by_rule(data: xr.Dataset, rule: str, name: str, descent: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Noise levels [noise] and a result [noise, seed (, window)] of one rule: where it stays, or its descents."""
    table = data[name].sel(rule=rule)
    rows = np.flatnonzero((table["gain"].values > 0) == descent)
    table = table.squeeze(["leak", "delay"]).transpose("noise_gain", "seed", ...).isel(noise_gain=rows)
    return table["noise"].values, table.values.astype(float)


def ran(data: Mapping[str, xr.Dataset], rule: str) -> bool:
    """Whether a preset holds the rule."""
    kind = RULES[rule].kind
    return kind in data and rule in data[kind]["rule"].values


def ends_of(data: Mapping[str, xr.Dataset], rule: str) -> np.ndarray:
    """log of where a rule's descents ended [start, seed]."""
    return np.log(by_rule(data[RULES[rule].kind], rule, "noise_end", descent=True)[1])


def own_optimum(data: Mapping[str, xr.Dataset], kind: str) -> float:
    """The best noise of a kind of network: where central differences end."""
    return float(np.exp(ends_of(data, REFERENCE[kind]).mean()))


def crossing(noise: np.ndarray, slope: np.ndarray) -> float:
    """Where the mean slope [noise] turns from negative to positive, between points linear in log noise; else NaN."""
    at = np.flatnonzero((slope[:-1] < 0) & (slope[1:] > 0))
    if not at.size:
        return np.nan
    i = int(at[-1])
    share = -slope[i] / (slope[i + 1] - slope[i])
    return float(np.exp(np.log(noise[i]) + share * np.log(noise[i + 1] / noise[i])))


def soft_minima(data: Mapping[str, xr.Dataset]) -> tuple[np.ndarray, Resampled]:
    """Temperatures, and the log of the best noise of the hazard network at each; the last are the hard threshold's."""
    soft, sharp = data["soft"], data["sharp"]
    temperatures = np.atleast_1d(soft["temperature"].values)
    tables = {}
    for i, temperature in enumerate(temperatures):
        table = single_valued(soft["variance"].sel(temperature=temperature, drop=True)).sortby("noise")
        tables[str(i)] = table.transpose("noise", "seed").values.astype(float)
    noise = np.sort(soft["noise"].values)
    table = single_valued(sharp["variance"]).transpose("noise", "seed")
    hard_noise, hard = table["noise"].values, table.values.astype(float)

    def all_minima(part):
        return np.array(
            [np.log(optimum(noise, part[str(i)].mean(axis=-1))[0]) for i in range(len(temperatures))]
            + [np.log(optimum(hard_noise, part["hard"].mean(axis=-1))[0])]
        )

    return temperatures, resampled(tables | {"hard": hard}, all_minima)


def extrapolated(temperatures: np.ndarray, minima: np.ndarray) -> float:
    """log of the best noise at temperature zero, from a straight line through those of the two sharpest networks."""
    (a, b), (one, two) = np.sort(temperatures)[:2], minima[np.argsort(temperatures)[:2]]
    return float(one - a * (two - one) / (b - a))


def against_alone(table: xr.Dataset, name: str, alone: str = "alone", *, equal: bool = True) -> xr.DataArray:
    """Error of a compared network over that of another; equal: at an equal number of spikes (times their rates)."""
    ratio: xr.DataArray = (table[f"variance_{name}"] / table[f"variance_{alone}"]) ** 0.5
    return ratio * table[f"rate_{name}"] / table[f"rate_{alone}"] if equal else ratio
