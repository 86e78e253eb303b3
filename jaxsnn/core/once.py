"""Computing something once.

On a processor, XLA computes whatever is cheap again inside each of its readers: a membrane that is read by its own next
value, by the spikes, by the reset and by a record is computed four times. What went through a condition that holds, but
that the compiler cannot know to hold, is stored. (An `optimization_barrier` does not do it: it is gone before XLA
fuses.) Elsewhere than on a processor nothing is done: there a condition makes the host wait.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool


@jax.custom_jvp
def once(holds: Bool[Array, ""], value: Any) -> Any:
    """`value`, every array of it stored before anything reads it. `holds`: traced, and true. Its derivative is 1."""

    def stored(holds, value):
        return jax.lax.cond(holds, lambda given: given, lambda given: jax.tree.map(jnp.zeros_like, given), value)

    return jax.lax.platform_dependent(holds, value, cpu=stored, default=lambda holds, value: value)


@once.defjvp
def _derivative(primals, tangents):
    return once(*primals), tangents[1]
