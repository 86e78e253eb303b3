"""How a model's free-running trials resemble recorded ones, in numbers; always beside the recording's own value.

correlation   of smoothed responses (20 ms), noise taken out: 1 is the ceiling
fano          over trials, counts in 100 ms; and in groups of windows by their mean count
van_rossum    distance of a model's trial and a recorded one (20 ms), over that of two recorded trials
spread        distance of two trials of the model, over that of two recorded trials
isi           ISI distance of a model's trial and a recorded one, over that of two recorded trials
noise_correlation   mean over pairs of cells, counts in 100 ms
bits          of log-likelihood a spike, above the mean rate of the test set (spikes before are known)
"""

from typing import Any

import numpy as np

from jaxsnn.spiketrains import (
    bits_per_spike,
    has_signal,
    isi_distance,
    noise_correlation,
    signal_correlation,
    smoothed,
    trial_fano,
    van_rossum_across,
    van_rossum_within,
    variance_by_mean,
)

from .movie import FRAME
from .retina import WINDOW, mean_off_diagonal

SMOOTH, TAU = 2.0, 2.0  # bins: 20 ms
GROUPS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)  # edges of mean counts


def scores(model: np.ndarray, recorded: np.ndarray, log_likelihood: Any, predicted: np.ndarray) -> dict[str, Any]:
    """Arrays of the same names and shapes for every model; means over cells.

    model, recorded: [trial, cell, bin], as many trials. log_likelihood: [cell] of the trials `predicted`, or None.
    """
    own = van_rossum_within(recorded, TAU, 1.0)
    intervals = isi_distance(recorded, np.roll(recorded, 1, axis=0))
    bits = np.nan if log_likelihood is None else bits_per_spike(log_likelihood, predicted)
    return {
        "correlation": _mean(_correlation(smoothed(model, SMOOTH), smoothed(recorded, SMOOTH))),
        "fano": _mean(trial_fano(model, WINDOW)),
        "fano_groups": variance_by_mean(model, WINDOW, GROUPS),
        "van_rossum": _mean(van_rossum_across(model, recorded, TAU, 1.0) / own),
        "spread": _mean(van_rossum_within(model, TAU, 1.0) / own),
        "isi": _mean(isi_distance(model, recorded) / intervals),
        "noise_correlation": np.asarray(mean_off_diagonal(noise_correlation(model, WINDOW))),
        "bits": _mean(bits),
        "rate": np.asarray(model.mean() / FRAME * 1e3),  # Hz
    }


def _correlation(model: np.ndarray, recorded: np.ndarray) -> np.ndarray:
    found = signal_correlation(model, recorded)
    return np.where(np.isnan(found) & has_signal(recorded), 0.0, found)


def _mean(each: Any) -> np.ndarray:
    """Over cells; a cell that has no value (silent, say) does not count."""
    each = np.atleast_1d(each)
    return np.asarray(np.nanmean(each) if np.isfinite(each).any() else np.nan)
