"""The checkout: the folder with `experiments/` and `paper_figures/`, which the installed package does not have."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

PACKAGE = Path(__file__).resolve().parents[1]
EXPERIMENTS, FIGURES = "experiments", "paper_figures"


def find_checkout(start: Path | None = None, package: Path = PACKAGE) -> Path:
    """The nearest folder with experiments and figures: upwards from `start` (default: here), or beside the package.

    Raises ValueError where there is none.
    """
    here = (Path.cwd() if start is None else start).resolve()
    for folder in (here, *here.parents, package.parent):
        if (folder / EXPERIMENTS).is_dir() and (folder / FIGURES).is_dir():
            return folder
    raise ValueError(
        f"no checkout found: neither {here}, nor a folder above it, nor the one that holds the package has "
        f"{EXPERIMENTS}/ and {FIGURES}/. Clone the repository and run the command inside it; "
        "`jaxsnn sweep path/to/study.py` works anywhere"
    )


def members(root: Path, folder: str) -> dict[str, Path]:
    """Modules and packages of a folder of the checkout, by name, each with its file."""
    found = {path.stem: path for path in (root / folder).glob("*.py")}
    found |= {path.parent.name: path for path in (root / folder).glob("*/__init__.py")}
    return {name: found[name] for name in sorted(found) if not name.startswith("_")}


def papers(root: Path) -> list[str]:
    """Names that have both an experiment and figures."""
    return sorted(set(members(root, EXPERIMENTS)) & set(members(root, FIGURES)))


def load_module(root: Path, name: str) -> ModuleType:
    """Import `experiments.NAME` or `paper_figures.NAME` from this checkout, whatever else is called so."""
    if str(root) not in sys.path[:1]:
        sys.path.insert(0, str(root))
    module = importlib.import_module(name)
    where = Path(module.__file__ or "").resolve()
    if not where.is_relative_to(root.resolve()):
        raise ValueError(f"{name} was found at {where}, outside of the checkout {root}; remove one of the two")
    return module
