"""Computing something once.

On a processor, XLA computes whatever is cheap again inside each of its readers: a membrane that is read by its own next
value, by the spikes, by the reset and by a record is computed four times. Behind a condition that holds, but that the
compiler cannot know to hold, it is computed once and stored. (An `optimization_barrier` does not do it: it is gone
before XLA fuses.) On other devices the function is only called: there a condition would make the host wait.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PyTree


def once(number: Int[Array, ""], function: Callable, *arguments: PyTree) -> PyTree:
    """function(*arguments), every array of it stored before anything reads it. number: any that is traced, such as that
    of the step; not the least of its type, which is what the condition asks."""
    call = lambda *given: function(*given)  # a bound method has no hash

    def never(*given):
        return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(call, *given))

    def behind(number, *given):
        return jax.lax.cond(number > jnp.iinfo(number.dtype).min, call, never, *given)

    return jax.lax.platform_dependent(number, *arguments, cpu=behind, default=lambda number, *given: call(*given))
