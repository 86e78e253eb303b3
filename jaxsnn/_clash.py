"""Guard against the unrelated project that is published as `jaxsnn`: both install a package of that name.

Installed into one environment they overwrite each other's files in silence, and what is left is half of each.
`importlib.metadata.packages_distributions` would tell, in 100-200 ms at every import; this asks less: folder names
(1 ms), and the RECORD files beside this package when it is installed in site-packages (8 ms for 90 distributions).
"""

import os
import sys
from pathlib import Path

OURS = "spikegrid"
PACKAGE = "jaxsnn"


def claimants(home: Path, path: list[str]) -> list[str]:
    """Other installed distributions that own `jaxsnn`, as 'NAME-VERSION in FOLDER'.

    `home` is the folder that holds this package: there any distribution counts whose RECORD lists files of `jaxsnn`.
    Elsewhere on `path` nothing can be overwritten, and only the project that is known to clash is looked for, by name.
    """
    found = {}
    for folder in dict.fromkeys([*(Path(entry or ".").absolute() for entry in path), home.absolute()]):
        try:
            names = os.listdir(folder)
        except OSError:  # a zip file, or a folder that is gone
            continue
        for name in names:
            stem, kind = os.path.splitext(name)
            if kind not in (".dist-info", ".egg-info") or stem.lower().startswith(f"{OURS}-"):
                continue
            if stem.lower().split("-")[0] == PACKAGE or (folder == home.absolute() and _lists_us(folder / name)):
                found[stem] = f"{stem} in {folder}"
    return list(found.values())


def _lists_us(info: Path) -> bool:
    try:
        record = (info / "RECORD").read_bytes()
    except OSError:
        return False
    return b"\n" + PACKAGE.encode() + b"/" in b"\n" + record


def check() -> None:
    """Raise ImportError, with the remedy, when another distribution claims this package's name."""
    others = claimants(Path(__file__).resolve().parents[1], sys.path)
    if others:
        names = " ".join(other.split(" ")[0].rsplit("-", 1)[0] for other in others)
        raise ImportError(
            f"another project installs a package called {PACKAGE!r} too: {'; '.join(others)}. The two overwrite each "
            f"other's files. Use a fresh environment, or uninstall both and install the one you want:\n"
            f"    pip uninstall -y {names} {OURS}\n"
            f"    pip install --no-deps --editable .        (in the checkout of {OURS})"
        )
