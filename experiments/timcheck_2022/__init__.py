"""Timcheck, Kadmon, Boahen & Ganguli 2022: optimal noise for coding with tightly balanced networks that have delays.

PLoS Comput Biol 18(10): e1010593. Figures 3 and 4 and the claim of the abstract, on the dimensionless network; the
formulas are our derivations (`jaxsnn.theory`), since the paper's numbered equations could not be read.
"""

from .network import STUDY as STUDY
from .panels import PRESETS as PRESETS
from .panels import preset as preset

# Of a table: its columns, in order, and results that follow from the others and need no column of their own.
COLUMNS = ("neurons", "leak", "noise", "delay", "seed", "sigma_readout", "bias", "rmse", "rate", "spurious")
DERIVED = ("variance", "rmse")
