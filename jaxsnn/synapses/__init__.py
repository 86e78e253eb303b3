"""Synapses: what turns the spikes of some neurons into the current of others. Weights are [post, pre]."""

from .delayed import DelayedDense as DelayedDense
from .dense import Dense as Dense
from .exponential import Exponential as Exponential
from .exponential import ExponentialState as ExponentialState
from .low_rank import LowRank as LowRank
