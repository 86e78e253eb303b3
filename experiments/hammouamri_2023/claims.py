"""What is claimed. The smallest effect that counts is one point of accuracy, fixed before anything was trained.

Differences are paired over test voices and seeds (`analysis`). The paper's own numbers are of other data, so no number
of ours is compared with one of theirs: what can agree is the order of the arms.
"""

from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from jaxsnn.claims import Claim, Outcome, above, annotated, below, resampled, undecided

from .analysis import difference, estimate, percentiles, released, row, tuned
from .claims_bursts import CLAIMS as BURSTS

SMALLEST = 0.01  # of accuracy
HALF = 0.5  # of the benefit
OURS = "our question"
Data = Mapping[str, xr.Dataset]


def judge(table: np.ndarray, bound: float, rule: Callable[..., Outcome] = above) -> Outcome:
    """table: paired differences [voice, seed]."""
    if min(table.shape) < 2:
        return undecided("one seed, or one voice, gives no interval")
    low, high = percentiles(table)
    note = f"{table.shape[0]} voices, {table.shape[1]} seeds; bootstrap percentiles {low:.3f} to {high:.3f}"
    return annotated(rule(estimate(table), bound), note)


def untuned(data: Data, arm: str, panel: str = "units") -> xr.Dataset:
    """The row of an arm with the released decay."""
    return row(data[panel], arm=arm, beta=released(data["units"]))


def better(data: Data, arm: str, other: str, panel: str = "units", beside: str = "") -> Outcome:
    """One arm of a panel against another of it, or of the panel `beside`, by one point."""
    return judge(difference(untuned(data, arm, panel), untuned(data, other, beside or panel)), SMALLEST)


def chosen_decays(*rows: xr.Dataset) -> str:
    return "decays " + ", ".join(f"{str(one['arm'].values)} {float(one['beta'].values):g}" for one in rows)


def tuned_benefit(data: Data, arm: str) -> Outcome:
    rows = tuned(data["units"], arm), tuned(data["units"], "none")
    return annotated(judge(difference(*rows), SMALLEST), chosen_decays(*rows))


def half_survives(data: Data, arm: str) -> Outcome:
    """What delays gain over no delays when both are tuned, less half of what they gain when neither is."""
    table = data["units"]
    rows = tuned(table, arm), tuned(table, "none")
    both = difference(*rows)
    neither = difference(untuned(data, arm), untuned(data, "none"))
    if neither.mean() <= 0:
        return undecided("there is no benefit to keep: without tuning, delays are not better than none")
    left = f"{100 * both.mean():.1f} of {100 * neither.mean():.1f} points are left"
    return annotated(judge(both - HALF * neither, 0.0), f"{left}; {chosen_decays(*rows)}")


def matters_more(data: Data, panel: str) -> Outcome:
    """The gain of learned over random delays in a panel, less that in the panel of equal units."""
    gain = lambda name: difference(untuned(data, "annealed", name), untuned(data, "random", name))
    return judge(gain(panel) - gain("units"), SMALLEST)


def optimism(data: Data) -> Outcome:
    """How much the best test epoch is above the test at the best validation epoch, mean over the arms, by seed."""
    excess = [
        (data[name]["test_best"] - data[name]["test_chosen"]).transpose(..., "seed").values
        for name in ("units", "parameters", "sparse", "small")
    ]
    together = np.concatenate(excess)
    if together.shape[1] < 2:
        return undecided("one seed gives no interval")
    return annotated(below(together.mean(axis=0), SMALLEST), f"mean of {len(together)} arms")


