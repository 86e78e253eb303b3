"""Accuracy under attack and under perturbation, every arm; which attack is the strongest."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.ma_2023.analysis import accuracy, constants, labelled, lost_when
from experiments.ma_2023.arms import TRANSFER
from experiments.ma_2023.perturbations import KINDS
from jaxsnn.claims import Figure
from jaxsnn.plotting import MEANING, figure, letter, points
from jaxsnn.reproduction.page import Page, legend_above, rows_of

from .page import ARMS, SETS, handles, mean_bars, shown_bars, spread_out

SHOWN = ("fgsm", "white box", "transfer", "square")
WORDS = {
    "fgsm": "FGSM",
    "white box": "worst white box",
    "transfer": "worst transfer",
    "square": "gradient-free",
}


def _worst_transfer(data: Mapping[str, xr.Dataset], panel: str, arm: str) -> np.ndarray:
    """[eps, seed], from the source that is the worst on average."""
    each = np.stack([accuracy(data, panel, arm, name) for name in TRANSFER if name != f"from {arm}"])
    worst = each.mean(axis=-1).argmin(axis=0)
    return each[worst, np.arange(each.shape[1])]


def attacks(page: Page, data: Mapping[str, xr.Dataset], panel: str) -> Figure:
    eps = np.round(255 * np.asarray(constants(data, panel)["attack"]["eps"]))
    canvas, axes = figure("double", columns=len(SHOWN), aspect=1.0, sharey=True)
    rows = []
    for ax, name in zip(axes, SHOWN, strict=True):
        for number, (arm, (colour, marker, _)) in enumerate(ARMS.items()):
            values = _worst_transfer(data, panel, arm) if name == "transfer" else accuracy(data, panel, arm, name)
            none = accuracy(data, panel, arm, "none").mean(axis=0, keepdims=True)
            value, half = mean_bars(np.concatenate([none, values]))
            x = np.arange(len(eps) + 1.0)
            points(ax, spread_out(x, number, len(ARMS)), value, half, colour=colour, marker=marker, joined=True)
            rows += rows_of(WORDS[name], arm=arm, eps_over_255=[0, *eps], per_cent=value, half_interval=half)
        ax.set_xticks(x, ["0", *(f"{e:g}" for e in eps)])
        ax.set(title=WORDS[name], xlabel="eps (/255)", ylim=(-3, 103))
    axes[0].set_ylabel("accuracy (%)")
    legend_above(canvas, handles(ARMS), columns=3)
    letter(axes)
    settings = constants(data, panel)["attack"]
    caption = f"""{SETS[panel]}: accuracy of single passes over {settings["tested"]} test images, against the size of
        the perturbation (L-infinity). White box: the worst for each image of FGSM and PGD ({settings["steps"]} steps,
        gradients averaged over {settings["draws"]} draws of the noise) with three widths of the surrogate. Transfer:
        PGD made for another arm, the worst of the four. Gradient-free: square attack, {settings["queries"]} queries.
        A white-box curve above one of the last two is gradient masking; {shown_bars(data, panel)}."""
    return page.save(canvas, f"attacks_{panel}", rows, caption)


def perturbations(page: Page, data: Mapping[str, xr.Dataset], panel: str) -> Figure:
    names = {
        "delete": "spikes deleted",
        "insert": "spikes inserted",
        "flip": "spikes flipped",
        "drop": "events dropped",
        "noise": "noisy pixels",
    }
    strengths = constants(data, panel)["attack"]["strengths"]
    canvas, axes = figure("double", columns=len(KINDS), aspect=1.15, sharey=True)
    rows = []
    for ax, kind in zip(axes, KINDS, strict=True):
        for number, (arm, (colour, marker, _)) in enumerate(ARMS.items()):
            value, half = mean_bars(lost_when(data, panel, arm, kind))
            x = np.arange(float(len(value)))
            points(ax, spread_out(x, number, len(ARMS)), value, half, colour=colour, marker=marker, joined=True)
            rows += rows_of(kind, arm=arm, strength=strengths[kind], lost_points=value, half_interval=half)
        ax.axhline(0, color=MEANING["ink"], linewidth=0.5, zorder=1)
        ax.set_xticks(x, [f"{s:g}" for s in strengths[kind]])
        ax.set(title=names[kind], xlabel="standard deviation" if kind == "noise" else "fraction")
    axes[0].set_ylabel("accuracy lost (points)")
    legend_above(canvas, handles(ARMS), columns=3)
    letter(axes)
    rates = labelled(data, panel)["rates"].mean("seed")
    told = ", ".join(f"({arm}) {' and '.join(f'{r:.2f}' for r in rates.sel(arm=arm).values)}" for arm in "abcd")
    caption = f"""{SETS[panel]}: accuracy lost when hidden spikes or the input are perturbed. Flipped: the released
        code's form, a fraction of the ones lost and the same fraction of the zeros turned to one. Unperturbed, a
        hidden neuron fires in this fraction of the steps, by layer: {told}; {shown_bars(data, panel)}."""
    return page.save(canvas, f"perturbations_{panel}", rows, caption)
