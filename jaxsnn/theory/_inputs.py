"""What the formulas accept: numbers or arrays, turned into arrays of one shape and of JAX's default float type."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

Values = Float[Array, "..."]  # what a formula works on; its callers may pass numbers and NumPy arrays too
R = TypeVar("R")

_positive = ("must be finite and positive", lambda a: np.isfinite(a) & (a > 0))
_not_negative = ("must be finite and not negative", lambda a: np.isfinite(a) & (a >= 0))
_fraction = ("must lie in [0, 1]", lambda a: (a >= 0) & (a <= 1))
_finite = ("must be finite", np.isfinite)
_RULES: dict[str, tuple[str, Callable]] = {
    **dict.fromkeys(("rate", "signal", "tau"), _positive),
    **dict.fromkeys(("mean", "threshold", "reset"), _finite),
    "correlation": _fraction,
}


def _float(name: str, value) -> Array:
    allowed, good = _RULES.get(name, _not_negative)
    if not isinstance(value, Tracer):
        try:
            known = np.asarray(value)
            known = np.asarray(value, float) if known.dtype.kind in "iuf" else None
        except ValueError:  # rows of different lengths
            known = None
        if known is None:
            raise ValueError(f"{name} = {value!r}: {allowed}; pass numbers, or an array of them")
        if not np.all(good(known)):
            raise ValueError(f"{name} = {np.array2string(known, threshold=6)}: {allowed}; pass values in that range")
    return jnp.asarray(value, dtype=float)


def real(**values) -> tuple[Array, ...]:
    """The named values as float arrays of one shape, checked by name; traced values are not checked."""
    return tuple(jnp.broadcast_arrays(*(_float(name, value) for name, value in values.items())))


def size(neurons: int, least: int = 1) -> int:
    """`neurons`, a static Python integer of at least `least`."""
    if isinstance(neurons, bool) or not isinstance(neurons, int | np.integer) or neurons < least:
        raise ValueError(f"neurons = {neurons!r}: must be an integer of at least {least}; pass one, since it is static")
    return int(neurons)


def formula(function: Callable[..., R]) -> Callable[..., R]:
    """Make a function of arrays a public one: arguments checked by name, of one float type and shape; compiled.

    An argument called `neurons` is static, all others are numbers or arrays.
    """
    signature = inspect.signature(function)
    sized = "neurons" in signature.parameters
    compiled = jax.jit(function, static_argnames="neurons" if sized else ())

    @wraps(function)
    def checked(*args, **kwargs) -> R:
        values = signature.bind(*args, **kwargs).arguments
        static = {"neurons": size(values.pop("neurons"))} if sized else {}
        return compiled(**dict(zip(values, real(**values), strict=True)), **static)

    return checked
