"""The values of one axis, from any of the forms in which people write them.

    "0.05:40:24:log"     24 values from 0.05 to 40, both included, spaced evenly in the logarithm
    "0:2:5" "0:2:5:lin"  5 values from 0 to 2
    "0,0.1,0.4"          these values
    "instant,delayed"    these names
    [0, 0.1], 0.1        Python lists, arrays and single values

A range has its values rounded to 12 digits, so that it means the same numbers on every machine; one whose ends and
values are whole numbers gives integers. Integers and floats in one axis give floats.
"""

import itertools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

Value = float | int | str | bool

MOST = 100_000  # values of an axis, and seeds
_LARGEST = 2**63 - 1
_FORMS = "write a range 'first:last:count[:log|lin]', a list '0,0.1,0.4', a Python list or a single value"


def linear(first: float | int, last: float | int, count: int) -> list[float]:
    """`count` evenly spaced values, both ends included."""
    return _spaced("linear", first, last, count, log=False)


def geometric(first: float | int, last: float | int, count: int) -> list[float]:
    """`count` values spaced evenly in the logarithm, both ends included; the ends share a sign and are not zero."""
    return _spaced("geometric", first, last, count, log=True)


def _spaced(name: str, first: Any, last: Any, count: Any, *, log: bool) -> list[float]:
    asked = f"{name} = {short(first)} to {short(last)} in {short(count)} values"
    if not (_is_real(first) and _is_real(last)):
        raise ValueError(f"{asked}: the ends must be finite numbers; {_FORMS}")
    if not _is_real(count) or count != int(count) or count < 1:
        raise ValueError(f"{asked}: the count must be an integer of at least 1; pass for instance 24")
    _check_count(name, int(count))
    if count == 1 and first != last:
        raise ValueError(f"{asked}: one value cannot have two ends; pass the value alone")
    if first != float(first) or last != float(last):
        raise ValueError(f"{asked}: the ends must be numbers that a float holds exactly; write them as floats")
    first, last = float(first), float(last)
    if log and not (first > 0 and last > 0) and not (first < 0 and last < 0):
        raise ValueError(f"{asked}: a logarithmic range cannot touch or cross zero; use a linear one, or a list")
    with np.errstate(all="ignore"):
        values = (np.geomspace if log else np.linspace)(first, last, int(count))
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{asked}: the ends must be near enough for their difference to be finite; use a list")
    values = [float(f"{value:.12g}") for value in values]
    values[0], values[-1] = first, last
    return values


def _is_real(value: Any) -> bool:
    """A finite number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _check_count(name: str, count: int) -> None:
    if count > MOST:
        raise ValueError(f"{name} = {count} values: must be at most {MOST} on one axis; cut it into several sweeps")


def short(value: Any) -> str:
    """A value as it is quoted in an error."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 120 else f"{text[:80]} ... {text[-20:]}"


