"""Traces that are kept: what a network of this library computes is traced once, and not for every sweep.

A trace depends on the types and the static fields of a network and on the shapes of its arrays, which jax knows it by,
and on the code of its cells. That of this library does not change while it runs; that of a user may, as may what it
reads besides. So a network with any part of a user's, a function in a static field included, is traced anew.
"""

import dataclasses
import types
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

_OWN = __name__.partition(".")[0]
_VALUES = (bool, int, float, complex, str, bytes, type(None), jax.Array, np.ndarray, np.generic, np.dtype)


def own(value: Any) -> bool:
    """Whether this library alone, with numbers and names, makes up the value."""
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
        return _ours(value)
    if isinstance(value, _VALUES):
        return True
    kind = type(value)
    if kind in (tuple, list, set, frozenset):
        return all(map(own, value))
    if kind in (dict, types.MappingProxyType):
        return all(own(key) and own(item) for key, item in value.items())
    if not _ours(kind):
        return False
    if isinstance(value, tuple):
        return all(map(own, value))
    if not dataclasses.is_dataclass(value):
        return False
    return all(own(getattr(value, field.name, None)) for field in dataclasses.fields(value))


def _ours(made: Any) -> bool:
    return made.__module__.partition(".")[0] == _OWN and "<locals>" not in made.__qualname__


def kept(function: Callable, static: tuple[str, ...] = ()) -> Callable:
    """function(network, ...), whose trace is kept for networks of this library; `static` names what shapes it."""
    compiled = jax.jit(function, static_argnames=static)

    def call(network: Any, *arguments: Any, **options: Any) -> Any:
        return (compiled if own(network) else function)(network, *arguments, **options)

    return call
