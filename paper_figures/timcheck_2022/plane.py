"""Beyond the paper: a target that moves in the plane, heterogeneous weights, and the noise that is best for them."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from experiments.timcheck_2022.analysis import curve, optimum
from experiments.timcheck_2022.plane import network
from jaxsnn.claims import Figure
from jaxsnn.plotting import MARKERS, MEANING, letter, log_axis, ordered, points
from jaxsnn.sweeps import Panel

from .page import BARS, NOISE, Page, bars, deviation, key, mosaic, number, only, rows_of, seeds_of
from .stretches import start_step, stretch, time_step

LENGTH = 12.0  # readout time constants of the path that is shown
EVERY = 10  # steps between the plotted points of the path


def _error(state, y):
    del state
    return y.error


def plane(page: Page, data: Mapping[str, xr.Dataset], panels: Mapping[str, Panel]) -> Figure:
    """Error against noise at every delay, and two paths of the readout at one delay."""
    table = data["plane"]
    delays, leak = table["delay"].values, only(table, "leak")
    shown = float(delays[delays > 0][np.argmin(np.abs(np.log(delays[delays > 0] / 0.4)))])
    best, rows = {}, []
    canvas, axes = mosaic("double", [["error", "little", "best"]], 0.36, width_ratios=[1.25, 1.0, 1.0])
    ax, colours = axes["error"], ordered(len(delays))
    for i, (delay, colour) in enumerate(zip(delays, colours, strict=True)):
        noise, square = curve(table, leak, delay)
        error, half = bars(deviation(square))
        best[delay] = optimum(noise, square.mean(axis=-1))[0]
        points(ax, noise, error, half, colour=colour, marker=MARKERS[i], joined=True)
        rows += rows_of("error", delay=delay, noise=noise, error=error, half_interval=half)
    log_axis(ax, "xy")
    ax.set(xlabel=NOISE, ylabel=r"r.m.s. error in a direction ($w$)")
    handles = [
        key("no delay" if d == 0 else rf"$\delta$ = {number(d)}", colour=c, marker=MARKERS[i])
        for i, (d, c) in enumerate(zip(delays, colours, strict=True))
    ]
    ax.legend(handles=handles, loc="best")

    sharp = (
        best[shown] if np.isfinite(best[shown]) else float(noise[int(np.argmin(curve(table, leak, shown)[1].mean(-1)))])
    )
    levels = float(noise[0]), sharp
    singles = [panels["plane"].single({"neurons": 64, "leak": leak, "delay": shown, "noise": s}) for s in levels]
    rate, dt = float(singles[0].plan.arrays["rate"]), time_step(singles[0])
    errors = stretch(singles, LENGTH * rate, _error, build=network)
    target = _target(singles[0], errors.shape[1])
    for name, sigma, error in zip(("little", "best"), levels, errors, strict=True):
        ax, readout = axes[name], (target - error)[::EVERY]
        aim = target[::EVERY]
        ax.plot(*readout.T, color=MEANING["simulation"], linewidth=0.6, label="readout")
        ax.plot(*aim.T, color=MEANING["optimum"], linewidth=0.8, label="target")
        ax.set(xlabel="first direction ($w$)", title=rf"$\delta$ = {number(shown)}, $\sigma$ = {number(sigma)}")
        ax.set_aspect("equal", adjustable="datalim")
        time = dt / rate * EVERY * np.arange(len(aim))
        place = {"target_1": aim[:, 0], "target_2": aim[:, 1], "readout_1": readout[:, 0], "readout_2": readout[:, 1]}
        rows += rows_of("path", delay=shown, noise=sigma, time=time, **place)
    axes["little"].set_ylabel("second direction ($w$)")
    letter(list(axes.values()))
    caption = f"""A two-dimensional, moving target and 64 neurons with weights of unequal length in all directions,
        leak {number(leak)} (beyond the paper). a: root mean square error against noise at every delay, the mean error
        included (no theory; thin lines lead the eye); {BARS.format(seeds=seeds_of(data, "plane"))}. b, c: {LENGTH:g}
        time constants of target and readout of one network at delay {number(shown)}, at the smallest noise and at the
        best noise."""
    return page.save(canvas, "plane", rows, caption)


def _target(single, steps: int) -> np.ndarray:
    waves = network(single.values).cells[0]
    index = start_step(single) + jnp.arange(steps, dtype=jnp.int32)
    return np.asarray(jax.vmap(lambda n: waves.target(n, single.values["dt"]))(index))
