"""What an error owes the person who made it: field, value, what is allowed, and what to do, in one paragraph."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

ALLOWED = (  # words that say it
    "must|needs?|cannot|at least|has no|has only|knows no|there is no|no value|holds|takes|are integers|may be|both|"
    "appears more than once|neither a number nor a name|not a range|was made by|is missing|is damaged|goes (on|with)|"
    "belongs to|cannot be (loaded|run)"
)
REMEDY = (  # after the first semicolon
    "add|ask|average|broadcast|build|call|change|check|choose|continue|count|cut|delete|divide|drop|encode|fit|fix|free|"
    "give|leave|list|look|lower|make|mends|move|name|pad|pass|pick|put|raise|ravel|rename|replace|rescale|restore|return|"
    "run|save|select|sort|spell|start|swap|take|transpose|try|use|vmap|widen|write|its axes are|it has|there is"
)
LONGEST = 900


class Bad(NamedTuple):
    """act: makes the mistake. field, value: what must be quoted."""

    name: str
    act: Callable[[], Any]
    field: str
    value: str


def check_message(text: str, field: str, value: str) -> None:
    """Raise AssertionError unless `text` says all four things in one paragraph."""
    assert text == text.strip(), f"not one paragraph: {text!r}"
    assert "\n" not in text, f"not one paragraph: {text!r}"
    assert len(text) <= LONGEST, f"{len(text)} characters: {text}"
    assert field in text, f"names no field {field!r}: {text}"
    assert value in text, f"does not quote {value!r}: {text}"
    assert re.search(rf"\b({ALLOWED})\b", text), f"does not say what is allowed: {text}"
    remedy = text.partition("; ")[2]
    assert re.search(rf"\b({REMEDY})\b", remedy), f"offers no remedy: {text}"


def check_refusal(bad: Bad) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011  what it says is the test
        bad.act()
    assert type(error.value) is ValueError
    check_message(str(error.value), bad.field, bad.value)


def entries(table: dict[str, list[Bad]]) -> list[Any]:
    """The parameters of a test, named by group and mistake."""
    return [pytest.param(bad, id=f"{group}: {bad.name}") for group, found in table.items() for bad in found]
