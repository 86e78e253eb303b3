"""The canonical form of what was asked for, its hash, and the Spec: what makes two sweeps the same sweep.

Canonical JSON: keys sorted, no spaces, no NaN, whole numbers without a fraction (1.0 is written 1). Its SHA-256 is the
identity of a sweep, of a layout, of a point and of a noise class, on every machine.
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from ..core import check_key


def plain(value: Any) -> Any:
    """`value` in Python's own numbers, strings, lists and dicts; ValueError for anything JSON cannot hold exactly."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return plain(np.asarray(value).tolist())
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not np.isfinite(value):
            raise ValueError(
                f"{value} cannot be part of a sweep's description, which must be plain; pass finite numbers"
            )
        return value
    raise ValueError(
        f"{value!r} cannot be part of a sweep's description, which must be plain; pass numbers, strings, lists, dicts"
    )


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def canonical(value: Any) -> str:
    """The one text of a value: for hashing and comparing."""
    if type(value) is dict and _SIMPLE.issuperset(map(type, value.values())):
        return _of_items(tuple((name, type(item), item) for name, item in value.items()))
    return _written(value)


_SIMPLE = {str, bool, int, float, type(None)}


@functools.lru_cache(1024)
def _of_items(items: tuple[tuple[str, type, Any], ...]) -> str:
    """A dict of single values: what is static in a grid's points, and there are many points to few of these."""
    return _written({name: item for name, _, item in items})


def _written(value: Any) -> str:
    return json.dumps(_whole(plain(value)), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


@dataclass(frozen=True)
class Spec:
    """Everything that decides the numbers of a sweep, apart from the code itself."""

    study: str
    version: str
    grid: dict[str, Any]
    constants: dict[str, Any]
    key: dict[str, Any]
    independent: bool
    format: int = 1  # of the store

    def to_json(self) -> dict[str, Any]:
        return plain(asdict(self))

    @property
    def hash(self) -> str:
        return digest(self.to_json())

    def differences(self, other: Mapping[str, Any]) -> list[str]:
        """One phrase for each field in which a recorded spec differs from this one."""
        mine = self.to_json()
        names = [name for name in mine if canonical(mine[name]) != canonical(other.get(name))]
        return [f"{name}: {_short(other.get(name))} there, {_short(mine[name])} here" for name in names]


def _short(value: Any) -> str:
    text = canonical(value)
    return text if len(text) <= 160 else text[:157] + "..."


def describe_key(key: Array) -> dict[str, Any]:
    """Generator and data of a random key; ValueError for anything but one typed key."""
    check_key("key", key)
    return {"impl": str(jax.random.key_impl(key)), "data": plain(jax.random.key_data(key))}
