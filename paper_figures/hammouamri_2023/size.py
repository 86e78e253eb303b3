"""Accuracy against the number of trained parameters, dense and sparse."""

from collections.abc import Mapping

import xarray as xr

from experiments.hammouamri_2023.analysis import ROW, released, rows
from jaxsnn.claims import Figure
from jaxsnn.plotting import MEANING, figure, log_axis
from jaxsnn.reproduction.page import Page, key, rows_of

from .page import ARMS, BARS, COLOURS, DATA, MARKS, accuracy, hidden_where_unknown

PANELS = ("units", "parameters", "sparse", "small")


def parameters(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Every network with the released decay."""
    canvas, ax = figure("middle", aspect=0.62)
    table, decay = [], released(data["units"])
    for panel in PANELS:
        found = rows(data[panel], beta=decay)
        for i in range(found.sizes[ROW]):
            one = found.isel({ROW: i})
            arm, count = str(one["arm"].values), int(one["parameters"].values.ravel()[0])
            value, half = accuracy(one)
            hollow = {"markerfacecolor": "white", "markeredgecolor": COLOURS[arm], "markeredgewidth": 0.9}
            full = {"markeredgecolor": "white", "markeredgewidth": 0.4}
            ax.errorbar(
                count, value, hidden_where_unknown(half), color=COLOURS[arm], marker=MARKS[arm], markersize=4.5,
                elinewidth=0.9, **(hollow if panel == "sparse" else full),
            )  # fmt: skip
            table += rows_of(
                panel, arm=arm, units=int(one["hidden"]), parameters=count, accuracy=value, half_interval=half
            )
    log_axis(ax, "x")
    ax.set(xlabel="trained parameters (weights, learned delays, norms)", ylabel="accuracy on test voices (%)")
    entries = [key(label, colour=COLOURS[arm], marker=MARKS[arm]) for arm, label in ARMS.items()]
    entries.append(key("ten inputs a neuron", colour=MEANING["ink"], marker="o", hollow=True))
    canvas.legend(handles=entries, loc="outside upper center", ncols=3)
    caption = f"""{DATA}. Every network with the released decay, at the best validation epoch; {BARS}. A fixed delay is
        no trained parameter, so at equal units the arms without learned delays have about half as many."""
    return page.save(canvas, "parameters", table, caption)
