"""The kernel of one synapse while its width shrinks, and the one tap that is left when the delay is rounded."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
import xarray as xr

from experiments.hammouamri_2023.schedule import width
from jaxsnn.claims import Figure
from jaxsnn.delays import Gaussian, Nearest
from jaxsnn.plotting import figure, letter, ordered
from jaxsnn.reproduction.page import Page, rows_of

TAPS, EPOCHS, DELAYS = 25, 50, (7.3, 21.0)
SHOWN = (0, 4, 8, 12)  # epochs; the last ends the narrowing


def kernel(delay: float, wide: float | None) -> np.ndarray:
    """Share of each lag."""
    form = Nearest() if wide is None else Gaussian(wide)
    lags = jnp.arange(TAPS, dtype=jnp.int32)
    return np.asarray(form.weights(jnp.asarray(delay, float), lags, last=TAPS - 1))


def narrowing(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """No data: the kernels themselves."""
    del data
    canvas, axes = figure("double", columns=2, aspect=0.62)
    table = []
    for ax, delay in zip(axes, DELAYS, strict=True):
        for colour, epoch in zip(ordered(len(SHOWN)), SHOWN, strict=True):
            wide = float(width(epoch, TAPS, EPOCHS))
            share = kernel(delay, wide)
            ax.plot(share, color=colour, marker=".", markersize=3, linewidth=1, label=f"{wide:.2g} (epoch {epoch})")
            table += rows_of(f"delay {delay:g}", width=wide, lag=np.arange(TAPS), share=share)
        last = kernel(delay, None)
        ax.vlines(np.flatnonzero(last), 0, 1, color="#D55E00", linewidth=1.4, label="rounded, as tested")
        ax.axvline(delay, color="#333333", linewidth=0.6, dashes=(3, 2))
        ax.set(xlabel="lag (steps)", ylim=(0, 1.02), title=f"delay {delay:g}")
        table += rows_of(f"delay {delay:g}", width=0.0, lag=np.arange(TAPS), share=last)
    axes[0].set_ylabel("share of the weight")
    axes[0].legend(title="width in steps", alignment="left", loc="upper right")
    letter(axes)
    caption = f"""A synapse with T = {TAPS} taps in a training of {EPOCHS} epochs: a Gaussian around the delay (dashed),
        normalised over the lags that there are. It begins as wide as the kernel, so that every delay is nearly the same
        box, and is 0.5 steps wide from a quarter of the epochs on. Even a whole delay (b) then leaves a fifth of its
        weight to its neighbours: rounding to one tap is not without loss."""
    return page.save(canvas, "kernels", table, caption)
