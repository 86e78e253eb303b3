"""Beyond the paper: a target that moves in the plane, heterogeneous weights, and the noise that is best for them."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from experiments.timcheck_2022.analysis import curve, optimum
from experiments.timcheck_2022.plane import network
from jaxsnn.claims import Figure
from jaxsnn.plotting import MARKERS, MEANING, letter, log_axis, ordered, points
from jaxsnn.reproduction.page import Page, bars, deviation, key, legend_above, mosaic, number, only, rows_of, seeds_of
from jaxsnn.sweeps import Panel, Single

from .page import BARS, NOISE
from .stretches import start_step, stretch, time_step

LENGTH = 12.0  # readout time constants of the path that is shown
EVERY = 10  # steps between the plotted points of the path


def _error(state: Any, y: Any) -> Any:
    del state
    return y.error


def plane(page: Page, data: Mapping[str, xr.Dataset], panels: Mapping[str, Panel]) -> Figure:
    """Error against noise at every delay, and two paths of the readout at one delay."""
    table = data["plane"]
    delays, leak = table["delay"].values, only(table, "leak")
    shown = float(delays[delays > 0][np.argmin(np.abs(np.log(delays[delays > 0] / 0.4)))])
    canvas, axes = mosaic("double", [["error", "little", "best"]], 0.38, width_ratios=[1.25, 1.0, 1.0])
    rows = _errors(axes["error"], table, leak)
    noise, square = curve(table, leak, shown, "square")
    found = optimum(noise, square.mean(axis=-1))[0]
    best = found if np.isfinite(found) else float(noise[np.argmin(square.mean(axis=-1))])
    rows += _paths((axes["little"], axes["best"]), panels, leak, shown, (float(noise[0]), best))
    handles = [key("target", colour=MEANING["optimum"]), key("readout", colour=MEANING["simulation"])]
    legend_above(canvas, handles)
    letter(list(axes.values()))
    caption = f"""A moving target in two dimensions and 64 neurons with heterogeneous weights, leak {number(leak)}
        (beyond the paper). a: root mean square error against noise, the mean error included (no theory; thin lines lead
        the eye); {BARS.format(seeds=seeds_of(data, "plane"))}. b, c: {LENGTH:g} time constants of target and readout of
        one network at delay {number(shown)}, at the smallest noise of the grid and at the best."""
    return page.save(canvas, "plane", rows, caption)


def _errors(ax: Axes, table: xr.Dataset, leak: float) -> list[dict]:
    delays = table["delay"].values
    handles, rows = [], []
    for i, (delay, colour) in enumerate(zip(delays, ordered(len(delays)), strict=True)):
        noise, square = curve(table, leak, delay, "square")
        error, half = bars(deviation(square))
        look = {"colour": colour, "marker": MARKERS[i % len(MARKERS)]}
        points(ax, noise, error, half, joined=True, **look)
        handles.append(key("no delay" if delay == 0 else rf"$\delta$ = {number(delay)}", **look))
        rows += rows_of("error", delay=delay, noise=noise, error=error, half_interval=half)
    log_axis(ax, "xy")
    ax.set(xlabel=NOISE, ylabel=r"r.m.s. error in a direction ($w$)")
    ax.legend(handles=handles, loc="best")
    return rows


def _paths(
    axes: Sequence[Axes], panels: Mapping[str, Panel], leak: float, delay: float, levels: Sequence[float]
) -> list[dict]:
    singles = [panels["plane"].single({"neurons": 64, "leak": leak, "delay": delay, "noise": s}) for s in levels]
    rate, dt = float(singles[0].plan.arrays["rate"]), time_step(singles[0])
    errors = stretch(singles, LENGTH * rate, _error, build=network)
    aim, rows = _target(singles[0], errors.shape[1])[::EVERY], []
    for ax, noise, error in zip(axes, levels, errors, strict=True):
        readout = aim - error[::EVERY]
        ax.plot(*readout.T, color=MEANING["simulation"], linewidth=0.6)
        ax.plot(*aim.T, color=MEANING["optimum"], linewidth=0.9)
        ax.set(xlabel="first direction ($w$)", title=rf"$\delta$ = {number(delay)}, $\sigma$ = {number(noise)}")
        time = dt / rate * EVERY * np.arange(len(aim))
        place = {"target_1": aim[:, 0], "target_2": aim[:, 1], "readout_1": readout[:, 0], "readout_2": readout[:, 1]}
        rows += rows_of("path", delay=delay, noise=noise, time=time, **place)
    low, high = np.min([ax.dataLim.min for ax in axes], axis=0), np.max([ax.dataLim.max for ax in axes], axis=0)
    middle, reach = (low + high) / 2, 0.53 * np.max(high - low)
    for ax in axes:  # one scale for both panels and directions
        ax.set(xlim=(middle[0] - reach, middle[0] + reach), ylim=(middle[1] - reach, middle[1] + reach), aspect="equal")
    axes[0].set_ylabel("second direction ($w$)")
    return rows


def _target(single: Single, steps: int) -> np.ndarray:
    waves: Any = network(single.values).cells[0]
    index = start_step(single) + jnp.arange(steps, dtype=jnp.int32)
    return np.asarray(jax.vmap(lambda n: waves.target(n, single.values["dt"]))(index))
