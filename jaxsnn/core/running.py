"""Statistics that a cell gathers while it is trained: parameters that move by averaging, and not by gradient.

They outlive a sequence. A cell that gathers returns a `Running` as part of its final state, and a loss that returns the
final states beside its value, (scalar, metrics, state), lets `fit` copy them into the model before its next step.
"""

import equinox as eqx
from jaxtyping import Array, Float

from .checks import check_finite, check_not_negative


class Running(eqx.Module):
    """mean, variance: of each feature. axis: name of the vmapped axis they are gathered over; None: they stand still.

    No path of a fit's `train` names these arrays.
    """

    mean: Float[Array, "..."]
    variance: Float[Array, "..."]
    axis: str | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        check_finite("Running.mean", self.mean)
        check_not_negative("Running.variance", self.variance)