def settles(data: Data) -> Outcome:
    """Mean move of a delay in an epoch: last quarter of the epochs over the first, by seed."""
    moved = untuned(data, "annealed")["moved"].transpose("moved_dim0", "moved_dim1", "seed").values
    if moved.shape[2] < 2:
        return undecided("one seed gives no interval")
    quarter = max(len(moved) // 4, 1)
    return below(moved[-quarter:].mean(axis=(0, 1)) / moved[:quarter].mean(axis=(0, 1)), HALF)


def cheaper(data: Data) -> Outcome:
    """Seconds of the frequency form over those of the sum over lags, at each delay of about DCLS's and above."""
    table = data["cost"]["seconds"].transpose("form", "max_delay", "seed")
    delays = table["max_delay"].values
    kept = delays >= min(24, delays.max())
    both = {form: table.sel(form=form).values[kept] for form in ("frequency", "convolution")}
    names = [f"{n} steps" for n in delays[kept]]
    return below(resampled(both, lambda t: t["frequency"].mean(-1) / t["convolution"].mean(-1)), HALF, labels=names)


ABSTRACT = "abstract of the paper, on other data; our smallest effect"
SHEET = "the expected order none < random < learned; our smallest effect"

CLAIMS = [
    Claim(
        "random-none",
        "Fixed random delays are over one point better than none, at equal units and the released decay",
        ABSTRACT,
        lambda d: better(d, "random", "none"),
    ),
    Claim(
        "learned-random",
        "Learned delays (annealed) are over one point better than fixed random ones, at equal units",
        ABSTRACT,
        lambda d: better(d, "annealed", "random"),
    ),
    Claim(
        "annealed-constant",
        "Annealing the kernel is over one point better than a constant width",
        SHEET,
        lambda d: better(d, "annealed", "constant"),
    ),
    Claim(
        "learned-histogram",
        "Learned delays are over one point better than random ones drawn from the learned histogram of each layer",
        f"{OURS}: is it which synapse has which delay?",
        lambda d: better(d, "annealed", "histogram"),
    ),
    Claim(
        "random-tuned",
        "With tuned decays, fixed random delays are still over one point better than none",
        f"{OURS}: the neurons without delays have hardly any memory at the released decay",
        lambda d: tuned_benefit(d, "random"),
        family="tuned",
    ),
    Claim(
        "learned-tuned",
        "With tuned decays, learned delays are still over one point better than none",
        f"{OURS}, as above",
        lambda d: tuned_benefit(d, "annealed"),
        family="tuned",
    ),
    Claim(
        "benefit-survives",
        "More than half of what learned delays gain over none is left when both decays are tuned",
        OURS,
        lambda d: half_survives(d, "annealed"),
    ),
    Claim(
        "learned-none-parameters",
        "Learned delays are over one point better than none with as many trained parameters",
        ABSTRACT,
        lambda d: better(d, "annealed", "none", beside="parameters"),
        family="parameters",
    ),
    Claim(
        "learned-random-parameters",
        "Learned delays are over one point better than fixed random ones with as many trained parameters",
        ABSTRACT,
        lambda d: better(d, "annealed", "random", beside="parameters"),
        family="parameters",
    ),
    Claim(
        "sparse",
        "With ten inputs a neuron, learned delays are over one point better than fixed random ones",
        f"{OURS}: here learning should matter most",
        lambda d: better(d, "annealed", "random", "sparse"),
    ),
    Claim(
        "sparse-more",
        "Learning gains over one point more in sparse networks than in dense ones",
        OURS,
        lambda d: matters_more(d, "sparse"),
        family="more",
    ),
    Claim(
        "small",
        "With few trained parameters (at most 5000 but in the tests), the same number in each arm, learned delays are "
        "over one point better than fixed random ones",
        f"{OURS}, after the small models of DelRec",
        lambda d: better(d, "annealed", "random", "small"),
    ),
    Claim(
        "small-more",
        "Learning gains over one point more in small networks, at equal parameters, than in large ones at equal units",
        OURS,
        lambda d: matters_more(d, "small"),
        family="more",
    ),
    Claim(
        "protocol",
        "Taking the best epoch on the test set reports less than one point too much, mean over all arms",
        f"{OURS}: the released code selects on the test set",
        optimism,
    ),
    Claim(
        "settles",
        "In the last quarter of the epochs a delay moves less than half as far in an epoch as in the first",
        "expected of the narrowing kernel and the cosine schedule",
        settles,
    ),
    Claim(
        "cost",
        "By frequency, the gradient of a DCLS layer (batch of 16) takes less than half the time of a sum over lags, "
        "from 24 lags on",
        "our measurement",
        cheaper,
    ),
    *BURSTS,
]
