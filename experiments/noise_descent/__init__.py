"""The optimal noise by descent: Robbins-Monro on log sigma, every gradient rule against it, and a joint descent.

Not from a paper: the network is that of `timcheck_2022`, and what is asked is which gradients find its optimal noise.
"""

from .panels import PRESETS as PRESETS
from .panels import preset as preset
