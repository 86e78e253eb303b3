"""Central differences of a function of a tree, for tests in float64."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree


def central_differences(function, tree, step=1e-6):
    """For each finite number in the tree, (f(x + step) - f(x - step)) / (2 step); zero for the others."""
    flat, shape = ravel_pytree(tree)
    call = jax.jit(lambda flat: function(shape(flat)))
    slopes = np.zeros(flat.shape)
    for k in np.flatnonzero(np.isfinite(flat)):
        up, down = (call(flat.at[k].add(sign * step)) for sign in (1, -1))
        slopes[k] = (up - down) / (2 * step)
    return shape(jnp.asarray(slopes))


def largest_error(found, wanted):
    errors = jax.tree.map(lambda a, b: jnp.max(jnp.abs(a - b)), found, wanted)
    return {jax.tree_util.keystr(path): float(e) for path, e in jax.tree_util.tree_leaves_with_path(errors)}
