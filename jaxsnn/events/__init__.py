"""Exact event-driven simulation: neurons with a closed-form flow, and the loop over their events. Knows no gradient."""

from .connect import check_inputs as check_inputs
from .connect import check_network as check_network
from .connect import connect as connect
from .connect import in_one_dtype as in_one_dtype
from .connect import optional as optional
from .connect import sane_inputs as sane_inputs
from .lif import ExponentialLIF as ExponentialLIF
from .lif import LIFState as LIFState
from .lif import response as response
from .membrane import membrane as membrane
from .neuron import EventNeuron as EventNeuron
from .neuron import one as one
from .qif import OscillatoryQIF as OscillatoryQIF
from .queue import BLOCK as BLOCK
from .queue import SPIKE as SPIKE
from .queue import Log as Log
from .queue import SpikeTimes as SpikeTimes
from .queue import Wiring as Wiring
from .queue import most_events as most_events
from .queue import run_events as run_events
from .tables import add as add
from .tables import read as read
from .tables import write as write
