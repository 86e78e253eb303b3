"""Options of the commands; and `--name value` for any other name: axes and settings of the study."""

import dataclasses
from typing import Any

import tyro


def option(metavar: str, default: str) -> Any:
    """How --help shows an option: a word for its value, and what holds without it."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint=f"(default: {default})")


def split_axes(args: list[str], command: Any) -> tuple[list[str], dict[str, str]]:
    """Take `--name value` and `--name=value` out of `args` wherever `name` is no field of the command.

    Dashes in a name become underscores. Raises ValueError for a name without a value or given twice.
    """
    fixed = {field.name for field in dataclasses.fields(command)} | {"help"}
    rest: list[str] = []
    axes: dict[str, str] = {}
    waiting = iter(range(len(args)))
    for place in waiting:
        word = args[place]
        flag, equals, value = word.partition("=")
        name = flag.removeprefix("--").replace("-", "_")
        if not word.startswith("--") or not name or name in fixed:
            rest.append(word)
            continue
        if not equals:
            following = args[place + 1 : place + 2]
            # `-1:1:5` is a value, `--other` is not
            if not following or following[0].startswith("--"):
                raise ValueError(f"{flag} has no value; write {flag} 0.05:40:24:log, {flag} 0,0.1,0.4 or {flag} 0.4")
            value = args[next(waiting)]
        if name in axes:
            raise ValueError(f"{flag} is given twice, and must be once; list its values with commas")
        if not name.isidentifier():
            raise ValueError(
                f"{flag}: no axis can have this name, which must be of letters, digits and dashes; rename it"
            )
        axes[name] = value
    return rest, axes
