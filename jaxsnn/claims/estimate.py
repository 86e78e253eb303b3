"""Estimates with their uncertainty: the numbers that verdicts are read from.

    mean over S seeds      value = mean(samples),   se = sd(samples) / sqrt(S),            dof = S - 1
    delete-one jackknife   value = f(all seeds),    se^2 = (S - 1)/S sum_s (f_s - mean f)^2,   dof = S - 1

f_s is f of the samples without seed s; both lines are the same when f is the mean. Seeds, not time points and not grid
points, are the independent samples, because all points of a seed share their noise. The seed axis is the last one, as
in the table that a sweep returns.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..statistics import jackknife_error, leave_one_out, student_quantile

Real = float | int | np.number
LEVEL = 0.95  # of an interval, where nothing else is said


@dataclass(frozen=True)
class Estimate:
    """A number, its standard error and the degrees of freedom of that error (infinite for an error that is known)."""

    value: float
    se: float
    dof: float

    def __post_init__(self):
        for name in ("value", "se", "dof"):
            object.__setattr__(self, name, float(getattr(self, name)))

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The two-sided interval of Student's t; not a number where there are no degrees of freedom."""
        half = student_quantile(0.5 + level / 2, self.dof) * self.se if self.se != 0 else 0.0
        return self.value - half, self.value + half


@dataclass(frozen=True)
class Resampled:
    """A derived quantity and its values with one seed left out, from which any function of it gets its error.

    value    [...]          from all seeds
    left_out [..., seed]    from all seeds but one
    """

    value: np.ndarray
    left_out: np.ndarray

    def map(self, f: Callable[[np.ndarray], Any]) -> "Resampled":
        """`f` of the quantity, for instance `np.diff` for its steps along an axis."""
        each = [np.asarray(f(self.left_out[..., s]), float) for s in range(self.left_out.shape[-1])]
        return Resampled(np.asarray(f(self.value), float), np.stack(each, axis=-1))

    def estimates(self) -> list[Estimate]:
        """One Estimate for each element of `value`, in C order."""
        dof = self.left_out.shape[-1] - 1
        se = jackknife_error(self.left_out)
        return [Estimate(v, e, dof) for v, e in zip(self.value.flat, se.flat, strict=True)]


def exact(value: Any) -> Estimate:
    """A number without error, for instance the difference of two theories."""
    return Estimate(value, 0.0, math.inf)


def resampled(samples: Any, f: Callable[[Any], Any] | None = None) -> Resampled:
    """The delete-one jackknife of `f`, over the last axis.

    samples: an array `[..., seed]`, or a dict of such arrays (a whole table)
    f:       takes what `samples` is, with all seeds or all but one, and returns a number or an array; default: the
             mean over the last axis. Averages belong inside `f`: `lambda variance: np.sqrt(variance.mean(-1))`.

    Raises ValueError when an array has no seed axis or the arrays of a dict have different numbers of seeds.
    """
    table = samples if isinstance(samples, dict) else {"samples": samples}
    table = {name: per_seed(name, values) for name, values in table.items()}
    counts = sorted({values.shape[-1] for values in table.values()})
    if len(counts) != 1 or (f is None and isinstance(samples, dict)):
        raise ValueError(f"samples have {counts} seeds on their last axes: must be one number; select common seeds")
    seeds = counts[0]
    if f is None:
        return _of_means(table["samples"])

    def of(keep: np.ndarray) -> np.ndarray:
        kept = {name: values[..., keep] for name, values in table.items()}
        with np.errstate(invalid="ignore"):  # infinities of opposite sign: the mean is not a number, as it should be
            return np.asarray(f(kept if isinstance(samples, dict) else kept["samples"]), float)

    value = of(np.ones(seeds, bool))
    if seeds == 1:  # nothing can be left out
        return Resampled(value, np.full((*value.shape, 1), np.nan))
    return Resampled(value, np.stack([of(others) for others in leave_one_out(seeds)], axis=-1))


def estimates_of(quantity: Any) -> tuple[list[Estimate], bool]:
    """The estimates in `quantity`, and whether it is a single one rather than a family of points.

    quantity: per-seed values `[seed]` (one estimate) or `[point, seed]` (a family); a Resampled; an Estimate; a tuple
              `(value, se, dof)`; anything with attributes `value`, `se` and `n` (number of seeds), such as the result
              of a jackknife elsewhere; a list of such estimates (a family).

    Raises ValueError for a tuple of other than three numbers and for more than one axis before the seeds.
    """
    if isinstance(quantity, list) and any(_is_estimate(item) for item in quantity):
        return [_single(item) for item in quantity], False
    if isinstance(quantity, Estimate):
        return [quantity], True
    if isinstance(quantity, tuple) and not hasattr(quantity, "value"):
        if len(quantity) != 3 or any(np.ndim(part) for part in quantity):
            raise ValueError(
                f"an estimate given as a tuple must be (value, se, dof), three numbers, got {quantity!r}; "
                "pass per-seed values as an array or a list"
            )
        return [Estimate(*quantity)], True
    if not isinstance(quantity, Resampled) and _is_estimate(quantity):
        parts = (np.asarray(getattr(quantity, name), float) for name in ("value", "se", "n"))
        value, se, seeds = np.broadcast_arrays(*parts)
        rows = zip(value.flat, se.flat, seeds.flat, strict=True)
        return [Estimate(v, e, n - 1) for v, e, n in rows], value.ndim == 0
    means = quantity if isinstance(quantity, Resampled) else resampled(quantity)
    if means.value.ndim > 1:
        raise ValueError(
            f"an estimate of shape {means.value.shape} + [seed]: at most one axis before the seeds; "
            "ravel the points, or take them one by one with all_of"
        )
    return means.estimates(), means.value.ndim == 0


def per_seed(name: str, values: Any) -> np.ndarray:
    """float64 with the seeds last; a labelled array is turned so that its dimension `seed` is the last."""
    if "seed" in getattr(values, "dims", ()):
        values = values.transpose(..., "seed")
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} = {values!r}: must be numbers, one for each seed ({error}); pass an array") from None
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(
            f"{name} has shape {array.shape}: needs the seeds on its last axis; pass (value, se, dof) or exact(value) "
            "for a number that has no seeds"
        )
    return array


def _of_means(samples: np.ndarray) -> Resampled:
    seeds = samples.shape[-1]
    with np.errstate(invalid="ignore"):
        mean = np.asarray(samples.mean(axis=-1))
        left_out = mean[..., None] - (samples - mean[..., None]) / (seeds - 1 if seeds > 1 else np.nan)
    return Resampled(mean, left_out)


def _is_estimate(item: Any) -> bool:
    return isinstance(item, tuple | Estimate | Resampled) or all(hasattr(item, name) for name in ("value", "se", "n"))


def _single(quantity: Any) -> Estimate:
    found, single = estimates_of(quantity)
    if not single:
        raise ValueError(f"a list of estimates must hold single ones, got {quantity!r}; pass an array [point, seed]")
    return found[0]
