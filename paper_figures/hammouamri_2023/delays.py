"""What training does to the delays: their histograms before and after, and how far they move in an epoch."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.hammouamri_2023.analysis import released, row
from jaxsnn.claims import Figure
from jaxsnn.plotting import MEANING, figure, letter, ordered
from jaxsnn.reproduction.page import Page, bars, mean, rows_of

from .page import ARMS, COLOURS, DATA

LEARNED = ("constant", "annealed")


def learned(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Histograms of the annealed arm by layer, all seeds together, and moves of both arms."""
    decay = released(data["units"])
    annealed = row(data["units"], arm="annealed", beta=decay)
    layers = annealed.sizes["delays_after_dim0"]
    canvas, axes = figure("double", columns=layers + 1, aspect=1.1)
    table = []
    for n, ax in enumerate(axes[:layers]):
        for name, colour, label in (
            ("delays_before", MEANING["baseline"], "before"),
            ("delays_after", COLOURS["annealed"], "after"),
        ):
            counts = annealed[name].isel({f"{name}_dim0": n}).sum("seed").values
            share = counts / counts.sum()
            ax.stairs(100 * share, np.arange(len(share) + 1) - 0.5, color=colour, label=label, linewidth=1.2)
            table += rows_of(f"layer {n + 1}", when=label, delay=np.arange(len(share)), share=share)
        ax.set(
            xlabel="delay (steps)", title="to the readout" if n == layers - 1 else f"to layer {n + 1}", ylim=(0, None)
        )
    axes[0].set_ylabel("synapses (%)")
    axes[0].legend()
    for arm, dash in zip(LEARNED, ((4, 2), (None, None)), strict=True):
        moved = row(data["units"], arm=arm, beta=decay)["moved"].transpose("moved_dim1", "moved_dim0", "seed")
        for colour, (n, layer) in zip(ordered(layers), enumerate(moved.values), strict=True):
            value, half = bars(mean(layer))
            epoch = np.arange(1, len(value) + 1)
            axes[-1].plot(
                epoch, value, color=colour, dashes=dash, label=f"layer {n + 1}" if arm == "annealed" else None
            )
            table += rows_of(f"moves, {arm}", layer=n + 1, epoch=epoch, moved=value, half_interval=half)
    axes[-1].set(xlabel="epoch", ylabel="move in an epoch (steps)", yscale="log")
    axes[-1].legend()
    letter(axes)
    caption = f"""{DATA}. Delays of the synapses that there are, rounded, before training and at the best validation
        epoch ({ARMS["annealed"]}, released decay, {annealed.sizes["seed"]} seeds together). Last panel: mean distance
        that a delay moves in an epoch, mean over seeds, by layer (dark: first); dashed: {ARMS["constant"]}."""
    return page.save(canvas, "delays", table, caption)
