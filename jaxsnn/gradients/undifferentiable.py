"""An identity that refuses to be differentiated, for paths whose gradient would be silently zero."""

from functools import partial

import jax
from jaxtyping import PyTree


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def undifferentiable(x: PyTree, remedy: str) -> PyTree:
    """`x`; under jax.grad, jvp or vjp with respect to it, a TypeError that says what to do instead."""
    del remedy
    return x


@undifferentiable.defjvp
def _refuse(remedy, primals, tangents):
    del primals, tangents
    raise TypeError(f"this path has no gradient (bits carry none, and JAX would return zero in silence); {remedy}")
