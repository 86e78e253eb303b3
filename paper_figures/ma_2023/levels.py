"""Noise levels on the digits: accuracy against level and distribution, noise at test, learned levels."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.ma_2023.analysis import labelled
from jaxsnn.claims import Figure, resampled
from jaxsnn.plotting import MEANING, SERIES, letter, line, ordered, points
from jaxsnn.reproduction.page import Page, bars, key, legend_above, mosaic, rows_of

from .page import KINDS, handles, mean_bars, shown_bars, spread_out


def levels(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    table = labelled(data, "levels")
    canvas, axes = mosaic("double", [["accuracy", "noisy", "none"]], 0.42)
    rows = []
    x = table["level"].values
    for number, (kind, (colour, marker)) in enumerate(KINDS.items()):
        values = table["resampled"].sel(kind=kind).mean("draw").transpose("level", "seed").values.astype(float)
        value, half = mean_bars(values)
        points(axes["accuracy"], spread_out(x, number, len(KINDS), log=True), value, half, colour=colour, marker=marker,
               joined=True)  # fmt: skip
        rows += rows_of("accuracy", kind=kind, level=x, per_cent=value, half_interval=half)
    axes["accuracy"].set(xscale="log", xlabel=r"noise level $\sigma$ (none: width)", ylabel="accuracy (%)")
    axes["accuracy"].set_xticks(x, [f"{s:g}" for s in x])
    axes["accuracy"].minorticks_off()
    for kind, name in (("gaussian", "noisy"), ("none", "none")):
        part = table["at_level"].sel(kind=kind).transpose("level", "test_level", "seed")
        for i, colour in enumerate(ordered(len(x))):
            value, half = mean_bars(part.values[i].astype(float))
            points(axes[name], part["test_level"].values, value, half, colour=colour, joined=True)
            rows += rows_of(name, trained_at=x[i], tested_at=part["test_level"].values, per_cent=value,
                            half_interval=half)  # fmt: skip
        axes[name].set(xlabel=r"noise at test $\sigma$", ylabel="accuracy (%)")
    axes["noisy"].set_title("trained with Gaussian noise")
    axes["none"].set_title("trained without")
    lines = [key(f"{s:g}", colour=c, marker="o") for s, c in zip(x, ordered(len(x)), strict=True)]
    legend_above(canvas, handles(KINDS))
    axes["none"].legend(handles=lines, title=r"$\sigma$, width", loc="center left", bbox_to_anchor=(1.0, 0.5))
    letter(list(axes.values()))
    caption = f"""8 x 8 digits, one hidden layer, single passes over the test images. a: four distributions at equal
        standard deviation, and deterministic networks whose surrogate has that width. b, c: networks trained at one
        level (colour) and tested at others, with Gaussian noise and without any in training;
        {shown_bars(data, "levels")}."""
    return page.save(canvas, "levels", rows, caption)


def learned(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    table = labelled(data, "learned")
    canvas, axes = mosaic("middle", [["levels", "accuracy"]], 0.48)
    rows = []
    x = table["level"].values
    ends = table["levels"].sel(way="learned").transpose("layer", "level", "seed").values.astype(float)
    for layer in range(len(ends)):
        logs = resampled(np.log(ends[layer]))
        value, half = bars(logs)
        low, high = np.exp(value) - np.exp(value - half), np.exp(value + half) - np.exp(value)
        points(axes["levels"], spread_out(x, layer, len(ends), log=True), np.exp(value), np.stack([low, high]),
               colour=SERIES[layer], marker="os"[layer % 2], joined=True)  # fmt: skip
        rows += rows_of("levels", layer=layer + 1, begin=x, end=np.exp(value), low=low, high=high)
    line(axes["levels"], x, x, meaning="baseline", dashed=True)
    for number, (way, colour, marker) in enumerate((("held", MEANING["baseline"], "o"), ("learned", SERIES[2], "D"))):
        values = table["resampled"].sel(way=way).mean("draw").transpose("level", "seed").values.astype(float)
        value, half = mean_bars(values)
        points(axes["accuracy"], spread_out(x, number, 2, log=True), value, half, colour=colour, marker=marker,
               joined=True)  # fmt: skip
        rows += rows_of("accuracy", way=way, level=x, per_cent=value, half_interval=half)
    axes["levels"].set(yscale="log", ylabel=r"learned $\sigma$")
    axes["accuracy"].set(ylabel="accuracy (%)")
    for ax in axes.values():
        ax.set(xscale="log", xlabel=r"$\sigma$ where it begins")
        ax.set_xticks(x, [f"{s:g}" for s in x])
        ax.minorticks_off()
    legend_above(
        canvas,
        [*(key(f"layer {i + 1}", colour=SERIES[i], marker="os"[i % 2]) for i in range(len(ends))),
         key("fixed", colour=MEANING["baseline"], marker="o"), key("learned", colour=SERIES[2], marker="D")],
    )  # fmt: skip
    letter(list(axes.values()))
    caption = f"""A noise level for each of two hidden layers, learned with the weights by the noise-driven gradient.
        a: where levels end, against where they begin (dashed: unmoved). b: accuracy of single passes, with levels
        learned and with both held; {shown_bars(data, "learned")}."""
    return page.save(canvas, "learned", rows, caption)
