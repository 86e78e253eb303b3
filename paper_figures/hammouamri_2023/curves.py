"""Learning curves of the arms, and the voices that were never trained on, one by one."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.hammouamri_2023.analysis import by_voice, released, row, rows
from jaxsnn.claims import Figure
from jaxsnn.plotting import figure, letter
from jaxsnn.reproduction.page import Page, key, rows_of

from .page import ARMS, COLOURS, DATA, MARKS

WORDS = {"test": "test voices", "accent": "held-out accent", "flite": "flite"}


def learning(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Loss, training and validation accuracy by epoch, every seed a line."""
    canvas, axes = figure("double", columns=3, aspect=0.95)
    table, decay = [], released(data["units"])
    for arm in (a for a in ARMS if a in rows(data["units"], beta=decay)["arm"].values):
        one = row(data["units"], arm=arm, beta=decay)
        for ax, name, scale in zip(axes, ("loss", "accuracy", "validation"), (1, 100, 100), strict=True):
            curves = scale * one[name].transpose(f"{name}_dim0", "seed").values
            epoch = np.arange(1, len(curves) + 1)
            ax.plot(epoch, curves, color=COLOURS[arm], linewidth=0.7, alpha=0.8)
            for seed, curve in zip(one["seed"].values, curves.T, strict=True):
                table += rows_of(name, arm=arm, seed=seed, epoch=epoch, value=curve)
            ax.set_xlabel("epoch")
    axes[0].set(ylabel="training loss", yscale="log")
    axes[1].set_ylabel("training accuracy (%)")
    axes[2].set_ylabel("validation accuracy (%)")
    canvas.legend(
        handles=[key(label, colour=COLOURS[arm]) for arm, label in ARMS.items()], loc="outside upper center", ncols=5
    )
    letter(axes)
    caption = f"""{DATA}. Equal units, released decay; every line is a seed. Training accuracy is that of the network as
        it is trained (dropout, wide kernels), validation that of the rounded network, so for learned delays it begins
        low: a wide kernel does not tell where its delay is."""
    return page.save(canvas, "learning", table, caption)


def voices(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Accuracy of each voice, mean over seeds."""
    decay = released(data["units"])
    splits = [name for name in WORDS if f"{name}_correct" in data["units"]]
    counts = [by_voice(row(data["units"], arm="none", beta=decay), name).shape[0] for name in splits]
    canvas, axes = figure(
        "double", columns=len(splits), aspect=0.5 * len(splits), sharey=True, squeeze=False,
        width_ratios=[max(count, 5) for count in counts],
    )  # fmt: skip
    table = []
    arms = ("none", "random", "annealed")
    for ax, name in zip(axes[0], splits, strict=True):
        found = {arm: 100 * by_voice(row(data["units"], arm=arm, beta=decay), name).mean(axis=1) for arm in arms}
        order = np.argsort(found["annealed"])
        for arm, each in found.items():
            ax.plot(each[order], linestyle="none", color=COLOURS[arm], marker=MARKS[arm], markersize=3.2)
            table += rows_of(name, arm=arm, voice=order, accuracy=each[order])
        ax.set(xlabel=WORDS[name])
        ax.set_xticks([])
    axes[0, 0].set(ylabel="accuracy (%)", ylim=(0, 102))
    entries = [key(ARMS[arm], colour=COLOURS[arm], marker=MARKS[arm]) for arm in arms]
    canvas.legend(handles=entries, loc="outside upper center", ncols=3)
    letter(axes[0])
    caption = f"""{DATA}. Accuracy of every voice that was not trained on, mean over seeds, sorted by the learned arm
        (equal units, released decay). The voices of flite, another synthesiser of another technique, are few:
        their numbers are shown one by one and not averaged."""
    return page.save(canvas, "voices", table, caption)
