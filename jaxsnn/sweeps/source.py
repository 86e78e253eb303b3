"""Where a study is found, in words that another process can follow: module, file and attribute.

A worker is never sent a study. It imports it, as this process did, and then shows that it has the same one (`order`).
"""

import importlib
import importlib.util
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from ..engine import Program
from .study import Study, as_study

_importing: list[str] = []  # files that a worker is importing


class Source(NamedTuple):
    """attribute: "" for a module that is a study's file (see `study_of`). path: where its imports are found."""

    module: str
    file: str
    attribute: str
    path: tuple[str, ...]


def find_source(study: Study) -> Source:
    """Where this study, or the plain function that it was made of, is found in the modules that are loaded.

    Raises ValueError for one that no other process could import: a lambda, a local function, a notebook's cell.
    """
    if _importing:
        raise ValueError(
            f"{_importing[-1]} starts a sweep when it is imported, which a worker has to do; put what runs it below "
            "`if __name__ == '__main__':`"
        )
    parts = (study.program, study.prepare, *getattr(study.program, "__dict__", {}).values())
    homes = {getattr(part, "__module__", None) for part in parts}  # others may have imported it from there
    found = []
    for module in [one for one in list(sys.modules.values()) if isinstance(one, ModuleType)]:
        names = [name for name, value in list(vars(module).items()) if value is study or value is study.program]
        file = _file(module)
        for attribute in dict.fromkeys([*names, *([""] if names else [])]):
            if file is not None and _reads_as(module, attribute, study):
                is_main, is_home = module is sys.modules.get("__main__"), module.__name__ in homes
                found.append((is_main, not is_home, file, module, attribute))
    if not found:
        raise ValueError(
            f"study {study.name!r} cannot be found by another process: it is no name at the top level of an imported "
            "file (a lambda, a function inside a function, a cell of a notebook, a changed copy); write it there, as "
            "STUDY = Study(...), or use engine='inline'"
        )
    _, _, file, module, attribute = min(found, key=lambda one: one[:2])
    name = module.__name__
    if name == "__main__":
        spec = getattr(module, "__spec__", None)
        name = spec.name if spec is not None else file.stem
    path = tuple(os.path.abspath(entry) for entry in sys.path)
    return Source(name, str(file), attribute, path)


def _file(module: ModuleType) -> Path | None:
    name = getattr(module, "__file__", None)
    return Path(name).resolve() if isinstance(name, str) and Path(name).is_file() else None


def _reads_as(module: ModuleType, attribute: str, study: Study) -> bool:
    try:
        read = study_of(module) if attribute == "" else as_study(getattr(module, attribute))
    except (ValueError, AttributeError):
        return False
    return read is study or _equal(read, study)


def _equal(one: Study, other: Study) -> bool:
    same = ("program", "prepare", "updates")
    equal = ("name", "version", "constants", "chunk", "segment", "undefined")
    return all(getattr(one, name) is getattr(other, name) for name in same) and all(
        getattr(one, name) == getattr(other, name) for name in equal
    )


def load_source(source: Source) -> Study:
    """The study, imported in this process; a module of that name and file that is loaded already is taken as it is."""
    sys.path.extend(entry for entry in source.path if entry not in sys.path)
    module = _imported(source.module, Path(source.file))
    if source.attribute == "":
        return study_of(module)
    if not hasattr(module, source.attribute):
        raise ValueError(
            f"{source.attribute} of {source.file} is there only when the file is run as a script; move it above "
            "`if __name__ == '__main__':`"
        )
    return as_study(getattr(module, source.attribute))


def _imported(name: str, file: Path) -> ModuleType:
    module = sys.modules.get(name)
    if module is not None and _file(module) == file:
        return module
    _importing.append(str(file))
    try:
        return importlib.import_module(name) if _is_at(name, file) else load_file(file)
    finally:
        _importing.pop()


def _is_at(name: str, file: Path) -> bool:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return False
    return spec is not None and spec.origin is not None and Path(spec.origin).resolve() == file


def study_of(module: ModuleType, name: str | None = None) -> Study:
    """STUDY of a module, or its `run(point, key)` as a study of the name of the file.

    name: what the user called the module. Raises ValueError for a module that has neither.
    """
    file = Path(getattr(module, "__file__", None) or module.__name__)
    name = name or (file.parent.name if file.name == "__init__.py" else file.stem)
    if hasattr(module, "STUDY"):
        if not isinstance(module.STUDY, Study):
            raise ValueError(
                f"STUDY of {name} is {type(module.STUDY).__name__}: must be a jaxsnn.sweeps.Study; write STUDY = "
                "Study(...)"
            )
        return module.STUDY
    run: Any = getattr(module, "run", None)
    if not (callable(run) or isinstance(run, Program)):
        raise ValueError(
            f"{name} must hold a study, and has neither `STUDY = Study(...)` nor a function `run(point, key)` that "
            "returns a dict of numbers; "
            "write one of the two"
        )
    return Study(Path(name).stem, 1, run)


def load_file(path: Path) -> ModuleType:
    """A file, or a folder with an __init__.py, as a module of its own name; its neighbours can be imported by it.

    Raises ValueError for a file that is not there or cannot be loaded, with the line at fault.
    """
    path = path.parent if path.name == "__init__.py" else path
    file = path / "__init__.py" if path.is_dir() else path
    if not file.is_file():
        what = f"{path}: there is no such file" if not path.exists() else f"{path} has no __init__.py"
        raise ValueError(f"{what}; name a file that ends in .py, or a folder with an __init__.py")
    file = file.resolve()
    name = path.resolve().stem
    home = file.parents[1] if path.is_dir() else file.parent
    if name in sys.modules and _file(sys.modules[name]) != file:
        name = f"study_{name}"
    within = [str(file.parent)] if path.is_dir() else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=within)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python file, and must be one; write the study in a file that ends in .py")
    if str(home) not in sys.path:
        sys.path.insert(0, str(home))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ValueError(f"{path} cannot be loaded: {describe(error, file)}; run it by itself and fix it") from error
    return module


def describe(error: BaseException, file: Path) -> str:
    """An error of a study, and the line of its file that it came from."""
    said = " ".join(str(error).split())
    said = said if len(said) <= 400 else f"{said[:400]} ..."
    text, line = f"{type(error).__name__}: {said}", line_of(error, file)
    return text if line is None else f"{text} (line {line} of {file.name})"


def line_of(error: BaseException, file: Path) -> int | None:
    """The innermost line of this file that an error went through."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if Path(frame.filename).resolve() == file), None)
