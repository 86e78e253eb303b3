"""What is claimed of the burst patterns. Seeds are the samples: each has its own initial network and its own data.

The smallest difference that counts is one point of accuracy; all bounds were fixed before the full-size run.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from jaxsnn.claims import Claim, Outcome, above, all_of, annotated, below, undecided

from .bursts import TASK

SMALLEST = 0.01  # of accuracy
MAP = "our question: no published counterpart"
ORDER = "Hammouamri et al. 2024, abstract: random delays help, learning them helps more (on other data)"
LEADER = "the set-up of Meszaros, Knight & Nowotny 2025"
RECURRENT = "the question of DelRec (Queant et al. 2025), on another task"
Data = Mapping[str, xr.Dataset]


def accuracy(data: Data, arm: str, name: str = "accuracy") -> np.ndarray:
    """[noise, longest, seed]. name: "as_trained" for delays that are not rounded yet."""
    return data["bursts"][name].sel(arm=arm).transpose("noise", "longest", "seed").values


def _reaching(data: Data) -> int:
    """The place of the shortest limit that leaves room for the optimal delays; -1 where there is none."""
    enough = np.flatnonzero(data["bursts"]["longest"].values >= TASK.longest)
    return int(enough[0]) if enough.size else -1


def _several(values: np.ndarray) -> bool:
    return values.shape[-1] > 1


def solved(data: Data) -> Outcome:
    place = _reaching(data)
    if place < 0 or not _several(accuracy(data, "settled")):
        return undecided("no limit reaches the optimal delays, or there is one seed")
    return above(accuracy(data, "settled")[0, place], 0.95)


def range_matters(data: Data) -> Outcome:
    """Of settled delays at the least noise: the limit that is enough against a quarter of it."""
    longest, place = data["bursts"]["longest"].values, _reaching(data)
    short = np.flatnonzero(longest <= TASK.longest / 4)
    if place < 0 or not short.size:
        return undecided("the map has no limit that is enough, or none of a quarter of it")
    table = accuracy(data, "settled")[0]
    found = above(table[place] - table[short[-1]], SMALLEST)
    return annotated(found, f"{longest[place]} steps against {longest[short[-1]]}")


def more_is_idle(data: Data) -> Outcome:
    """Beyond the optimal delays, of settled delays at the least noise."""
    place = _reaching(data)
    table = accuracy(data, "settled")[0]
    if place < 0 or place == table.shape[0] - 1:
        return undecided("the map does not go beyond the optimal delays")
    return below(table[-1] - table[place], SMALLEST)


def better(data: Data, one: str, other: str, level: int, name: str = "accuracy") -> Outcome:
    """One arm than another, paired over seeds, at one noise level and the limit that is enough."""
    gain = accuracy(data, one, name) - accuracy(data, other, name)
    found = above(gain[level, _reaching(data)], SMALLEST)
    return annotated(found, f"noise {data['bursts']['noise'].values[level]:g} thresholds")


def noise_harms(data: Data) -> Outcome:
    table = accuracy(data, "settled")[:, _reaching(data)]
    return above(table[0] - table[-1], SMALLEST)


def gain_survives(data: Data) -> Outcome:
    """At the highest noise, beside the least: the gain by learning is no smaller by more than a point."""
    gain = (accuracy(data, "settled") - accuracy(data, "random"))[:, _reaching(data)]
    return above(gain[-1] - gain[0], -SMALLEST)


def as_good_as_known(data: Data) -> Outcome:
    """At the least noise, against a count of coincidences behind optimal delays."""
    one = data["bursts"].sel(arm="settled").transpose("noise", "longest", "seed", ...)
    place = _reaching(data)
    return above(one["accuracy"].values[0, place] - one["ideal"].values[0, place], -SMALLEST)


def sequence_solved(data: Data, within: float) -> Outcome:
    rates = data["sequence"]["rate"].values
    at = np.flatnonzero(np.isclose(rates, 1.0))
    if not at.size:
        return undecided("a rate of 1 ms was not run")
    return below(data["sequence"]["solved"].transpose("rate", "seed").values[int(at[0])], within)


def sequence_leads(data: Data) -> Outcome:
    """The learned difference of an output's two delays, in ms, mean over outputs; every rate."""
    table = data["sequence"]["lead"].isel(lead_dim0=-1).mean("lead_dim1").transpose("rate", "seed")
    return all_of(
        {f"rate {rate:g}": above(row, 0.0) for rate, row in zip(table["rate"].values, table.values, strict=True)}
    )


