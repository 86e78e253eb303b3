"""Standard normals as a pure function of (stream, step): the one way in which cells draw Gaussian noise.

    z[t] = normal(fold_in(stream, t))

A step's numbers do not depend on where a block begins or how long it is, nor on any parameter: the same run in other
blocks, continued, rematerialised or at another noise level sees the same numbers.
"""

import jax
from jaxtyping import Array, Float, Int


def normals(stream: Array, steps: Int[Array, " time"], shape: tuple[int, ...]) -> Float[Array, "time ..."]:
    """Independent standard normals of `shape` for each of `steps`; stream is a random key."""
    return jax.vmap(lambda step: jax.random.normal(jax.random.fold_in(stream, step), shape))(steps)
