"""Computing something once.

On a processor, XLA computes whatever is cheap again inside each of its readers: a membrane that is read by its own next
value, by the spikes, by the reset and by a record is computed four times. What went through a condition that holds, but
that the compiler cannot know to hold, is stored. (An `optimization_barrier` does not do it: it is gone before XLA
fuses.) On other devices nothing is done: there a condition would make the host wait.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PyTree


def once(holds: Bool[Array, ""], value: PyTree) -> PyTree:
    """`value`, every array of it stored before anything reads it. `holds`: traced, and true."""

    def stored(holds, value):
        return jax.lax.cond(holds, lambda given: given, lambda given: jax.tree.map(jnp.zeros_like, given), value)

    return jax.lax.platform_dependent(holds, value, cpu=stored, default=lambda holds, value: value)