def recurrent(data: Data, one: str, other: str) -> Outcome:
    """Paired over seeds, in the networks with the fewest units."""
    table = data["recurrent"]["accuracy"].isel(hidden=0)
    return above(table.sel(arm=one).values - table.sel(arm=other).values, SMALLEST)


CLAIMS = [
    Claim(
        "bursts-solved",
        "At the least noise, learned delays (settled) that may be long enough recognise over 95 % of the patterns",
        MAP,
        solved,
    ),
    Claim(
        "bursts-ideal",
        "At the least noise, learned delays (settled) are at most one point behind coincidences after optimal delays",
        MAP,
        as_good_as_known,
    ),
    Claim(
        "bursts-range",
        "Learned delays (settled) need room: the limit that optimal ones need beats a quarter of it by over one point",
        MAP,
        range_matters,
    ),
    Claim(
        "bursts-beyond",
        "Room beyond the optimal delays brings learned ones (settled) less than one point",
        MAP,
        more_is_idle,
    ),
    Claim(
        "bursts-learned",
        "At the least noise, delays learned and rounded as in DCLS beat random ones by over one point",
        ORDER,
        lambda data: better(data, "learned", "random", 0),
    ),
    Claim(
        "bursts-settled",
        "At the least noise, learned delays behind which the weights settle beat random ones by over one point",
        MAP,
        lambda data: better(data, "settled", "random", 0),
    ),
    Claim(
        "bursts-settled-noisy",
        "At the highest noise too, learned delays (settled) beat random ones by over one point",
        MAP,
        lambda data: better(data, "settled", "random", -1),
    ),
    Claim(
        "bursts-unrounded",
        "At the least noise, before any rounding, learned delays beat random ones behind the same kernels by one point",
        MAP,
        lambda data: better(data, "learned", "blurred", 0, "as_trained"),
    ),
    Claim(
        "bursts-unrounded-noisy",
        "At the highest noise too, before any rounding, they beat random ones behind the same kernels by one point",
        MAP,
        lambda data: better(data, "learned", "blurred", -1, "as_trained"),
    ),
    Claim(
        "bursts-rounding",
        "Weights that settle behind whole delays gain over one point on delays that are rounded at the end",
        MAP,
        lambda data: better(data, "settled", "learned", 0),
    ),
    Claim("bursts-noise", "Noise costs learned delays (settled) over one point of accuracy", MAP, noise_harms),
    Claim(
        "bursts-gain",
        "What learning (settled) gains over random delays is no smaller at the highest noise than at the least",
        MAP,
        gain_survives,
    ),
    Claim(
        "sequence-solved",
        "Sequence detection with Adam at 1 ms is solved for good within ten rounds of both patterns, on average",
        LEADER,
        lambda data: sequence_solved(data, 10.0),
    ),
    Claim(
        "sequence-order",
        "Learned delays end on the right side of equal ones, at every rate",
        LEADER,
        sequence_leads,
    ),
    Claim(
        "recurrent-random",
        "Random recurrent delays beat recurrent synapses of one step by over one point",
        RECURRENT,
        lambda data: recurrent(data, "random", "one_step"),
    ),
    Claim(
        "recurrent-learned",
        "Learned recurrent delays beat random ones by over one point",
        RECURRENT,
        lambda data: recurrent(data, "learned", "random"),
    ),
    Claim(
        "recurrent-helps",
        "Recurrent synapses of one step beat none by over one point",
        RECURRENT,
        lambda data: recurrent(data, "one_step", "none"),
    ),
]
