"""Neurons: what turns a current into spikes, or into a membrane potential."""

from .discrete_lif import DiscreteLIF as DiscreteLIF
from .discrete_lif import DiscreteLIFState as DiscreteLIFState
from .integrator import LeakyIntegrator as LeakyIntegrator
from .integrator import LeakyIntegratorState as LeakyIntegratorState
from .lif import LIF as LIF
from .lif import LIFState as LIFState
