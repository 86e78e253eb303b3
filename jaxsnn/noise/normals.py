"""Standard normals as a pure function of (stream, step): the one way in which cells draw Gaussian noise.

    z[t] = normal(fold_in(stream, t))

A step's numbers do not depend on where a block begins or how long it is, nor on any parameter: the same run in other
blocks, continued, rematerialised or at another noise level sees the same numbers. A stream that nobody shares
(`core.paired`) is drawn as in `pairs`, faster and with other numbers of the same law.
"""

import jax
from jaxtyping import Array, Float, Int

from ..core import is_paired
from .pairs import paired_normals
from .written import folded, written_out


def normals(stream: Array, steps: Int[Array, " time"], shape: tuple[int, ...]) -> Float[Array, "time ..."]:
    """Independent standard normals of `shape` for each of `steps`, which follow one another; stream is a random key."""
    if is_paired(stream):
        return paired_normals(stream, steps, shape)
    at = folded if written_out(stream) else jax.random.fold_in
    return jax.vmap(lambda step: jax.random.normal(at(stream, step), shape))(steps)
