"""Errors that name the field, the value, what is allowed and the remedy. `data` imports nothing of the package."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn


class MissingData(FileNotFoundError, ValueError):
    """A data set, or a file of one, is not where it was looked for; the message says how to get it or point to it."""


def need(ok: Any, field: str, value: Any, allowed: str, remedy: str) -> None:
    """Raise a ValueError that a user can act on unless `ok`."""
    if not ok:
        shown = " ".join(repr(value).split())
        raise ValueError(f"{field} = {shown[:200]}: {allowed}; {remedy}")


def damaged(path: Path, what: str) -> NoReturn:
    """Raise: the file is there, but not what it should be."""
    raise ValueError(f"{path}: {what}; get the file again, and compare its checksum with the publisher's")


def size_of(field: str, value: Any) -> int:
    """A Python integer of at least one."""
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    need(whole, field, value, "must be an integer of at least 1", "pass a positive integer")
    return value


def one_of(field: str, value: Any, allowed: Any) -> None:
    need(value in tuple(allowed), field, value, f"must be one of {', '.join(map(repr, allowed))}", "pass one of them")


def existing(path: Path | str) -> Path:
    """The path, if it is a file."""
    path = Path(path)
    if not path.is_file():
        raise MissingData(f"{path}: no such file; pass the path of an existing one")
    return path


@contextmanager
def reading(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """What a library says of a file that it cannot read, as an error that names the file."""
    try:
        yield
    except (EOFError, zlib.error, *errors) as error:
        damaged(path, f"cannot be read ({str(error) or type(error).__name__})")


def extra(load: Callable[[], Any], package: str, why: str) -> Any:
    """`load()`, which imports an optional package; where that is missing, a ValueError with the line to install it."""
    try:
        return load()
    except ModuleNotFoundError as error:
        line = 'python -m pip install "spikegrid[data]"'
        raise ValueError(f"{why} needs {package}, which is not there ({error}): {line}") from None
