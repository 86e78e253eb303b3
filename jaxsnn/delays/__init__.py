"""Transmission delays: traced, of any shape, on a ring of the recent past."""

from . import ring as ring
from .frequency import by_frequency as by_frequency
from .history import FloatHistory as FloatHistory
from .history import PackedHistory as PackedHistory
from .history import Past as Past
from .history import decode as decode
from .kernel import Gaussian as Gaussian
from .kernel import Kernel as Kernel
from .kernel import Linear as Linear
from .kernel import Nearest as Nearest
from .kernel import Triangular as Triangular
from .kernel import in_steps as in_steps
from .line import DelayLine as DelayLine
from .line import LineState as LineState
from .stacked import StackedLags as StackedLags
