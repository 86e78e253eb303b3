"""Reads the project's own sources as syntax trees, for the tests beside it; nothing is imported."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "jaxsnn"


class Import(NamedTuple):
    """One imported module: `target` is its dotted absolute name, `part` the part of the package that imports it."""

    part: str
    target: str
    relative: bool
    deferred: bool  # inside a function or an `if TYPE_CHECKING`
    where: str


def python_files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def part_of(path: Path, package: Path) -> str:
    """`lif` in neurons/ belongs to `neurons`; a module at the top is a part by itself."""
    return path.relative_to(package).parts[0].removesuffix(".py")


def parts(package: Path) -> set[str]:
    return {part_of(path, package) for path in python_files(package)}


def imports(package: Path) -> list[Import]:
    return [found for path in python_files(package) for found in _imports(path, package)]


def _imports(path: Path, package: Path) -> Iterator[Import]:
    module = tree(path)
    deferred = {
        inner
        for outer in ast.walk(module)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        or (isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.dump(outer.test))
        for inner in ast.walk(outer)
    }
    folder = [package.name, *path.relative_to(package).parent.parts]
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            targets, relative = [alias.name for alias in node.names], False
        elif isinstance(node, ast.ImportFrom):
            relative = node.level > 0
            base = folder[: len(folder) - node.level + 1] if relative else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            # `from .. import core` names the part itself
            targets = [f"{stem}.{alias.name}" for alias in node.names] if stem == package.name else [stem]
        else:
            continue
        for target in targets:
            where = f"{path.relative_to(package.parent)}:{node.lineno}"
            yield Import(part_of(path, package), target, relative, node in deferred, where)


def called_name(node: ast.AST) -> str:
    """`scan` for scan, lax.scan and jax.lax.scan; empty for anything that is not a name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def checkout_files() -> list[Path]:
    """Every file that is or would be committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip(f"not a git checkout: {listed.stderr.strip()}")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
