"""The rules on a network that cannot be enumerated, against a sampled reference."""

import json
from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.gradient_audit.analysis import TO_SIGMA, labelled, pooled
from experiments.gradient_audit.sampled import BATCH
from jaxsnn.claims import Figure
from jaxsnn.claims.estimate import student_quantile
from jaxsnn.plotting import figure, letter, ordered

from .page import SHOWN, WORDS, Page, label

SHARP = 0.5  # half an interval of the independent score estimate, beyond which a kind is not judged


def ratios(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Projected ratio with 95 % intervals, by kind of parameter."""
    table = labelled(data["sampled"], "sampled").squeeze([d for d in ("reset", "loss") if d in data["sampled"].dims])
    rules, noises = list(table["rule"].values), table["noise"].values
    canvas, axes = figure("double", aspect=1.25, columns=len(SHOWN), sharey=True)
    rows, blunt = [], []
    for ax, kind in zip(axes, SHOWN, strict=True):
        ax.axvline(1, color="black", linewidth=0.8)
        ax.axvline(0, color="#bbbbbb", linewidth=0.6)
        for k, (noise, colour) in enumerate(zip(noises, ordered(len(noises) + 1), strict=False)):
            part = table.sel(noise=noise, kind=kind)
            shown = [r for r in rules if kind != "sigma" or r in TO_SIGMA]
            found = {rule: pooled(part, "ratio", rule=rule).estimates()[0] for rule in shown}
            half = {rule: student_quantile(0.975, one.dof) * one.se for rule, one in found.items()}
            judged = half["score_mean"] <= SHARP
            if not judged:
                blunt.append(f"{kind} at sigma {noise:g}")
            for rule in shown:
                row = {"kind": kind, "noise": noise, "rule": rule, "ratio": found[rule].value, "half": half[rule]}
                rows.append({**row, "judged": judged})
                if judged:
                    y = rules.index(rule) + 0.22 * (k - (len(noises) - 1) / 2)
                    look = {"marker": "o", "color": colour, "markersize": 3.6, "linestyle": "none", "elinewidth": 0.9}
                    edge = {"markeredgecolor": "white", "markeredgewidth": 0.4}
                    ax.errorbar(found[rule].value, y, xerr=half[rule], **look, **edge)
        if all(f"{kind} at sigma {noise:g}" in blunt for noise in noises):
            ax.text(0.5, 0.5, "reference\nnot sharp\nenough", transform=ax.transAxes, ha="center", va="center",
                    fontsize=7, color="#888888")  # fmt: skip
            ax.set_xlim(-0.5, 2)
        ax.set_title(WORDS[kind])
        ax.set_xlabel("size (1: right)")
    axes[0].set_yticks(np.arange(len(rules)), [label(rule) for rule in rules])
    axes[0].set_ylim(len(rules) - 0.4, -0.6)
    handles = [axes[0].plot([], [], "o", color=c, markersize=3.6)[0] for c in ordered(len(noises) + 1)[:-1]]
    labels = [rf"$\sigma$ = {noise:g}" for noise in noises]
    axes[-1].legend(handles, labels, loc="center")
    letter(axes)
    constants = _constants(table)
    paths = BATCH * constants["reference"]
    size, steps, seeds = 3 * constants["width"], constants["steps"], int(table.sizes["seed"])
    left = f" Not judged, since the reference is not sharp enough: {', '.join(blunt)}." if blunt else ""
    caption = f"""Three layers, the last one a loop: {size} neurons, {steps} steps, real delays, reset to zero, van
        Rossum distance. Points: size of the mean gradient along a reference sampled by the score function ({paths}
        paths with leave-one-out baseline for each network, {paths * seeds} in all), from products of independent
        estimates; first row: an independent score estimate, which must be 1. Error bars: 95 % intervals, jackknife
        over {seeds} random networks, each with noise of its own, the reference's error included.{left}"""
    return page.save(canvas, "larger", rows, caption)


def _constants(table: xr.Dataset) -> dict:
    return json.loads(table.attrs["spec"])["constants"]
