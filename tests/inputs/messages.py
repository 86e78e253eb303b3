"""What an error owes the person who made it: field, value, what is allowed, and what to do, in one paragraph."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

ALLOWED = re.compile(
    r"\b(must|needs?|cannot|at least|has no|knows no|there is no|holds|takes|are integers|appears more than once|"
    r"neither a number nor a name|not a range|no value|cannot be (loaded|run)|was made by|is missing|is damaged|goes (on|with)|has only|may be|both|belongs to)\b"
)
REMEDY = re.compile(  # after the first semicolon
    r"\b(add|ask|average|broadcast|build|call|change|check|choose|continue|count|cut|delete|divide|drop|encode|fit|fix|free|give|"
    r"leave|look|lower|make|move|name|pad|pass|pick|put|raise|ravel|rename|rescale|restore|return|run|save|select|sort|start|swap|"
    r"replace|take|mends|transpose|use|vmap|widen|write|list|try|was it|its axes are|spell|it has|there is|holds? a sweep of)\b"
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
    allowed = ALLOWED.search(text)
    assert allowed, f"does not say what is allowed: {text}"
    said, _, remedy = text.partition("; ")
    assert said, f"offers no remedy: {text}"
    assert REMEDY.search(remedy), f"offers no remedy: {text}"
