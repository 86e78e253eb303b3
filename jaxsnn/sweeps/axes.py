"""The values of one axis, from any of the forms in which people write them.

    "0.05:40:24:log"     24 values from 0.05 to 40, both included, spaced evenly in the logarithm
    "0:2:5" "0:2:5:lin"  5 values from 0 to 2
    "0,0.1,0.4"          these values
    "instant,delayed"    these names
    [0, 0.1], 0.1        Python lists, arrays and single values

A range has its values rounded to 12 digits, so that it means the same numbers on every machine; one whose ends and
values are whole numbers gives integers. Integers and floats in one axis give floats.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

Value = float | int | str | bool

_FORMS = "write a range 'first:last:count[:log|lin]', a list '0,0.1,0.4', a Python list or a single value"


def linear(first: float | int, last: float | int, count: int) -> list[float]:
    """`count` evenly spaced values, both ends included."""
    return _spaced("linear", first, last, count, log=False)


def geometric(first: float | int, last: float | int, count: int) -> list[float]:
    """`count` values spaced evenly in the logarithm, both ends included; the ends share a sign and are not zero."""
    return _spaced("geometric", first, last, count, log=True)


def _spaced(name: str, first: float | int, last: float | int, count: Any, *, log: bool) -> list[float]:
    asked = f"{name}: {first:g} to {last:g} in {count} values"
    if not (math.isfinite(first) and math.isfinite(last)):
        raise ValueError(f"{asked}: the ends must be finite")
    if isinstance(count, bool) or int(count) != count or count < 1:
        raise ValueError(f"{asked}: the count must be an integer of at least 1")
    if count == 1 and first != last:
        raise ValueError(f"{asked}: one value cannot have two ends; pass the value alone")
    if log and first * last <= 0:
        raise ValueError(f"{asked}: a logarithmic range cannot touch or cross zero; use a linear one, or a list")
    values = (np.geomspace if log else np.linspace)(float(first), float(last), int(count))
    values = [float(f"{value:.12g}") for value in values]
    values[0], values[-1] = float(first), float(last)
    return values


def _number(name: str, text: str) -> float | int:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} = {text!r}: not a number; {_FORMS}") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _range(name: str, text: str) -> list[Value]:
    parts = [part.strip() for part in text.split(":")]
    spacing = parts[3] if len(parts) == 4 else "lin"
    if len(parts) not in (3, 4) or spacing not in ("log", "lin"):
        raise ValueError(f"{name} = {text!r}: not a range; {_FORMS}")
    first, last, count = (_number(name, part) for part in parts[:3])
    values = _spaced(name, first, last, count, log=spacing == "log")
    whole = isinstance(first, int) and isinstance(last, int) and all(v.is_integer() for v in values)
    return [int(v) for v in values] if whole else list(values)


def _text(name: str, text: str) -> list[Value]:
    if ":" in text:
        return _range(name, text)
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise ValueError(f"{name} = {text!r}: an empty entry; {_FORMS}")
    numeric = [_is_number(part) for part in parts]
    if any(numeric) and not all(numeric):
        raise ValueError(f"{name} = {text!r}: mixes numbers and names; {_FORMS}")
    return [_number(name, part) if numeric[0] else part for part in parts]


def _items(name: str, form: Any) -> list[Any]:
    if isinstance(form, str):
        return _text(name, form)
    if isinstance(form, bool | int | float | np.generic):
        return [form]
    if hasattr(form, "__array__"):
        array = np.asarray(form)
        if array.ndim > 1:
            raise ValueError(f"{name}: an array of shape {array.shape}; an axis is a single value or one-dimensional")
        return np.atleast_1d(array).tolist()
    if isinstance(form, Iterable) and not isinstance(form, dict | bytes):
        return list(form)
    raise ValueError(f"{name} = {form!r}: unknown form; {_FORMS}")


def values(name: str, form: Any) -> tuple[Value, ...]:
    """Python values of one kind from any form; ValueError for an empty axis, NaN, mixed kinds or an unknown form."""
    items = [item.item() if isinstance(item, np.generic) or hasattr(item, "__array__") else item
             for item in _items(name, form)]  # fmt: skip
    if not items:
        raise ValueError(f"{name}: an empty axis has no points; give it at least one value")
    kinds = {type(item) for item in items}
    if not (kinds <= {int, float} or kinds in ({str}, {bool})):
        shown = sorted(kind.__name__ for kind in kinds)
        raise ValueError(f"{name} = {items!r}: values of kinds {shown}; one axis holds numbers, names or booleans")
    if kinds <= {int, float} and not all(math.isfinite(item) for item in items):
        raise ValueError(f"{name} = {items!r}: every value must be finite")
    if float in kinds:
        items = [float(item) + 0.0 for item in items]  # + 0.0 makes -0.0 zero
    return tuple(items)


def seeds(form: Any) -> tuple[int, ...]:
    """An integer n means 0 ... n-1; anything else lists the seeds, which must be distinct and not negative."""
    found = [value for value in values("seed", form) if type(value) is int]
    if isinstance(form, bool) or len(found) != len(values("seed", form)):
        raise ValueError(f"seed = {form!r}: seeds are integers; pass their number, or a list of them")
    single = len(found) == 1 and not isinstance(form, list | tuple | range | np.ndarray)
    if single:
        if found[0] < 1:
            raise ValueError(f"seed = {found[0]}: a number of seeds is at least 1; pass seed=1, or a list of seeds")
        return tuple(range(found[0]))
    if len(set(found)) != len(found) or min(found) < 0 or max(found) >= 2**32:
        raise ValueError(f"seed = {found}: seeds must be distinct integers from 0 to 2**32 - 1")
    return tuple(found)
