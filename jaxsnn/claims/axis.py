"""Quantities along an axis: points that share their seeds, so that differences are taken within each seed."""

from typing import Any

import numpy as np

from .estimate import Resampled, per_seed, resampled


def along(at: Any, values: Any) -> tuple[np.ndarray, np.ndarray | Resampled]:
    """The axis `[point]` and its values as float64: per-seed `[point, seed]`, or a Resampled `[point]` as it came.

    Raises ValueError when the axis is not strictly increasing or does not fit the values.
    """
    at = np.asarray(at, float)
    values = values if isinstance(values, Resampled) else per_seed("values", values)
    points = values.value.shape if isinstance(values, Resampled) else values.shape[:-1]
    if at.ndim != 1 or not np.all(np.isfinite(at)) or np.any(np.diff(at) <= 0):
        raise ValueError(f"at = {at}: must be a strictly increasing axis of finite numbers; sort it, with its values")
    if points != at.shape:
        raise ValueError(
            f"values have points of shape {points}, the axis has {len(at)}: must be [point, seed] (or a Resampled "
            "[point]), increasing along the axis; select one value of every other axis"
        )
    return at, values


def steps(at: Any, values: Any) -> tuple[Resampled, list[str]]:
    """The change from each point to the next, within each seed, and the name of each step."""
    at, values = along(at, values)
    names = [f"{a:.4g} to {b:.4g}" for a, b in zip(at[:-1], at[1:], strict=True)]
    return as_resampled(values).map(np.diff), names


def as_resampled(values: np.ndarray | Resampled) -> Resampled:
    return values if isinstance(values, Resampled) else resampled(values)
