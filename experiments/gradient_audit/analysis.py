"""From sums over networks to what a reader asks of a rule, with errors by whole-seed jackknife.

    ratio    sum dot / sum exact                        1: right size; below 0: wrong direction
    cosine   sum dot / sqrt(sum square sum exact)
    bias     |E[g] - e| / |e|, from sum (square - 2 dot + exact) / sum exact
    spread   sqrt(sum variance / sum exact)             of one path
    wrong    fraction of components of the wrong sign;  opposed: fraction of networks with dot < 0

Sums run over the networks of all seeds, so that networks with a large gradient weigh more.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from jaxsnn.claims import Resampled, resampled

from .network import KINDS
from .rules import OWN, RULES, SAMPLED

ORDERS = {"exact": tuple(RULES), "own": OWN, "sampled": SAMPLED}  # rules of each panel
TO_SIGMA = ("score", "score_mean", "ndl", "ndl_detached", "own", "own_detached")  # all others pass it nothing
MEASURES = ("ratio", "cosine", "bias", "spread")


def labelled(data: xr.Dataset, panel: str) -> xr.Dataset:
    """The panel's Dataset with dimensions `rule` and `kind` in place of numbered ones."""
    arrays = {}
    for name, values in data.data_vars.items():
        own = [str(dim) for dim in values.dims if str(dim).startswith(f"{name}_dim")]
        names = {1: ("kind",), 2: ("rule", "kind")}.get(len(own), ())
        arrays[name] = values.rename(dict(zip(own, names, strict=True)))
    return xr.Dataset(arrays, coords={"rule": list(ORDERS[panel]), "kind": list(KINDS)}, attrs=data.attrs)


def measure(sums: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """One of MEASURES of sums over networks. NaN where the exact gradient is zero or unknown."""
    exact = np.where(sums["exact"] > 0, sums["exact"], np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        if name == "ratio":
            return sums["dot"] / exact
        if name == "cosine":
            return sums["dot"] / np.sqrt(np.where(sums["square"] > 0, sums["square"], np.nan) * exact)
        if name == "bias":
            return np.sqrt(np.maximum(sums["square"] - 2 * sums["dot"] + exact, 0) / exact)
        if name == "spread":
            return np.sqrt(sums["variance"] / exact)
    raise ValueError(f"measure = {name!r}: must be one of {', '.join(MEASURES)}; pass one of these")


def pooled(table: xr.Dataset, name: str, over: Sequence[str] = (), **chosen) -> Resampled:
    """A measure of a labelled table, over all networks and the dimensions `over`; `chosen` selects coordinates."""
    part = table.sel(chosen) if chosen else table
    sums = {}
    for one in ("dot", "square", "variance", "exact"):
        values = part[one].broadcast_like(part["dot"]) if one == "exact" else part[one]
        values = values.sum([d for d in over if d in values.dims], skipna=False)
        sums[one] = values.transpose(..., "seed").values.astype(float)
    return resampled(sums, lambda s: measure({k: v.sum(axis=-1) for k, v in s.items()}, name))


def fraction(table: xr.Dataset, name: str, over: Sequence[str] = (), **chosen) -> xr.DataArray:
    """`wrong` of all components, or `opposed` of all networks (their number stands in the spec)."""
    part = table.sel(chosen) if chosen else table
    over = [*over, "seed"]
    if name == "wrong":
        count = part["components"].broadcast_like(part["wrong"]).sum(over)
    else:
        there = (part["components"] > 0).broadcast_like(part["opposed"]).astype(float)
        count = there.sum(over) * networks(table)
    return part[name].sum(over) / count.where(count > 0)


def networks(table: xr.Dataset) -> int:
    """Random networks of one seed."""
    return int(json.loads(table.attrs["spec"])["constants"]["networks"]) if "spec" in table.attrs else 1


def table(panel: str, data: xr.Dataset) -> str:
    """The panel as CSV: one row for each point, rule and kind, with measures and their standard errors."""
    full = labelled(data, panel)
    axes = [str(d) for d in full["dot"].dims if d != "seed"]
    full = full.transpose(*axes, "seed", ...)
    columns = {}
    for name in MEASURES:
        found = pooled(full, name)
        columns[name] = found.value.ravel()
        columns[f"{name}_se"] = np.array([one.se for one in found.estimates()])
    for name in ("wrong", "opposed"):
        if name in full:
            columns[name] = fraction(full, name).transpose(*axes).values.ravel()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*axes, *columns])
    shape = [full.sizes[d] for d in axes]
    for i, place in enumerate(np.ndindex(*shape)):
        at = {d: full[d].values[k] for d, k in zip(axes, place, strict=True)}
        if np.isnan(columns["ratio"][i]) or (at["kind"] == "sigma" and at["rule"] not in TO_SIGMA):
            continue  # nothing to compare with, or nothing passed on
        writer.writerow([*at.values(), *(_short(values[i]) for values in columns.values())])
    return text.getvalue()


def _short(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else ""
