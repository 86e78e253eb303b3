"""From the tables to what claims and figures ask, always with the seeds last; and the tables as text."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from jaxsnn.claims import Resampled, resampled

from .arms import ARMS, ATTACKS, CHECKS
from .families import FAMILIES
from .levels import LEVELS, PASSES
from .parity import PLACEMENTS, U, expected
from .perturbations import KINDS as PERTURBATIONS
from .sampling import FACTORS
from .training import CURVES

PICTURES = ("raster", "response")  # drawn, and left out of the tables
# names of a result's own axes, and what stands along them
OWN = {
    "accuracy": {"arm": ARMS, "attack": ATTACKS, "eps": None},
    "checks": {"arm": ARMS, "check": CHECKS},
    "perturbed": {"arm": ARMS, "kind": PERTURBATIONS, "strength": None},
    "rates": {"arm": ARMS, "layer": None},
    "resampled": {"arm": ARMS, "draw": None},
    "ensembles": {"arm": ARMS, "passes": PASSES},
    "longer": {"arm": ARMS, "factor": FACTORS},
    "curves": {"trained": ARMS[:3], "curve": CURVES, "epoch": None},
    "chosen": {"what": ("sigma", "width")},
    "scores": {"of": ("noise", "none"), "candidate": None},
}
OF_LEVELS = {
    "resampled": {"draw": None},
    "ensembles": {"passes": PASSES},
    "at_level": {"test_level": LEVELS},
    "levels": {"layer": None},
}
OF_PARITY = {
    name: {"family": FAMILIES, "placement": PLACEMENTS, "u": tuple(U)} for name in ("fired", "passed", "square")
}
PANELS = {
    "digits": OWN,
    "fashion": OWN,
    "levels": OF_LEVELS,
    "lengths": OF_LEVELS,
    "learned": OF_LEVELS,
    "parity": OF_PARITY,
}


def labelled(data: Mapping[str, xr.Dataset], panel: str) -> xr.Dataset:
    """The panel's Dataset with named axes."""
    names, table = PANELS.get(panel, {}), data[panel]
    arrays, coords = {}, {}
    for name, values in table.data_vars.items():
        own = names.get(str(name), {})
        turned = {f"{name}_dim{i}": axis for i, axis in enumerate(own)}
        arrays[name] = values.rename(turned)
        coords |= {axis: list(along) for axis, along in own.items() if along is not None}
    return xr.Dataset(arrays, attrs=table.attrs).assign_coords(coords)


def constants(data: Mapping[str, xr.Dataset], panel: str) -> dict[str, Any]:
    import json

    return json.loads(data[panel].attrs["spec"])["constants"]


def accuracy(data: Mapping[str, xr.Dataset], panel: str, arm: str, attack: str) -> np.ndarray:
    """[eps, seed]"""
    table = labelled(data, panel)["accuracy"].sel(arm=arm, attack=attack)
    return table.transpose("eps", "seed").values.astype(float)


def lost(data: Mapping[str, xr.Dataset], panel: str, arm: str, attack: str) -> np.ndarray:
    """Accuracy lost to an attack, [eps, seed]."""
    return accuracy(data, panel, arm, "none") - accuracy(data, panel, arm, attack)


def lost_when(data: Mapping[str, xr.Dataset], panel: str, arm: str, kind: str) -> np.ndarray:
    """Accuracy lost to a perturbation, on the same images, [strength, seed]."""
    table = labelled(data, panel)["perturbed"].sel(arm=arm, kind=kind).transpose("strength", "seed")
    return accuracy(data, panel, arm, "none").mean(axis=0) - table.values.astype(float)


def clean(data: Mapping[str, xr.Dataset], panel: str, arm: str) -> np.ndarray:
    """Accuracy of single passes over the images of the resampling, mean over draws, [seed]."""
    return labelled(data, panel)["resampled"].sel(arm=arm).mean("draw").values.astype(float)


def spreads(draws: np.ndarray) -> Resampled:
    """log of (deviation over draws of one network / deviation over networks), from accuracies [draw, seed].

    The luck of the draws is taken off the second.
    """

    def ratio(part: np.ndarray) -> float:
        if part.shape[1] < 2:
            return np.nan
        within = part.var(axis=0, ddof=1).mean()
        between = part.mean(axis=0).var(ddof=1) - within / len(part)
        return float(np.log(within / between) / 2) if between > 0 and within > 0 else np.nan

    return resampled(draws, ratio)


def parity_scores(data: Mapping[str, xr.Dataset], what: str) -> dict[tuple[str, str], np.ndarray]:
    """Deviation from what is expected, in standard errors, [u] by (family, placement); what: "fired" or "passed".

    The number of draws is known, and so is the error of a frequency; that of the factor is estimated.
    """
    table = labelled(data, "parity")
    draws = constants(data, "parity")["draws"] * table.sizes["seed"]
    found = {}
    for family in table["family"].values:
        for placement in table["placement"].values:
            part = table.sel(family=family, placement=placement).mean("seed")
            stays = placement != "escape"
            fires, density = expected(str(family), placement == "membrane+escape")[0], expected(str(family), stays)[1]
            if what == "fired":
                gap, variance = part["fired"].values - fires, fires * (1 - fires)
            else:
                gap = part["passed"].values - density
                variance = part["square"].values - part["passed"].values ** 2
            # rounding of float32, and of the grid of the convolution, where nothing is left to chance
            error = np.sqrt(np.maximum(variance, 0) / draws + (2e-4 * max(1.0, float(density.max()))) ** 2)
            found[str(family), str(placement)] = gap / error
    return found


def table(panel: str, data: xr.Dataset) -> str:
    """Every number of a panel, a row each: axes of the grid, seed, result, the result's own axes, value."""
    whole = labelled({panel: data}, panel)
    axes = [str(name) for name in data.coords if name != "seed" and data.coords[name].ndim == 1]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*axes, "seed", "result", "axes", "value"])
    for name, values in whole.data_vars.items():
        if name in PICTURES:
            continue
        grid = [str(d) for d in data[name].dims if not str(d).startswith(f"{name}_dim")]
        own = [str(d) for d in values.dims if str(d) not in grid]
        array = values.transpose(*grid, *own)
        for place in np.ndindex(*array.shape):
            at = dict(zip(array.dims, place, strict=True))
            coords = {axis: _cell(whole[axis].values[at[whole[axis].dims[0]]]) for axis in axes}
            named = [f"{axis}={_along(whole, axis, at[axis])}" for axis in own]
            row = [*coords.values(), int(whole["seed"].values[at["seed"]]), name, " ".join(named)]
            writer.writerow([*row, f"{float(array.values[place]):.6g}"])
    return text.getvalue()


def _along(table: xr.Dataset, axis: str, place: int) -> str:
    return str(_cell(table[axis].values[place])).replace(" ", "-") if axis in table.coords else str(place)


def _cell(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else value
