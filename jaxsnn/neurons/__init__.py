"""Neurons: what turns a current into spikes, or into a membrane potential."""

from .adaptive_lif import AdaptiveLIF as AdaptiveLIF
from .adaptive_lif import AdaptiveLIFState as AdaptiveLIFState
from .conductance_lif import ConductanceLIF as ConductanceLIF
from .conductance_lif import ConductanceLIFState as ConductanceLIFState
from .discrete_integrator import DiscreteIntegrator as DiscreteIntegrator
from .discrete_integrator import DiscreteIntegratorState as DiscreteIntegratorState
from .discrete_lif import DiscreteLIF as DiscreteLIF
from .discrete_lif import DiscreteLIFState as DiscreteLIFState
from .integrator import LeakyIntegrator as LeakyIntegrator
from .integrator import LeakyIntegratorState as LeakyIntegratorState
from .lif import LIF as LIF
from .lif import LIFState as LIFState
from .quadratic_if import QuadraticIF as QuadraticIF
from .quadratic_if import QuadraticIFState as QuadraticIFState
from .refractory_lif import RefractoryLIF as RefractoryLIF
from .refractory_lif import RefractoryLIFState as RefractoryLIFState
