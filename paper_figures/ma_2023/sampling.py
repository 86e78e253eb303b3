"""Learning curves; spread over passes and over seeds; ensembles, and longer runs at equal steps in all."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.ticker import MaxNLocator

from experiments.ma_2023.analysis import labelled
from jaxsnn.claims import Figure
from jaxsnn.plotting import letter, points
from jaxsnn.reproduction.page import Page, legend_above, mosaic, rows_of

from .page import ARMS, SETS, handles, mean_bars, shown_bars, spread_out

NOISY = ("c", "e")


def sampling(page: Page, data: Mapping[str, xr.Dataset], panel: str) -> Figure:
    table = labelled(data, panel)
    canvas, axes = mosaic("double", [["curves", "passes", "ensembles", "longer"]], 0.4)
    rows = []
    for arm in ("a", "b", "c"):
        curve = table["curves"].sel(trained=arm, curve="validation accuracy").transpose("epoch", "seed")
        curve = curve.values.astype(float)
        value, half = mean_bars(curve)
        epochs = np.arange(1.0, len(value) + 1)
        colour = ARMS[arm][0]
        axes["curves"].plot(epochs, 100 * curve, color=colour, linewidth=0.4, alpha=0.5)
        axes["curves"].plot(epochs, value, color=colour)
        rows += rows_of("curves", arm=arm, epoch=epochs, per_cent=value, half_interval=half)
    for number, arm in enumerate(ARMS):
        colour, marker, _ = ARMS[arm]
        draws = 100 * table["resampled"].sel(arm=arm).transpose("seed", "draw").values.astype(float)
        x = np.repeat(np.arange(len(draws)) + 1.0 + 0.15 * (number - 2), draws.shape[1])
        axes["passes"].plot(x, draws.ravel(), marker, color=colour, markersize=1.8, alpha=0.6)
        rows += rows_of("passes", arm=arm, seed=np.repeat(table["seed"].values, draws.shape[1]), per_cent=draws.ravel())
    for name, axis in (("ensembles", "passes"), ("longer", "factor")):
        for number, arm in enumerate(NOISY):
            part = table[name].sel(arm=arm).transpose(axis, "seed")
            value, half = mean_bars(part.values.astype(float))
            x = np.arange(float(len(value)))
            points(axes[name], spread_out(x, number, 2), value, half, colour=ARMS[arm][0], marker=ARMS[arm][1],
                   joined=True)  # fmt: skip
            rows += rows_of(name, arm=arm, along=part[axis].values, per_cent=value, half_interval=half)
        axes[name].set_xticks(x, [f"{v:g}" for v in part[axis].values])
    axes["curves"].set(xlabel="epoch", ylabel="validation accuracy (%)")
    axes["curves"].xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes["passes"].set(xlabel="seed", ylabel="test accuracy (%)", xticks=np.arange(table.sizes["seed"]) + 1)
    axes["ensembles"].set(xlabel="passes averaged")
    axes["longer"].set(xlabel="steps, times")
    legend_above(canvas, handles(ARMS), columns=3)
    letter(list(axes.values()))
    caption = f"""{SETS[panel]}. a: learning curves, thin lines single seeds. b: test accuracy of single passes, ten for
        each noisy network. c: of logits averaged over passes. d: steps of a pass times 1, 2, 4, and 4, 2, 1
        passes averaged; {shown_bars(data, panel)} (c, d)."""
    return page.save(canvas, f"sampling_{panel}", rows, caption)
