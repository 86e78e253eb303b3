"""Parameters: every number that may be swept, fitted or annealed is a strongly typed float array.

A Python float in a module silently receives no gradient, and changing it compiles the program again; a weakly typed
array retraces in silence. `param` prevents both by converting in the constructor.
"""

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .checks import is_key, require
from .deferred import when_known


def strong(value: Any, name: str = "parameter") -> Any:
    """`value` as a float array with an explicit dtype: its own when it is a float array, else JAX's default.

    Raises ValueError, with the name, for what is neither a number nor an array of numbers.
    """
    if isinstance(value, jax.Array | np.ndarray | np.generic) and jnp.issubdtype(value.dtype, jnp.floating):
        if isinstance(value, jax.Array) and not value.weak_type:
            return value  # most parameters of a traced network: converting what needs none takes most of its time
        return jnp.asarray(value, dtype=jax.dtypes.canonicalize_dtype(value.dtype))
    numeric = lambda known: require(
        _is_numeric(known), name, known, "must be a number or an array of numbers", "pass for instance 0.5"
    )
    when_known(numeric, value)
    return jnp.asarray(value, dtype=jax.dtypes.canonicalize_dtype(float))


def _is_numeric(value: Any) -> bool:
    try:
        return not is_key(value) and np.asarray(value).dtype.kind in "iuf"
    except ValueError:  # rows of different lengths
        return False


class _Parameter:
    """Stands in a class body until the class knows its name, which an error must say."""

    def __init__(self, options: dict[str, Any]):
        self.options = options

    def __set_name__(self, owner: type, name: str):
        convert = partial(strong, name=f"{owner.__name__}.{name}")
        setattr(owner, name, eqx.field(converter=convert, **self.options))


def param(default: Any = ..., **options: Any) -> Any:
    """A field of a Cell that holds a parameter: converted by `strong`, a leaf of the module's tree.

    Options are those of `equinox.field`, for instance `kw_only=True`.
    """
    if default is not ...:
        options["default"] = default
    return _Parameter(options)
