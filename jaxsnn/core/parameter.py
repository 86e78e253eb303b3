"""Parameters: every number that may be swept, fitted or annealed is a strongly typed float array.

A Python float in a module silently receives no gradient, and changing it compiles the program again; a weakly typed
array retraces in silence. `param` prevents both by converting in the constructor.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np


def strong(value: Any) -> Any:
    """`value` as a float array with an explicit dtype: its own when it is a float array, else JAX's default."""
    if isinstance(value, jax.Array | np.ndarray | np.generic) and jnp.issubdtype(value.dtype, jnp.floating):
        return jnp.asarray(value, dtype=jax.dtypes.canonicalize_dtype(value.dtype))
    if isinstance(value, str) or value is None:
        raise ValueError(f"a parameter must be a number or an array of numbers, got {value!r}")
    return jnp.asarray(value, dtype=jax.dtypes.canonicalize_dtype(float))


def param(default: Any = ..., **options: Any) -> Any:
    """A field of a Cell that holds a parameter: converted by `strong`, a leaf of the module's tree.

    Options are those of `equinox.field`, for instance `kw_only=True`.
    """
    if default is not ...:
        options["default"] = default
    return eqx.field(converter=strong, **options)
