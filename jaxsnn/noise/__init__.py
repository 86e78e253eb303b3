"""Sources of noise: the generators, and the only place where sqrt(dt) appears."""

from .membrane import AggregatedMembraneNoise as AggregatedMembraneNoise
from .membrane import WhiteMembraneNoise as WhiteMembraneNoise
from .membrane import innovation_scale as innovation_scale
from .normals import normals as normals
from .ornstein import OrnsteinUhlenbeck as OrnsteinUhlenbeck
from .ornstein import OrnsteinUhlenbeckState as OrnsteinUhlenbeckState
from .poisson import PoissonEncoder as PoissonEncoder
from .poisson import PoissonSource as PoissonSource
from .white import WhiteNoise as WhiteNoise
