"""Networks: parts put together."""

from .balanced import Balanced as Balanced
from .balanced import BalancedState as BalancedState
from .balanced import Emission as Emission
from .chain import Chain as Chain
from .event_lif import EventLIF as EventLIF
from .event_qif import EventQIF as EventQIF
from .homogeneous import homogeneous as homogeneous
from .homogeneous import time_step as time_step
from .inhibition import Delayed as Delayed
from .inhibition import Sequential as Sequential
from .inhibition import Simultaneous as Simultaneous
from .parallel import Parallel as Parallel
from .recurrent import Recurrent as Recurrent
from .recurrent import RecurrentState as RecurrentState
from .signals import Constant as Constant
from .signals import Sinusoids as Sinusoids
from .units import IsiUnits as IsiUnits
from .units import ReadoutUnits as ReadoutUnits
from .units import to_isi as to_isi
from .units import to_readout as to_readout
