"""Finding a study: by the name of an experiment of the checkout, or in a user's own file."""

import importlib.util
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..reproduction.checkout import EXPERIMENTS, find_checkout, load_module, members

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
    return Found(_study(name, module), columns, _grids(name, module), _file(module), own)


def _module(name: str) -> ModuleType:
    path = Path(name)
    if "/" in name or "\\" in name or name.endswith(".py"):
        return _own(path)
    try:
        root = find_checkout()
    except ValueError:
        if path.exists():
            return _own(path)
        raise
    known = members(root, EXPERIMENTS)
    if name in known:
        return load_module(root, f"{EXPERIMENTS}.{name}")
    if path.exists():
        return _own(path)
    raise ValueError(
        f"no experiment {name!r} in {root / EXPERIMENTS}; there is {', '.join(known) or 'none'}. "
        "A study of your own is named by its path: ./study.py"
    )


def _own(path: Path) -> ModuleType:
    """A file, or a folder with an __init__.py, as a module of its own name; its neighbours can be imported by it."""
    file = path / "__init__.py" if path.is_dir() else path
    if not file.is_file():
        raise ValueError(f"{path}: there is no such file" if not path.exists() else f"{path} has no __init__.py")
    file = file.resolve()
    name = path.resolve().stem
    home = file.parents[1] if path.is_dir() else file.parent
    if name in sys.modules and _file(sys.modules[name]) != file:
        name = f"study_{name}"
    within = [str(file.parent)] if path.is_dir() else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=within)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python file; a study is written in Python, in a file that ends in .py")
    if str(home) not in sys.path:
        sys.path.insert(0, str(home))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ValueError(f"{path} cannot be loaded: {describe(error, file)}") from error
    return module


@contextmanager
def explained(found: Found) -> Iterator[None]:
    """Errors that come out of a user's own file: one sentence with its line, in place of a traceback through jax."""
    try:
        yield
    except Exception as error:
        of_the_point = isinstance(error, ValueError) and str(error).startswith("at the point")  # says it better
        if of_the_point or not found.own or _line(error, found.source) is None:
            raise
        text = f"{found.source.name} cannot be run: {describe(error, found.source)}"
        raise ValueError(f"{text}; JAXSNN_TRACEBACK=1 shows the way there") from error


def describe(error: BaseException, file: Path) -> str:
    """An error of a study, and the line of its file that it came from."""
    text, line = f"{type(error).__name__}: {error}", _line(error, file)
    return text if line is None else f"{text} (line {line} of {file.name})"


def _line(error: BaseException, file: Path) -> int | None:
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if Path(frame.filename).resolve() == file), None)


def _file(module: ModuleType) -> Path:
    return Path(getattr(module, "__file__", None) or ".").resolve()


def _study(name: str, module: ModuleType) -> "Study":
    from ..engine import Program
    from ..sweeps import Study

    if hasattr(module, "STUDY"):
        if not isinstance(module.STUDY, Study):
            raise ValueError(f"STUDY of {name} is {type(module.STUDY).__name__}: must be a jaxsnn.sweeps.Study")
        return module.STUDY
    run = getattr(module, "run", None)
    if not (callable(run) or isinstance(run, Program)):
        raise ValueError(
            f"{name} has neither `STUDY = Study(...)` nor a function `run(point, key)` that returns a dict of numbers; "
            "write one of the two"
        )
    return Study(Path(name).stem, 1, run)


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
        grid = Grid(**grid)
    if not isinstance(grid, Grid):
        raise ValueError(f"{what} of {name} is {type(grid).__name__}: must be a Grid, or a mapping of axes")
    return grid
