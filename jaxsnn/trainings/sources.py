"""Which files a function's numbers come from: its module and all that it imports, name by name.

`from ..neurons import LIF` leads to the file that defines LIF and to what that imports, not to every neuron there is.
So a change elsewhere leaves results what they are; and so does one of comments, docstrings or layout, which are no part
of what is hashed. Followed are this package and the folder that the function's own imports start from.
"""

import ast
import hashlib
import importlib
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[1]
# Parts of the package that no training's numbers come from. How keys are made is part of a store's format.
AROUND = {"plotting", "claims", "reproduction", "commands", "cli", "cache", "start", "worker", "sweeps", "trainings"}

Name = tuple[str, ...]  # of a module: its dotted name, cut at the dots


class _Found(NamedTuple):
    """An import: the module, and the name that is taken from it (None for the module itself)."""

    module: Name
    taken: str | None


def sources_of(function: Callable) -> dict[str, str]:
    """Path (from where its imports start) -> SHA-256 of the code in it, for every file that `function` may come to use.

    Raises ValueError for a function that is in no file.
    """
    module = sys.modules.get(function.__module__)
    file = getattr(module, "__file__", None)
    if file is None or not Path(file).is_file():
        raise ValueError(
            f"{function.__qualname__} is in no file (a notebook, or an interactive session), and its results could not "
            "be told from those of other code; write it in a file"
        )
    name = tuple(function.__module__.split("."))
    package = Path(file).name == "__init__.py"
    return _Search(Path(file).resolve().parents[len(name) - (0 if package else 1)]).files(name, Path(file).resolve())


def code_hash(files: dict[str, str]) -> str:
    """One hash of all."""
    return hashlib.sha256("\n".join(f"{name} {files[name]}" for name in sorted(files)).encode()).hexdigest()


class _Search:
    """root: the folder that absolute imports of the function's own files start from."""

    def __init__(self, root: Path):
        self.root = root
        self.found: dict[Path, Name] = {}
        self.seen: set[_Found] = set()

    def files(self, name: Name, file: Path) -> dict[str, str]:
        waiting = self._whole(name, file)
        while waiting:
            one = waiting.pop()
            if one not in self.seen:
                self.seen.add(one)
                waiting += self._follow(one)
        shown = lambda name, path: "/".join(name) + ("/__init__.py" if path.name == "__init__.py" else ".py")
        return {shown(name, path): _code(path) for path, name in self.found.items()}

    def _follow(self, one: _Found) -> list[_Found]:
        module, taken = one
        if module[0] == PACKAGE.name and module[1:2] and module[1] in AROUND:
            return []
        file, inner = self._file(module), (*module, taken or "")
        if file is None:
            return []
        if taken is not None and file.name == "__init__.py":
            # `from . import part`, in the package itself, passes on what lies beside it
            passed_on = [found for name, found in _imports(module, file, typing=True) if name == taken and found != one]
            if passed_on:
                return passed_on[:1]
            if self._file(inner) is not None:
                return [_Found(inner, None)]
        return [] if file in self.found else self._whole(module, file)

    def _whole(self, module: Name, file: Path) -> list[_Found]:
        self.found[file] = module
        return [found for _, found in _imports(module, file, typing=False)]

    def _file(self, module: Name) -> Path | None:
        place = (PACKAGE.parent if module[0] == PACKAGE.name else self.root).joinpath(*module)
        both = (place / "__init__.py", place.parent / f"{place.name}.py")
        return next((path.resolve() for path in both if place.name and path.is_file()), None)


@lru_cache(maxsize=1024)
def _tree(path: Path, changed: int) -> ast.Module:
    del changed  # when the file was changed: a new file is read anew
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _parsed(path: Path) -> ast.Module:
    return _tree(path, path.stat().st_mtime_ns)


def _code(path: Path) -> str:
    """Of the code alone: without comments, docstrings, blank lines."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _documented(node):
            node.body[:1] = [] if len(node.body) > 1 else [ast.Pass()]
    return hashlib.sha256(ast.unparse(module).encode()).hexdigest()


def _documented(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


def _imports(module: Name, file: Path, typing: bool) -> Iterator[tuple[str, _Found]]:
    """Every import of a file, those inside functions too: the name that it binds, and what it takes.

    typing: also those for type checkers alone, which say where a name that is loaded late comes from.
    """
    package = module if file.name == "__init__.py" else module[:-1]
    parsed = _parsed(file)
    checkers = {
        inner
        for outer in ast.walk(parsed)
        if isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.dump(outer.test)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(parsed):
        if node in checkers and not typing:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name, _Found(tuple(alias.name.split(".")), None)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            origin = (*base, *(node.module.split(".") if node.module else ()))
            for alias in node.names:
                yield alias.asname or alias.name, _Found(origin, None if alias.name == "*" else alias.name)


class Source(NamedTuple):
    """Where a function is found, in words that another process can follow."""

    module: str
    attribute: str
    file: str
    path: tuple[str, ...]


def find_source(function: Callable) -> Source:
    """Raises ValueError for a function that no other process could import: a lambda, a local function, a script's."""
    module, attribute = function.__module__, function.__qualname__
    home = sys.modules.get(module)
    if module == "__main__" or home is None or getattr(home, attribute, None) is not function:
        raise ValueError(
            f"{module}.{attribute} cannot be found by a worker, and must be a function at the top level of an imported "
            "file (not of a script, a notebook, or inside a function); move it there, or leave out `workers`"
        )
    file = str(Path(home.__file__ or "").resolve())
    return Source(module, attribute, file, tuple(str(Path(entry or ".").resolve()) for entry in sys.path))


def load_source(source: Source) -> Callable:
    """The function, imported in this process. Raises ValueError where that leads to another file."""
    sys.path.extend(entry for entry in source.path if entry not in sys.path)
    module = importlib.import_module(source.module)
    found = str(Path(module.__file__ or "").resolve())
    if found != source.file:
        raise ValueError(
            f"{source.module} is {found} for a worker, and must be {source.file}; take away one of the two"
        )
    return getattr(module, source.attribute)
