"""Accuracies by voice and seed, their paired differences, and what an interval of them must account for.

    D[v, s] = accuracy of one arm - accuracy of another        the same test voice v, the same seed s

Voices and seeds are both samples: another experiment has other voices and other seeds. The standard error is that of a
bootstrap that draws voices and seeds anew, each with replacement (of a table with crossed factors; Owen 2007 shows that
it is on the safe side). With few seeds its quantiles are too narrow, so intervals are Student's t with the degrees of
freedom of Satterthwaite,

    dof = (a + b)^2 / (a^2 / (V - 1) + b^2 / (S - 1)),     a, b = squared standard errors of voices and seeds alone

An arm that is tuned has its decay chosen by the mean validation accuracy over seeds, from the same values in each arm.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr

from jaxsnn.claims import Estimate

ROW = "arm_beta_hidden_inputs"  # the zipped axis of a panel
DRAWS = 2000


def rows(table: xr.Dataset, **wanted: Any) -> xr.Dataset:
    """Rows of a panel with these values of arm, beta, hidden or inputs."""
    chosen = np.ones(table.sizes[ROW], bool)
    for name, value in wanted.items():
        known = table[name].values
        chosen &= np.isclose(known, value) if known.dtype.kind == "f" else known == value
    return table.isel({ROW: np.flatnonzero(chosen)})


def row(table: xr.Dataset, **wanted: Any) -> xr.Dataset:
    """The one row; ValueError unless there is exactly one."""
    found = rows(table, **wanted)
    if found.sizes[ROW] != 1:
        raise ValueError(f"{wanted} names {found.sizes[ROW]} rows of the panel: must be one; name arm and beta")
    return found.isel({ROW: 0})


def released(table: xr.Dataset) -> float:
    """The decay of the released configuration, at which all arms are trained: the only one of the arm `constant`."""
    return float(rows(table, arm="constant")["beta"].values[0])


def tuned(table: xr.Dataset, arm: str) -> xr.Dataset:
    """The row of an arm whose decay is best on validation voices, mean over seeds."""
    found = rows(table, arm=arm)
    best = found["validation"].max("validation_dim0").mean("seed").values
    return found.isel({ROW: int(np.argmax(best))})


def by_voice(one: xr.Dataset, split: str = "test") -> np.ndarray:
    """Accuracy [voice, seed] at the best validation epoch."""
    counts = (
        one[f"{split}_{name}"].transpose(f"{split}_{name}_dim0", "seed").values for name in ("correct", "samples")
    )
    correct, samples = counts
    return correct / samples


@lru_cache(maxsize=8)
def _weights(size: int, kind: int) -> np.ndarray:
    """How often each of `size` samples is drawn, [draw, sample], as shares."""
    return np.random.default_rng([size, kind]).multinomial(size, np.full(size, 1 / size), DRAWS) / size


def _drawn(table: np.ndarray) -> np.ndarray:
    """Means of tables with voices and seeds drawn anew, [draw]; the same draws for tables of one shape."""
    voices, seeds = table.shape
    return np.einsum("dv,vs,ds->d", _weights(voices, 0), table, _weights(seeds, 1), optimize=True)


def estimate(table: np.ndarray) -> Estimate:
    """Mean of a table [voice, seed], with its error; no degrees of freedom where there is one voice or one seed."""
    table = np.asarray(table, float)
    voices, seeds = table.shape
    if min(voices, seeds) < 2:
        return Estimate(table.mean(), np.nan, 0)
    a = table.mean(axis=1).var(ddof=1) / voices
    b = table.mean(axis=0).var(ddof=1) / seeds
    spread = a**2 / (voices - 1) + b**2 / (seeds - 1)
    dof = (a + b) ** 2 / spread if spread > 0 else min(voices, seeds) - 1
    return Estimate(table.mean(), float(_drawn(table).std(ddof=1)), dof)


def difference(one: xr.Dataset, other: xr.Dataset) -> np.ndarray:
    """Paired, [voice, seed]."""
    return by_voice(one) - by_voice(other)


def percentiles(table: np.ndarray) -> tuple[float, float]:
    """The plain 95 % interval of the bootstrap, for comparison."""
    low, high = np.quantile(_drawn(np.asarray(table, float)), [0.025, 0.975])
    return float(low), float(high)
