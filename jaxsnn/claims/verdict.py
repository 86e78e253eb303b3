"""The verdict rules: each takes measured quantities and a tolerance fixed beforehand, and gives an Outcome.

Measured quantities are per-seed values `[seed]` (for a family of points `[point, seed]`), a jackknifed quantity
(`resampled`), or `(value, se, dof)`; `estimate.estimates_of` lists every form. Steps and differences along an axis are
taken within each seed, since the points of a seed share their noise. A family is judged with Holm's correction over its
points (`holm`).

    within(sd, expected=0.34, relative=0.03)          above(rate, 0.9)          below(sd, line, labels=names)
    increases(noise, sd)                              interior_minimum(noise, sd)
    power_law(delay, optimum, curvature=0.05)         all_of({"leak 0.1": ..., "leak 1": ...})
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .axis import along, steps
from .claim import Outcome, measured, undecided
from .estimate import Real, Resampled, estimates_of, resampled
from .holm import family, judge
from .loglog import curvature as curvature_of
from .loglog import exponent as exponent_of

EDGE = 2  # grid points: a minimum that close to an end of its grid may lie beyond it


def within(
    quantity: Any,
    expected: Any,
    *,
    relative: Real | None = None,
    absolute: Real | None = None,
    labels: Sequence[str] | None = None,
) -> Outcome:
    """The quantity equals `expected` within a tolerance, `relative` (a fraction of |expected|) or `absolute`.

    `expected` is a number without error (theory), one for each point of a family or one for all. Of a
    tolerance of zero only exact numbers can be. Two measured quantities are compared through their difference or ratio
    within each seed.
    """
    given = [tolerance for tolerance in (relative, absolute) if tolerance is not None]
    if len(given) != 1:
        raise ValueError(
            f"relative = {relative}, absolute = {absolute}: must be exactly one tolerance; pass one of them"
        )
    (tolerance,) = given
    _check_tolerance("tolerance", tolerance)
    centre = np.asarray(expected, float)
    if relative is not None and np.any(centre == 0):
        raise ValueError("expected = 0 with a relative tolerance: has no width; pass absolute=... instead")
    reach = tolerance * (np.abs(centre) if relative is not None else np.ones_like(centre))
    return _judged(quantity, centre - reach, centre + reach, labels)


def above(quantity: Any, bound: Any, *, labels: Sequence[str] | None = None) -> Outcome:
    """The quantity lies above `bound`: a number without error, one for each point of a family or one for all."""
    return _judged(quantity, bound, math.inf, labels)


def below(quantity: Any, bound: Any, *, labels: Sequence[str] | None = None) -> Outcome:
    """The quantity lies below `bound`: a number without error, one for each point of a family or one for all."""
    return _judged(quantity, -math.inf, bound, labels)


def increases(at: Any, values: Any, *, tolerance: Real = 0.0) -> Outcome:
    """`values` `[point, seed]` (or a Resampled `[point]`) increase along the axis `at` `[point]`.

    Every step from a point to the next, taken within each seed, must be above -tolerance: on a flat stretch a step
    is undecided however long the run, unless a tolerance was fixed beforehand.
    """
    _check_tolerance("tolerance", tolerance)
    changes, names = steps(at, values)
    if not names:
        return undecided("one point makes no axis")
    return _judged(changes, -abs(tolerance), math.inf, names)


def decreases(at: Any, values: Any, *, tolerance: Real = 0.0) -> Outcome:
    """As `increases`, with every step below +tolerance."""
    _check_tolerance("tolerance", tolerance)
    changes, names = steps(at, values)
    if not names:
        return undecided("one point makes no axis")
    return _judged(changes, -math.inf, abs(tolerance), names)


def interior_minimum(at: Any, values: Any, *, depth: Real = 0.0) -> Outcome:
    """The seed mean of `values` `[point, seed]` has a minimum inside the grid `at` `[point]`, not at its ends.

    Both ends must lie above the minimum by more than the fraction `depth` of it. So that the luck of the draw does not
    count as depth, each seed is measured at the point where the *other* seeds have their minimum. (That removes the
    bias, but the seeds are then not quite independent: at worst, on a hundred equally low points and with 8 seeds, the
    interval missed on either side in about 10 % of runs instead of 2.5. A U shape has few such points.)

    Undecided when the minimum (with all seeds, or with any one of them left out) is within two grid points of an end:
    the grid cannot tell a minimum at its end from one beyond. To claim that there is none, use `increases` or
    `decreases`. `ours` is the smaller of the two rises, as a fraction; the place of the minimum is in the note.
    """
    _check_tolerance("depth", depth)
    at, table = along(at, values)
    if isinstance(table, Resampled):
        raise ValueError("values: must be per-seed values [point, seed] here; pass the array instead of its jackknife")
    seeds = table.shape[1]
    if len(at) < 2 * EDGE + 3:
        return undecided(f"{len(at)} points are too few: a minimum must be more than {EDGE} from either end")
    mean = resampled(table)
    if not np.all(np.isfinite(table)):
        return undecided("not a finite number at some point")
    if seeds < 2:
        return undecided("one seed gives no interval")
    if np.any(mean.value <= 0):
        raise ValueError(f"values = {mean.value.min():g} at their lowest: must be positive; take logs or squares first")
    lowest, others = int(np.argmin(mean.value)), np.argmin(mean.left_out, axis=0)
    place = f"minimum at {at[lowest]:.4g} (point {lowest + 1} of {len(at)})"
    if min(others.min(), lowest) <= EDGE or max(others.max(), lowest) >= len(at) - 1 - EDGE:
        return undecided(f"{place}, within {EDGE} points of an end for some choice of seeds")
    bottom = table[others, np.arange(seeds)]
    ratio = table[[0, -1]].mean(axis=1, keepdims=True) / bottom.mean()
    rise = (table[[0, -1]] - ratio * (bottom - bottom.mean())) / bottom.mean() - 1.0  # mean and error of the ratio
    ends = above(rise, depth, labels=("left end", "right end")).points
    return family(ends, place, prefer=min(ends, key=lambda end: end.ours).label)


def power_law(
    at: Any,
    values: Any,
    *,
    curvature: Real,
    between: tuple[Real, Real] | None = None,
    exponent: tuple[Real, Real] | None = None,
) -> Outcome:
    """`values` `[point, seed]` (or a Resampled `[point]`) follow a power law of `at` over the range `between`.

    The local exponent d log(values)/d log(at) must change by less than `curvature` for each factor e of `at` (see
    `loglog`); with `exponent=(low, high)` the exponent of the straight line must also lie in that interval.
    """
    if not curvature > 0:
        raise ValueError(
            f"curvature = {curvature}: must be positive; pass the largest change that is still a power law"
        )
    bent = curvature_of(at, values, between=between)
    slope = exponent_of(at, values, between=between)
    low, high = between if between is not None else (np.min(at), np.max(at))
    note = f"exponent {slope.value:.3g} (standard error {slope.se:.1g}) from {low:g} to {high:g}"
    points = [measured(bent, (-curvature, curvature), "curvature")]
    if exponent is not None:
        points.append(measured(slope, (float(exponent[0]), float(exponent[1])), "exponent"))
    return family(judge(points), note, prefer="exponent")


def all_of(outcomes: Mapping[str, Outcome] | Sequence[Outcome], note: str = "") -> Outcome:
    """All of the outcomes, as one family: fails if any fails after Holm's correction over all their points, else
    undecided if any is undecided, else holds. A mapping names them; the points of families among them are pooled."""
    named = outcomes.items() if isinstance(outcomes, Mapping) else (("", outcome) for outcome in outcomes)
    points, notes = [], [note] if note else []
    for name, outcome in named:
        if not isinstance(outcome, Outcome):
            raise ValueError(f"outcomes[{name!r}] = {outcome!r}: must be an Outcome; pass what above or within returns")
        if outcome.points and outcome.note:
            notes.append(f"{name}: {outcome.note}" if name else outcome.note)
        points += [_labelled(point, name) for point in outcome.members]
    if not points:
        raise ValueError("outcomes is empty: must hold at least one; check what selects the points of this family")
    return family(judge(points), "; ".join(notes))


def _check_tolerance(name: str, value: Any) -> None:
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} = {value!r}: must be finite and not negative; pass for instance 0.03")


def _judged(quantity: Any, low: Any, high: Any, labels: Sequence[str] | None) -> Outcome:
    estimates, single = estimates_of(quantity)
    try:
        low, high = (np.broadcast_to(np.asarray(end, float), (len(estimates),)) for end in (low, high))
    except ValueError:
        raise ValueError(
            f"{len(estimates)} points are compared with bounds of shape {np.shape(low)} and {np.shape(high)}: must be "
            "one for all or one for each; put the seeds on the last axis of the points, and no seeds in the bounds"
        ) from None
    if labels is not None and len(labels) != len(estimates):
        raise ValueError(f"{len(labels)} labels for {len(estimates)} points: must be as many; name every point")
    names = labels if labels is not None else [""] if single else [f"point {i + 1}" for i in range(len(estimates))]
    ends = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    points = judge([measured(e, allowed, name) for e, allowed, name in zip(estimates, ends, names, strict=True)])
    return points[0] if single else family(points)


def _labelled(point: Outcome, name: str) -> Outcome:
    return replace(point, label=", ".join(part for part in (name, point.label) if part))
