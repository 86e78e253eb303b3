"""From the tables to the derived quantities: optimal noise, least error, their power laws, by whole-seed jackknife.

All points of a seed share their noise, so a derived quantity is computed from the seed averages of the variance, and
again with each seed left out; errors of single points are never propagated.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from jaxsnn.claims import Resampled, resampled

FLOOR = 1 / 12  # variance of the perfectly regular network
REACH = 3.5  # grid steps to either side that the local fit sees: seven points
NEAR = 0.4  # mean intervals; delays up to here count as well below one interval
EDGE = 2  # a minimum within so many points of an end of the grid is not trusted


class Valley(NamedTuple):
    """The optimum at every delay, value and delete-one values: [delay] and [delay, seed]."""

    delay: np.ndarray
    noise: Resampled  # sigma*
    error: Resampled  # least sigma_readout
    edge: np.ndarray  # whether the minimum lies too near an end of the grid

    @property
    def excess(self) -> Resampled:
        """sqrt(least variance - 1/12): what delay and noise add to the regular network; NaN below the floor."""
        return self.error.map(lambda error: np.sqrt(np.where(error**2 > FLOOR, error**2 - FLOOR, np.nan)))


def optimum(noise: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    """sigma* and the least standard deviation of one curve, variance [noise] averaged over seeds.

    A local quadratic fit of log variance against log noise (tricube weights over seven points), first around the lowest
    point, then around the minimum found. NaN where it has none within its reach and the grid.
    """
    x, y = np.log(noise), np.log(variance)
    width = REACH * np.mean(np.diff(x))
    centre = x[int(np.argmin(y))]
    for _ in range(3):
        distance = np.abs(x - centre) / width
        weight = np.where(distance < 1, (1 - np.minimum(distance, 1) ** 3) ** 3, 0)
        used = weight > 0
        if used.sum() < 4:
            return np.nan, np.nan
        curvature, slope, height = np.polyfit(x[used] - centre, y[used], 2, w=np.sqrt(weight[used]))
        shift = -slope / (2 * curvature) if curvature > 0 else np.nan
        if not abs(shift) < width:
            return np.nan, np.nan
        lowest = height + slope * shift + curvature * shift**2
        centre = centre + shift
    if not x[0] <= centre <= x[-1]:
        return np.nan, np.nan
    return float(np.exp(centre)), float(np.exp(lowest / 2))


def curve(data: xr.Dataset, leak: float, delay: float, name: str = "variance") -> tuple[np.ndarray, np.ndarray]:
    """Noise levels [noise] and per-seed values [noise, seed] of one curve of the map, increasing in noise.

    Works for a crossed grid and for one whose leak, delay and noise run together.
    """
    table = data[name].squeeze([d for d in data[name].dims if data.sizes[d] == 1 and d != "seed"])
    if "noise" in table.dims:
        chosen = {name: value for name, value in (("leak", leak), ("delay", delay)) if name in table.dims}
        table = table.sel(chosen)
    else:
        (rows,) = (d for d in table.dims if d != "seed")
        here = (table["leak"].values == leak) & (table["delay"].values == delay)
        table = table.isel({rows: np.flatnonzero(here)})
    order = np.argsort(table["noise"].values)
    return table["noise"].values[order], table.transpose(..., "seed").values.astype(float)[order]


def delays(data: xr.Dataset) -> np.ndarray:
    """The delays above zero, increasing."""
    return np.unique(data["delay"].values[data["delay"].values > 0])


def valley(data: xr.Dataset, leak: float) -> Valley:
    """optimal noise and least error at every delay above zero."""
    at = delays(data)
    curves = [curve(data, leak, delay) for delay in at]
    table = {str(i): values for i, (_, values) in enumerate(curves)}

    def all_optima(part: dict[str, np.ndarray]) -> np.ndarray:
        return np.array([optimum(curves[int(i)][0], values.mean(axis=-1)) for i, values in part.items()]).T

    found = resampled(table, all_optima)
    lowest = [int(np.argmin(values.mean(axis=-1))) for _, values in curves]
    edge = np.array([not EDGE < i < len(noise) - 1 - EDGE for i, (noise, _) in zip(lowest, curves, strict=True)])
    found.value[:, edge], found.left_out[:, edge] = np.nan, np.nan  # so that nothing is concluded from them
    return Valley(at, Resampled(found.value[0], found.left_out[0]), Resampled(found.value[1], found.left_out[1]), edge)


def local_exponents(at: np.ndarray, quantity: Resampled) -> tuple[np.ndarray, Resampled]:
    """d log quantity / d log delay between neighbouring delays; returned at their geometric means."""
    middle = np.sqrt(at[1:] * at[:-1])
    return middle, quantity.map(lambda q: np.diff(np.log(q)) / np.diff(np.log(at)))


def over_sizes(data: xr.Dataset, **chosen: float) -> tuple[np.ndarray, Resampled]:
    """Network sizes and the error of xhat, sigma_readout / N; `chosen` picks coordinates of the other axes."""
    variance = data["variance"]
    for name, value in chosen.items():
        variance = variance.sel({name: value})
    variance = variance.squeeze(
        [d for d in variance.dims if variance.sizes[d] == 1 and "neurons" not in str(d) and d != "seed"]
    )
    neurons = variance["neurons"].values.astype(float)
    return neurons, resampled(variance.transpose(..., "seed").values, lambda v: np.sqrt(v.mean(axis=-1)) / neurons)


def tuned_sizes(data: xr.Dataset) -> tuple[np.ndarray, Resampled]:
    """Network sizes and the least error of xhat over the noise levels tried."""
    neurons = np.unique(data["neurons"].values)
    (rows,) = (d for d in data["variance"].dims if d != "seed" and data.sizes[d] > 1)
    table = data["variance"].squeeze([d for d in data["variance"].dims if data.sizes[d] == 1 and d != "seed"])
    groups = {int(n): table.isel({rows: np.flatnonzero(data["neurons"].values == n)}) for n in neurons}
    values = {str(n): g.transpose(..., "seed").values.astype(float) for n, g in groups.items()}

    def least(part: dict[str, np.ndarray]) -> np.ndarray:
        found = []
        for n, variance in part.items():
            noise = groups[int(n)]["noise"].values
            found.append(optimum(noise, variance.mean(axis=-1))[1] / int(n))
        return np.array(found)

    return neurons.astype(float), resampled(values, least)


def deviation(variance):
    """Standard deviation from per-seed variances [..., seed]."""
    return resampled(variance, lambda v: np.sqrt(v.mean(axis=-1)))


def leaks_of(data):
    return [float(leak) for leak in np.atleast_1d(data["leak"].values)]
