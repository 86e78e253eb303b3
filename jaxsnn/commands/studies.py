"""Finding a study: by the name of an experiment of the checkout, or in a user's own file."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..reproduction.checkout import EXPERIMENTS, find_checkout, load_module, members
from ..sweeps.source import describe, line_of, load_file, study_of

if TYPE_CHECKING:
    from ..sweeps import Grid, Study


class Found(NamedTuple):
    """A study with what its module says besides."""

    study: "Study"
    columns: tuple[str, ...]
    grids: "dict[str, Grid]"  # presets, and "" for the module's GRID
    source: Path
    own: bool  # a file of the user's, not an experiment of the checkout


def find_study(name: str) -> Found:
    """NAME of an experiment, or a path. Raises ValueError for anything that holds no study."""
    module = _module(name)
    columns = tuple(getattr(module, "COLUMNS", ()))
    own = not module.__name__.startswith(f"{EXPERIMENTS}.")
    return Found(study_of(module, name), columns, _grids(name, module), _file(module), own)


def _module(name: str) -> ModuleType:
    path = Path(name)
    if "/" in name or "\\" in name or name.endswith(".py"):
        return load_file(path)
    try:
        root = find_checkout()
    except ValueError:
        if path.exists():
            return load_file(path)
        raise
    known = members(root, EXPERIMENTS)
    if name in known:
        return load_module(root, f"{EXPERIMENTS}.{name}")
    if path.exists():
        return load_file(path)
    raise ValueError(
        f"no experiment {name!r} in {root / EXPERIMENTS}; it must be one of those, or a path: there is "
        f"{', '.join(known) or 'none'}. A study of your own is named by its path, such as ./study.py"
    )


@contextmanager
def explained(found: Found) -> Iterator[None]:
    """Errors that come out of a user's own file: one sentence with its line, in place of a traceback through jax."""
    try:
        yield
    except Exception as error:
        of_the_point = isinstance(error, ValueError) and str(error).startswith("at the point")  # says it better
        ours = isinstance(error, ValueError | OSError) and line_of(error, found.source) is None
        if of_the_point or not found.own or ours:
            raise
        text = f"{found.source.name} cannot be run: {describe(error, found.source)}"
        raise ValueError(f"{text}; fix that line, JAXSNN_TRACEBACK=1 shows the way there") from error


def _file(module: ModuleType) -> Path:
    return Path(getattr(module, "__file__", None) or ".").resolve()


def _grids(name: str, module: ModuleType) -> "dict[str, Grid]":
    """PRESETS (a mapping of grids) and GRID; a grid may be written as a mapping of axes."""
    presets = getattr(module, "PRESETS", None)
    grids = dict(presets) if isinstance(presets, Mapping) else {}
    if hasattr(module, "GRID"):
        grids[""] = module.GRID
    return {preset: _grid(name, preset, grid) for preset, grid in grids.items()}


def _grid(name: str, preset: str, grid: Any) -> "Grid":
    from ..sweeps import Grid

    what = f"PRESETS[{preset!r}]" if preset else "GRID"
    if isinstance(grid, Mapping):
        try:
            grid = Grid(**grid)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{what} of {name}: {error}") from None
    if not isinstance(grid, Grid):
        raise ValueError(
            f"{what} of {name} is {type(grid).__name__}: must be a Grid, or a mapping of axes; write Grid(...)"
        )
    return grid
