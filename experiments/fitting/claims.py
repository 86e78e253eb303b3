"""What the demonstrations claim; every tolerance stands in its sentence and was chosen before the full-size run.

Seeds are independent teachers (recovery, spike times) or restarts (recording), and the samples of the intervals.
"""

import numpy as np

from jaxsnn.claims import Claim, above, all_of, below, increases, resampled, undecided

OURS = "this project"
FOUND = 0.02  # relative error of a parameter that counts as found
CLOSE = 0.1  # ms


def _over_trials(data, panel, name):
    """{kind: (trials, [trial, seed])}"""
    table = data[panel][name].transpose("kind", "trials", "seed")
    return {str(kind): (table["trials"].values, table.sel(kind=kind).values) for kind in table["kind"].values}


def recovered(data, panel, share):
    found = {kind: above(v[-1], share) for kind, (_, v) in _over_trials(data, panel, "delays_recovered").items()}
    return all_of(found)


def grows_with_trials(data):
    each = _over_trials(data, "recovery", "delays_recovered")
    if any(len(trials) < 2 for trials, _ in each.values()):
        return undecided("one number of trials")
    ends = {kind: (trials[[0, -1]], v[[0, -1]]) for kind, (trials, v) in each.items()}
    return all_of({kind: increases(trials, v) for kind, (trials, v) in ends.items()})


def thresholds(data, most):
    return all_of({k: below(v[-1], most) for k, (_, v) in _over_trials(data, "recovery", "threshold_error").items()})


def as_likely_as_truth(data):
    return all_of({k: below(v[-1], 1e-3) for k, (_, v) in _over_trials(data, "recovery", "excess").items()})


def times_found(data, away, share):
    table = data["spike_times"]
    at = np.flatnonzero(np.isclose(table["away"].values, away))
    if not at.size:
        return undecided(f"no student began {away:g} away")
    one = table.isel(away=int(at[0]))
    found = (one["error"].values < CLOSE) & (one["missing"].values == 0)
    return above(found.astype(float), share)


def _found(data, way, names):
    """Whether each restart found all of `names`, [recording, restart]."""
    table = data["recording"].sel(way=way)
    off = np.stack([np.abs(table[name].transpose("recording", "seed").values - 1) for name in names])
    return (off < FOUND).all(axis=0).astype(float)


def voltage_restarts(data, share):
    found = _found(data, "voltage", ("tau", "threshold", "threshold_over_resistance"))
    return above(resampled(found, lambda v: v.mean()), share)


def best_restart(data, way, name, tolerance):
    """Of each recording the restart with the least loss; recordings are the samples here."""
    table = data["recording"].sel(way=way)
    loss = table["loss"].transpose("recording", "seed").values
    if loss.shape[0] < 2:
        return undecided("one recording has no spread")
    best = np.take_along_axis(table[name].transpose("recording", "seed").values, loss.argmin(1)[:, None], 1)[:, 0]
    return below(np.abs(best - 1), tolerance)


CLAIMS = [
    Claim(
        "delays",
        "With the most trials, over 90 % of a teacher's delays are recovered within one step from its spikes alone",
        OURS,
        lambda d: recovered(d, "recovery", 0.9),
    ),
    Claim("trials", "More delays are recovered from many trials than from the fewest", OURS, grows_with_trials),
    Claim(
        "thresholds",
        "With the most trials, thresholds are recovered within 5 % on average",
        OURS,
        lambda d: thresholds(d, 0.05),
    ),
    Claim(
        "likelihood",
        "With the most trials the student explains the spikes as well as the truth (to 0.001 nats a bin)",
        OURS,
        as_likely_as_truth,
    ),
    Claim(
        "delays-weights",
        "Over 80 % of the delays are recovered when the sizes of the weights are unknown too",
        OURS,
        lambda d: recovered(d, "recovery_weights", 0.8),
    ),
    Claim(
        "times-near",
        "Started a tenth away, over 3/4 of event networks end with every spike within 0.1 ms (r.m.s.) of its target",
        OURS,
        lambda d: times_found(d, 0.1, 0.75),
    ),
    Claim(
        "times-far",
        "Started three tenths away, likewise",
        "our question: the exact gradient does not see spikes that are to appear or vanish",
        lambda d: times_found(d, 0.3, 0.75),
    ),
    Claim(
        "voltage-restarts",
        "From voltage and spikes, over 90 % of restarts find time constant, threshold and resistance within 2 %",
        OURS,
        lambda d: voltage_restarts(d, 0.9),
    ),
    Claim(
        "voltage-best",
        "From voltage and spikes, the best restart's time constant is off by less than 2 % on average",
        OURS,
        lambda d: best_restart(d, "voltage", "tau", 0.02),
    ),
    Claim(
        "spikes-best",
        "From spikes alone, the best restart's time constant is off by less than 5 % on average",
        OURS,
        lambda d: best_restart(d, "spikes", "tau", 0.05),
    ),
    Claim(
        "prediction",
        "From voltage and spikes, the best restart predicts unseen spikes with a coincidence factor within 0.1 of one",
        OURS,
        lambda d: best_restart(d, "voltage", "coincidence", 0.1),
    ),
]
