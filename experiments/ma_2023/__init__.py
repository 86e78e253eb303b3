"""Ma, Yan & Tang 2023: noise in spiking networks, as a model and as a way to learn.

Patterns 4, 100831 (arXiv 2305.16044). Firing and learning of the noisy neuron against its equations; training with and
without noise on images; what noise in training and noise at test do for robustness; neural coding. The paper's abstract
and released code were read, not its tables: no number here is the paper's.
"""

from .analysis import table as table
from .panels import PRESETS as PRESETS
from .panels import preset as preset
