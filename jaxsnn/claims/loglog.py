"""Power laws: exponent and curvature of log y against log x, by least squares with equal weights.

    exponent     log y = a + b l                   l = log x - mean(log x)
    curvature    log y = a + b l + (c/2) l^2       so that the local exponent d log y/d log x = b + c l changes by c
                                                   for each factor e of x

y is the mean over seeds (or a jackknifed quantity); b and c are recomputed with each seed left out. Errors of single
points never enter: the points share their seeds, so their errors are correlated.
"""

from typing import Any

import numpy as np

from .axis import along, as_resampled
from .estimate import Estimate, Real


def exponent(at: Any, values: Any, *, between: tuple[Real, Real] | None = None) -> Estimate:
    """The slope b over the points of `at` in the closed range `between` (default: all).

    at: `[point]`, positive and increasing; values: `[point, seed]` or a Resampled `[point]`, positive (a value that is
    not gives an estimate that is not a number, as do fewer than two points in the range: a smoke grid is no defect).
    """
    return _coefficient(at, values, between, power=1)


def curvature(at: Any, values: Any, *, between: tuple[Real, Real] | None = None) -> Estimate:
    """The curvature c, as `exponent`; needs four points, since three always lie on some parabola exactly."""
    return _coefficient(at, values, between, power=2)


def _coefficient(at: Any, values: Any, between: tuple[Real, Real] | None, power: int) -> Estimate:
    at, values = along(at, values)
    if at[0] <= 0:
        raise ValueError(
            f"at starts at {at[0]:g}: must be positive for a power law; leave out the points at and below 0"
        )
    low, high = between if between is not None else (at[0], at[-1])
    if not low <= high:
        raise ValueError(f"between = ({low:g}, {high:g}): must be (low, high); swap the two")
    used = (at >= low * (1 - 1e-9)) & (at <= high * (1 + 1e-9))  # the ends count, whatever their last digit
    if used.sum() < 2 * power:
        return Estimate(np.nan, np.nan, 0.0)
    log_x = np.log(at[used])
    terms = [1.0, 1.0, 0.5][: power + 1]
    design = np.stack([k * (log_x - log_x.mean()) ** n for n, k in enumerate(terms)], axis=-1)
    row = np.linalg.pinv(design)[power]

    def fit(y: np.ndarray) -> Real:
        with np.errstate(invalid="ignore", divide="ignore"):  # not positive: a coefficient that is not a number
            return row @ np.log(y[used])

    return as_resampled(values).map(fit).estimates()[0]
