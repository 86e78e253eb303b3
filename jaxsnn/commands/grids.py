"""What a sweep is asked for: its grid and settings, from the command line, the study's own grids, or a store."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jax import random

from ..sweeps import Grid, Study
from ..sweeps import axes as forms
from ..sweeps.description import read_layout, read_spec
from .names import check_names
from .studies import Found

if TYPE_CHECKING:
    from .sweep import Sweep

DEFAULT_SEEDS = 8


class Asked(NamedTuple):
    """A sweep as it is to be run. key: that of the store which goes on, else None."""

    grid: Grid
    settings: dict[str, Any]
    key: Any
    independent: bool
    chunk: int | None


def ask(command: "Sweep", found: Found) -> Asked:
    """Grid and settings of a command, checked against the names that the study knows.

    Without axes, a store that is there says what is to go on. Raises ValueError for what cannot be read or is unknown.
    """
    if not command.axes and command.store is not None and (command.store / "spec.json").is_file():
        return _from_store(command, found.study)
    own = _preset(command, found)
    settings, axes = _sorted_out(command.axes, found.study, own.names if own is not None else ())
    grid = _grid(own, axes) * Grid(seed=_seeds(command.seeds, own))
    first = {**found.study.constants, **settings, **grid.points()[0]}
    check_names(found.study, first, [name for name, _ in command.axes])
    return Asked(grid, settings, None, command.independent, command.chunk)


def _sorted_out(
    given: Sequence[tuple[str, str]], study: Study, own: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings (one value for a constant of the study that its own grid has not made an axis) and axes."""
    settings: dict[str, Any] = {}
    axes: dict[str, Any] = {}
    for name, text in given:
        if name == "seed":
            raise ValueError(
                "--seed is no axis, and cannot be given; use --seeds: --seeds 8 runs eight seeds, --seeds 3,5 these two"
            )
        values = forms.values(name, _truth(text))
        if name in study.constants and name not in own and len(values) == 1:
            settings[name] = None if values[0] in ("none", "None") else values[0]
        else:
            axes[name] = list(values)
    return settings, axes


def _truth(text: str) -> Any:
    """`true` and `false` are no names."""
    words = [word.strip() for word in text.lower().split(",")]
    return [word == "true" for word in words] if set(words) <= {"true", "false"} else text


def _grid(own: Grid | None, axes: Mapping[str, Any]) -> Grid:
    """The study's own grid with the given axes in place of its own, then the others; no seeds."""
    factors = [dict(factor) for factor in own.factors] if own is not None else []
    grid, placed = Grid(), set()
    for factor in factors:
        replaced = [name for name in factor if name in axes]
        if replaced and len(factor) > 1:
            raise ValueError(
                f"{replaced[0]} runs together with {', '.join(n for n in factor if n != replaced[0])} in the study's "
                "own grid; write a grid of your own, without --preset"
            )
        placed |= set(replaced)
        columns = {name: list(axes.get(name, values)) for name, values in factor.items()}
        grid = grid * (Grid(**columns) if len(columns) == 1 else Grid.zip(**columns))
    return grid * Grid(**{name: values for name, values in axes.items() if name not in placed})


def _seeds(text: str | None, own: Grid | None) -> Any:
    if text is None:
        return DEFAULT_SEEDS if own is None else list(own.seeds)
    return text


def _preset(command: "Sweep", found: Found) -> Grid | None:
    if command.preset is None:
        return found.grids.get("")
    if command.preset not in found.grids:
        known = ", ".join(name for name in found.grids if name) or "none"
        raise ValueError(f"{found.study.name} has no grid {command.preset!r}; it has {known}")
    return found.grids[command.preset]


def _from_store(command: "Sweep", study: Study) -> Asked:
    """Everything as it was when the store was begun."""
    given = [name for name in ("seeds", "preset", "chunk") if getattr(command, name) is not None]
    if given:
        raise ValueError(f"--{given[0]} without axes: {command.store} goes on as it was begun; drop it, or give axes")
    spec = read_spec(command.store)  # type: ignore[arg-type]
    other = command.key != 0 and random.key_data(random.key(command.key)).tolist() != spec["key"]["data"]
    for name, differs in {"key": other, "independent": command.independent and not spec["independent"]}.items():
        if differs:
            raise ValueError(f"--{name} without axes: {command.store} was begun with another; drop it, or give axes")
    layout = read_layout(command.store, spec)  # type: ignore[arg-type]
    if spec["study"] != study.name:
        raise ValueError(f"store {command.store} holds a sweep of {spec['study']}, not of {study.name}")
    grid = Grid.from_json(spec["grid"])
    settings = {name: value for name, value in spec["constants"].items() if study.constants.get(name) != value}
    key = random.wrap_key_data(np.asarray(spec["key"]["data"], np.uint32), impl=spec["key"]["impl"])
    return Asked(grid, settings, key, spec["independent"], layout.chunk)
