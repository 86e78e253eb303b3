"""Firing probability and mean backward factor of the noisy neuron, sampled and expected."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.ma_2023.analysis import constants, labelled
from experiments.ma_2023.parity import SIGMA, U, expected
from jaxsnn.claims import Figure
from jaxsnn.plotting import MEANING, figure, letter, line, points
from jaxsnn.reproduction.page import Page, key, legend_above, rows_of

from .page import KINDS

LOOKS = {"escape": ("o", 0.0), "membrane+escape": ("s", 1.0)}


def neuron(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    table = labelled(data, "parity").mean("seed")
    families = [str(f) for f in table["family"].values]
    canvas, axes = figure("double", rows=2, columns=len(families), aspect=0.8, sharex=True, sharey="row")
    rows = []
    for column, family in enumerate(families):
        colour = KINDS[family][0]
        for placement, (marker, dash) in LOOKS.items():
            double = placement == "membrane+escape"
            part = table.sel(family=family, placement=placement)
            expect = expected(family, double)
            for row, (name, theory) in enumerate(zip(("fired", "passed"), expect, strict=True)):
                line(axes[row, column], U, theory, dashed=bool(dash))
                points(axes[row, column], U, part[name].values, colour=colour, marker=marker)
                rows += rows_of(name, family=family, placement=placement, u=U, sampled=part[name].values, theory=theory)
        axes[0, column].set_title(family)
        axes[1, column].set_xlabel("u, over threshold")
    axes[0, 0].set_ylabel("firing probability")
    axes[1, 0].set_ylabel("factor passed on")
    for ax in axes.ravel():
        ax.axvline(0, color=MEANING["baseline"], linewidth=0.5, zorder=1)
    legend_above(
        canvas,
        [key("one draw (escape)", marker="o"), key("F, f", colour=MEANING["theory"], dash="-"),
         key("two draws (released code)", marker="s"),
         key("F, f convolved with f", colour=MEANING["theory"], dash=(0, (4, 2)))],
    )  # fmt: skip
    letter(axes[:, 0])
    draws = constants(data, "parity")["draws"] * data["parity"].sizes["seed"]
    caption = f"""The noisy neuron fires with the distribution function of its noise and passes on its density: points,
        sampled ({draws} draws each, errors smaller than the points); lines, expected. With the noise drawn twice, as
        in the released code, both are those of the sum of the two draws: for Gaussian noise of standard deviation
        {SIGMA} those of {SIGMA * np.sqrt(2):.3f}."""
    return page.save(canvas, "neuron", rows, caption)
