"""Computing something once.

On a CPU, XLA computes whatever is cheap again inside each of its readers: a membrane that is read by its own next
value, by the spikes, by the reset and by a record is computed four times. Behind a condition that holds, but that the
compiler cannot know to hold, it is computed once. (An `optimization_barrier` does not do it: it is gone before XLA
fuses.) What does not change from step to step is then no longer taken out of the loop either: keep that outside.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PyTree


def once(holds: Bool[Array, ""], function: Callable, *arguments: PyTree) -> PyTree:
    """function(*arguments), every array of it stored before anything reads it. `holds`: traced, and true."""

    def never(*arguments):
        return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(function, *arguments))

    return jax.lax.cond(holds, lambda *given: function(*given), never, *arguments)  # a bound method has no hash
