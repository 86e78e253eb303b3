"""Verdicts of a family of points, with Holm's correction (Holm 1979, Scand. J. Statist. 6: 65).

For each point, let d be the distance of its estimate from the nearer end of the tolerance in standard errors, positive
inside. The interval at level 1 - a lies inside the tolerance exactly when d > 0 and p <= a, outside exactly when d < 0
and p <= a, with p = 2 P(t_dof > |d|). Points are taken in order of p; the k-th of m is read at level
1 - alpha/(m - k + 1), and the first that its interval does not decide ends the reading: it and the rest are undecided.
A family of one is the plain 95 % interval.

So within a family that lies inside its tolerance, a false `fails` of any point has a chance of at most alpha, and
likewise a false `holds` of any point in one that lies outside.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from ..statistics import student_tails
from .claim import FAILS, HOLDS, UNDECIDED, Outcome, annotated
from .estimate import LEVEL, Estimate

ALPHA = 1.0 - LEVEL


def judge(points: Sequence[Outcome], alpha: float = ALPHA) -> list[Outcome]:
    """The points with verdicts and intervals as one family, in their order. Fixed verdicts stay as they are."""
    tails = [student_tails(point.margin, point.dof) if point.allowed is not None else math.nan for point in points]
    tested = sorted((i for i, point in enumerate(points) if point.allowed is not None), key=lambda i: tails[i])
    judged = list(points)
    stopped, share = False, alpha
    for rank, i in enumerate(tested):
        if not stopped:
            share = alpha / (len(tested) - rank)
            stopped = not tails[i] <= share
        judged[i] = _read(points[i], stopped, 1.0 - share)
    return judged


def together(outcomes: Sequence[Outcome], alpha: float = ALPHA) -> list[Outcome]:
    """Several outcomes, each a point or a family, with the correction taken over all their points at once."""
    judged = iter(judge([point for outcome in outcomes for point in outcome.members], alpha))
    again = []
    for outcome in outcomes:
        members = tuple(next(judged) for _ in outcome.members)
        again.append(family(members, outcome.note, outcome.label) if outcome.points else members[0])
    return again


def family(points: Sequence[Outcome], note: str = "", prefer: str = "") -> Outcome:
    """One outcome of judged points: fails if any fails, else undecided if any is, else holds.

    Its numbers are those of the point that decides: the worst of the failing, else of the undecided, else of all;
    among those, of the point labelled `prefer` if there is one.
    """
    verdicts = [point.verdict for point in points]
    verdict = next((word for word in (FAILS, UNDECIDED) if word in verdicts), HOLDS)
    worst = min((point for point in points if point.verdict == verdict), key=lambda point: _order(point, prefer))
    return Outcome(
        worst.ours, worst.se, worst.low, worst.high, verdict, note, worst.label, worst.dof, worst.allowed, tuple(points)
    )


def _order(point: Outcome, prefer: str) -> tuple[bool, float]:
    return point.label != prefer, -math.inf if math.isnan(point.margin) else point.margin


def _read(point: Outcome, stopped: bool, level: float) -> Outcome:
    low, high = Estimate(point.ours, point.se, point.dof).interval(level)
    verdict = UNDECIDED if stopped else HOLDS if point.margin > 0 else FAILS
    read = replace(point, low=low, high=high, verdict=verdict)
    if not math.isfinite(point.ours):
        return annotated(replace(read, verdict=UNDECIDED), "not a finite number")
    if point.allowed is not None and any(math.isnan(end) for end in point.allowed):
        return annotated(read, "the tolerance is not a number")
    if point.dof <= 0:
        return annotated(read, "one seed gives no interval")
    return read