def _number(name: str, text: str) -> float | int:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    raise ValueError(f"{name} = {short(text)}: not a number; {_FORMS}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_word(name: str, text: str) -> None:
    """Names begin with a letter, so that 0,5 or 1.2.3 or 0x10 or '0.5' in quotes is not taken for one."""
    if not text.isprintable() or not (text[:1].isalpha() or text[:1] == "_"):
        raise ValueError(
            f"{name} = {short(text)}: neither a number nor a name; names must begin with a letter, and numbers have no "
            f"quotes; {_FORMS}"
        )


def _range(name: str, text: str) -> list[Value]:
    parts = [part.strip() for part in text.split(":")]
    spacing = parts[3] if len(parts) == 4 else "lin"
    if len(parts) not in (3, 4) or spacing not in ("log", "lin"):
        raise ValueError(f"{name} = {short(text)}: not a range; {_FORMS}")
    first, last, count = (_number(name, part) for part in parts[:3])
    values = _spaced(name, first, last, count, log=spacing == "log")
    whole = isinstance(first, int) and isinstance(last, int) and all(v.is_integer() for v in values)
    return [int(v) for v in values] if whole else list(values)


def _text(name: str, text: str) -> list[Value]:
    if ":" in text:
        return _range(name, text)
    parts = [part.strip() for part in text.split(",")]
    _check_count(name, len(parts))
    if not all(parts):
        raise ValueError(f"{name} = {short(text)}: an empty entry, and every one must be there; {_FORMS}")
    numeric = [_is_number(part) for part in parts]
    if any(numeric) and not all(numeric):
        raise ValueError(f"{name} = {short(text)}: mixes numbers and names, and must have one kind; {_FORMS}")
    return [_number(name, part) if numeric[0] else part for part in parts]


def _items(name: str, form: Any) -> list[Any]:
    if isinstance(form, str):
        return _text(name, form)
    if isinstance(form, bool | int | float | np.generic):
        return [form]
    if hasattr(form, "__array__"):
        array = np.asarray(form)
        if array.ndim > 1:
            raise ValueError(
                f"{name} = an array of shape {array.shape}: must be a single value or one-dimensional; ravel it"
            )
        _check_count(name, array.size)
        return np.atleast_1d(array).tolist()
    if isinstance(form, Iterable) and not isinstance(form, dict | bytes | set | frozenset):
        items = list(itertools.islice(form, MOST + 1))
        _check_count(name, len(form) if isinstance(form, range) else len(items))
        return items
    raise ValueError(
        f"{name} = {short(form)}: unknown form, or one without an order, and must be one of four; {_FORMS}"
    )


def values(name: str, form: Any) -> tuple[Value, ...]:
    """Python values of one kind from any form; ValueError for an empty axis, NaN, mixed kinds or an unknown form."""
    items = [item.item() if isinstance(item, np.generic) or hasattr(item, "__array__") else item
             for item in _items(name, form)]  # fmt: skip
    if not items:
        raise ValueError(f"{name} = []: an empty axis has no points, and must have one; give it at least one value")
    kinds = {type(item) for item in items}
    if not (kinds <= {int, float} or kinds in ({str}, {bool})):
        what = sorted(kind.__name__ for kind in kinds)
        raise ValueError(
            f"{name} = {short(items)}: values of kinds {what}; one axis holds numbers, names or booleans, so pass one "
            "kind"
        )
    for item in items:
        if isinstance(item, str):
            _check_word(name, item)
        elif isinstance(item, float) and not math.isfinite(item):
            raise ValueError(f"{name} = {short(items)}: every value must be finite; leave out infinities and NaN")
        elif isinstance(item, int) and abs(item) > _LARGEST:
            raise ValueError(f"{name} = {short(item)}: must lie within 2**63; write it as a float, or rescale it")
    if float in kinds:
        inexact = [item for item in items if item != float(item)]
        if inexact:
            raise ValueError(f"{name} = {inexact[0]}: must be a number that a float holds exactly; write it as a float")
        items = [float(item) + 0.0 for item in items]  # + 0.0 makes -0.0 zero
    return tuple(items)


def seeds(form: Any) -> tuple[int, ...]:
    """An integer n means 0 ... n-1; anything else lists the seeds, which must be distinct and not negative."""
    there = values("seed", form)
    found = [value for value in there if type(value) is int]
    if isinstance(form, bool) or len(found) != len(there):
        raise ValueError(f"seed = {short(form)}: seeds are integers; pass their number, or a list of them")
    single = form.strip().isdigit() if isinstance(form, str) else np.ndim(form) == 0
    if single:
        if not 1 <= found[0] <= MOST:
            raise ValueError(
                f"seed = {found[0]}: a number of seeds is at least 1, at most {MOST}; pass seed=1, or a list of seeds"
            )
        return tuple(range(found[0]))
    if len(set(found)) != len(found) or min(found) < 0 or max(found) >= 2**32:
        raise ValueError(
            f"seed = {short(found)}: seeds must be distinct integers from 0 to 2**32 - 1; pass 8 for eight of them"
        )
    return tuple(found)
