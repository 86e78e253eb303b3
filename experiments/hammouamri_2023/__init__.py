"""Hammouamri, Khalfaoui-Hassani & Masquelier 2024 (ICLR; arXiv 2306.17670): learning delays in spiking networks.

Delays are learned as positions in Gaussian kernels that narrow in training (DCLS). The layers, schedules and test
procedure follow the released code; the data are our own synthetic spoken digits, so no accuracy of this study stands
beside the paper's.
"""

from .panels import PRESETS as PRESETS
from .panels import preset as preset
from .tables import table as table
