"""The gradient audit: bias and variance of every gradient rule against the exact gradient of the expected loss.

No paper has this figure; the formulas are those of `jaxsnn.gradients`, the networks are choices of this project.
"""

from .analysis import table as table
from .exact import STUDY as STUDY
from .panels import PRESETS as PRESETS
from .panels import preset as preset
