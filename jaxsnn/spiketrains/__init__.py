"""Repeated recordings compared: how well the spike trains of a model resemble recorded ones, trial by trial.

Arrays are spikes [trial, cell, time], numbers of spikes in bins of equal length, from any source. Results are float64.
"""

from .distances import isi_distance as isi_distance
from .distances import van_rossum_across as van_rossum_across
from .distances import van_rossum_within as van_rossum_within
from .information import bits_per_spike as bits_per_spike
from .response import has_signal as has_signal
from .response import signal_correlation as signal_correlation
from .response import signal_power as signal_power
from .response import smoothed as smoothed
from .variability import counts_in_windows as counts_in_windows
from .variability import noise_correlation as noise_correlation
from .variability import trial_fano as trial_fano
from .variability import variance_by_mean as variance_by_mean
