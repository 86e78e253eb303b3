"""The persistent compilation cache: a program that this machine has compiled before starts at once.

The command line, the reproduction script and workers turn it on; `import jaxsnn` does not. The folder is the first of
JAX_COMPILATION_CACHE_DIR, $XDG_CACHE_HOME/jaxsnn/xla and ~/.cache/jaxsnn/xla. It can be deleted at any time.
"""

import os
import tempfile
from pathlib import Path

OWN = "JAX_COMPILATION_CACHE_DIR"
SHORTEST = "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"
SECONDS = 0.2  # what compiles faster is not kept; jax's own second would leave out most of a small sweep


def cache_folder() -> Path | None:
    """Where compiled programs are kept; None on a machine where there is no home to keep them in."""
    if os.environ.get(OWN):
        return Path(os.environ[OWN])
    general = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    try:
        general = general.expanduser()
    except RuntimeError:
        return None
    # a relative XDG folder is to be ignored, says its specification
    return (general if general.is_absolute() else Path.home() / ".cache") / "jaxsnn" / "xla"


def writable(folder: Path | None) -> bool:
    """Whether files can be made in `folder`, which is made if it is not there."""
    if folder is None:
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def use_cache() -> Path | None:
    """Keep compiled programs from now on; returns the folder, None where that is not possible. Never raises."""
    import jax

    folder = cache_folder()
    if not os.environ.get(SHORTEST):
        jax.config.update("jax_persistent_cache_min_compile_time_secs", SECONDS)
    if os.environ.get(OWN):
        return folder  # jax has read it already; a folder of other machines may be there to read only
    if not writable(folder):
        return None
    jax.config.update("jax_compilation_cache_dir", str(folder))
    return folder
