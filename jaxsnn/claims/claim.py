"""A claim: a checkable sentence with its source, and the outcome of checking it, which may be that it is false.

An outcome is `holds` when the 95 % interval of the measured quantity lies inside the tolerance that was fixed before
the run, `fails` when it lies outside, and `undecided` else. Nothing that is not a number ever counts as holding.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .estimate import Estimate

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
VERDICTS = (HOLDS, FAILS, UNDECIDED)


@dataclass(frozen=True)
class Outcome:
    """What checking a claim gave.

    ours     the measured number; for a family of points that of the point that decides
    se       its standard error
    low      lower end of the interval that the verdict was read from (95 %, wider within a family: see `holm`)
    high     upper end
    verdict  "holds", "fails" or "undecided"
    note     a remark for the reader
    label    the point that the numbers belong to, where there are several
    dof      degrees of freedom of `se`
    allowed  (lower, upper) end of the tolerance; None for a verdict that no interval can change
    points   the outcomes of the single points, if this is a family of them
    """

    ours: float
    se: float
    low: float
    high: float
    verdict: str
    note: str = ""
    label: str = ""
    dof: float = math.nan
    allowed: tuple[float, float] | None = None
    points: tuple["Outcome", ...] = ()

    def __post_init__(self):  # any kind of number is welcome, a jax scalar too
        for name in ("ours", "se", "low", "high", "dof"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if self.verdict not in VERDICTS:
            raise ValueError(
                f"verdict = {self.verdict!r}: must be one of {', '.join(VERDICTS)}; use one of these words"
            )
        if self.verdict == HOLDS and math.isnan(self.ours):
            object.__setattr__(self, "verdict", UNDECIDED)
            object.__setattr__(self, "note", _joined(self.note, "not a number"))

    @property
    def members(self) -> tuple["Outcome", ...]:
        """The single points: those of a family, else the outcome itself."""
        return self.points or (self,)

    @property
    def margin(self) -> float:
        """Distance of `ours` from the nearer end of the tolerance, in standard errors; negative outside."""
        if self.allowed is None:
            return math.nan
        inside = min(self.ours - self.allowed[0], self.allowed[1] - self.ours)
        if self.se == 0:
            return (
                math.nan if math.isnan(inside) else math.copysign(math.inf, inside + 0.0)
            )  # -0.0 is on the edge: inside
        return inside / self.se


@dataclass(frozen=True)
class Claim:
    """A sentence about the data that can come out false.

    id      a short name, unique in its experiment: letters, digits, `_ . -`
    claim   the sentence
    source  where it is from: "Fig 4d", or "our derivation, counterpart of Eq 24"
    check   data -> Outcome, with the rules of `verdict`
    paper   the paper's own number or words, None where it gives none (or could not be read)
    family  claims that name the same family are corrected together (Holm over all their points)
    """

    id: str
    claim: str
    source: str
    check: Callable[[Any], Outcome]
    paper: float | int | str | None = None
    family: str | None = None

    def __post_init__(self):
        if not isinstance(self.id, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", self.id):
            raise ValueError(f"id = {self.id!r}: must be letters, digits and any of _ . -; shorten the name")
        for name in ("claim", "source"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name).strip():
                raise ValueError(f"{name} of claim {self.id!r} is empty: must be a text for the reader; write it")
        if not callable(self.check):
            raise ValueError(f"check of claim {self.id!r} = {self.check!r}: must be a function of the data; pass one")


def undecided(note: str) -> Outcome:
    """The outcome of a check that the data cannot decide, whatever its interval: a minimum at the edge of a grid."""
    return Outcome(math.nan, math.nan, math.nan, math.nan, UNDECIDED, note)


def measured(estimate: Estimate, allowed: tuple[float, float], label: str = "") -> Outcome:
    """A point that is not yet judged: undecided until `holm` reads its interval."""
    low, high = estimate.interval()
    return Outcome(estimate.value, estimate.se, low, high, UNDECIDED, label=label, dof=estimate.dof, allowed=allowed)


def annotated(outcome: Outcome, note: str) -> Outcome:
    """The same outcome with a further remark, unless it has that already."""
    return outcome if note in outcome.note.split("; ") else replace(outcome, note=_joined(outcome.note, note))


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
