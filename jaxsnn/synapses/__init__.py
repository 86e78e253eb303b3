"""Synapses: what turns the spikes of some neurons into the current of others. Weights are [post, pre]."""

from .alpha import Alpha as Alpha
from .alpha import DoubleExponential as DoubleExponential
from .alpha import DoubleExponentialState as DoubleExponentialState
from .conductance import Conductances as Conductances
from .convolution import Convolution as Convolution
from .delayed import DelayedDense as DelayedDense
from .delayed_sparse import DelayedSparse as DelayedSparse
from .delayed_sparse import DelayedSparseState as DelayedSparseState
from .dense import Dense as Dense
from .event_sparse import EventSparse as EventSparse
from .event_sparse import EventSparseState as EventSparseState
from .exponential import Exponential as Exponential
from .exponential import ExponentialState as ExponentialState
from .failure import Coin as Coin
from .failure import FailingDense as FailingDense
from .failure import Failure as Failure
from .low_rank import LowRank as LowRank
from .sparse import Sparse as Sparse
from .wiring import fixed_indegree as fixed_indegree
from .wiring import fixed_probability as fixed_probability
