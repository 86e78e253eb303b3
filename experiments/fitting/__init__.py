"""Fitting by gradient, shown on known truths: delays and thresholds from spike trains, exact spike times, a recording.

Not from a paper. Each demonstration is a study whose seeds are other teachers or other restarts, so that what is
recovered comes with an interval, and the fraction of restarts that found it beside it.
"""

from .panels import PRESETS as PRESETS
from .panels import preset as preset
from .recording import RECORDING as RECORDING
from .recovery import RECOVERY as RECOVERY
from .spike_times import SPIKE_TIMES as SPIKE_TIMES
