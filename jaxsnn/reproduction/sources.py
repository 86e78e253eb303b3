"""Hashes of what results come from: source files, versions of packages, files that were made."""

import hashlib
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from .checkout import EXPERIMENTS, FIGURES, PACKAGE

PACKAGES = ("jax", "jaxlib", "equinox", "numpy", "scipy", "xarray", "zarr", "matplotlib")
# Parts of the package that no sweep's number comes from: a change here leaves its results what they are. Trainings
# look after their own sources.
AROUND = {"plotting", "claims", "reproduction", "commands", "trainings", "cli.py", "cache.py"}


def file_hash(path: Path) -> str:
    """SHA-256 in hex; empty for a file that is not there."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def files_hash(folder: Path, files: Iterable[Path]) -> str:
    """SHA-256 of names (relative to `folder`) and contents."""
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(f"{file.relative_to(folder).as_posix()}\n{file_hash(file)}\n".encode())
    return whole.hexdigest()


def store_hash(store: Path) -> str:
    """SHA-256 of everything in a store but its side folder; empty where there is no store."""
    if not (store / "spec.json").is_file():
        return ""
    return files_hash(store, (p for p in store.rglob("*") if p.is_file() and p.relative_to(store).parts[0] != "side"))


def versions() -> dict[str, str]:
    """Python and the packages that numbers and figures depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found


def experiment_sources(root: Path, paper: str) -> str:
    """Hash of all code that the numbers of a paper come from."""
    own = [p for p in _sources(PACKAGE) if p.relative_to(PACKAGE).parts[0] not in AROUND]
    return _joined([files_hash(PACKAGE, own), _member(root, EXPERIMENTS, paper)])


def all_sources(root: Path, paper: str) -> str:
    """Hash of all code that the numbers, figures, verdicts and report of a paper come from."""
    whole = files_hash(PACKAGE, _sources(PACKAGE))
    return _joined([whole, _member(root, EXPERIMENTS, paper), _member(root, FIGURES, paper)])


def _member(root: Path, folder: str, paper: str) -> str:
    files = [root / folder / f"{paper}.py", *_sources(root / folder / paper)]
    return files_hash(root, [file for file in files if file.is_file()])


def _sources(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.suffix in (".py", ".jinja") and p.is_file()]


def _joined(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
