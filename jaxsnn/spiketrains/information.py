"""How much better a model predicts spikes than the mean rate does, in bits per spike.

    (log P_model - log P_rate) / (number of spikes x log 2)

P_rate is a Bernoulli process whose probability is the same in every bin. For trains of 0 and 1.
"""

from typing import Any

import numpy as np
from jaxtyping import Float

from ..core import require
from .layout import trials_of


def bits_per_spike(log_likelihood: Any, spikes: Any, chance: Any = None) -> Float[np.ndarray, " cell"]:
    """log_likelihood: of each cell's trains under the model, summed over trials and bins, natural logarithm [cell].

    chance: probability of a spike in a bin [cell] of the process compared with, for instance from training data; by
    default that of `spikes` itself, the best that one probability can do. NaN for a silent cell.
    Raises ValueError for shapes that do not fit, spikes other than 0 and 1, and a chance of not between 0 and 1.
    """
    trains = trials_of("spikes", spikes)
    binary = bool(np.all((trains == 0) | (trains == 1)))
    require(binary, "spikes", float(trains.max()), "must be 0 or 1", "take shorter bins")
    found = np.asarray(log_likelihood, float)
    cells = trains.shape[1:2]
    require(found.shape == cells, "log_likelihood.shape", found.shape, f"must be {cells}, one for each cell", "sum it")
    fired, bins = trains.sum(axis=(0, 2)), trains.shape[0] * trains.shape[2]
    chance = fired / bins if chance is None else np.asarray(chance, float)
    require(chance.shape == cells, "chance.shape", chance.shape, f"must be {cells}, one for each cell", "broadcast it")
    allowed = bool(np.all((chance >= 0) & (chance <= 1)))
    require(allowed, "chance", chance, "must lie between 0 and 1", "pass the probability of a spike in a bin")
    with np.errstate(divide="ignore"):
        yes = np.where(fired > 0, fired * np.log(np.where(fired > 0, chance, 1.0)), 0.0)
        silent = bins - fired
        no = np.where(silent > 0, silent * np.log1p(-np.where(silent > 0, chance, 0.0)), 0.0)
    return np.where(fired > 0, (found - yes - no) / (np.where(fired > 0, fired, 1.0) * np.log(2)), np.nan)
