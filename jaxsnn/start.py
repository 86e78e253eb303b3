"""Before jax starts: cores, the compilation cache, and a readable word where there is no device to run on."""

import contextlib
import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup/cpu.max")


def available_cores(limit: Path = CGROUP) -> int:
    """Cores that this process may use: its affinity, and the share that its container is given."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # no such file, or no limit ("max")
        quota, period = limit.read_text().split()
        cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(1, cores)


def start(cores: int | None) -> int | None:
    """Start jax on `cores` cores (default: all there are); returns the number to ask of a sweep, None for all devices.

    Raises ValueError where jax finds no device of the kind that it was told to use.
    """
    import jax

    from .cache import use_cache
    from .sweeps import use_cores

    use_cache()
    # RuntimeError: jax runs already, with another number; a sweep can use fewer, and refuses more
    with contextlib.suppress(RuntimeError):
        use_cores(available_cores() if cores is None else cores)
    try:
        devices = jax.local_devices()
    except (RuntimeError, AssertionError) as error:  # the second where jax knows a platform and has no plugin for it
        asked = os.environ.get("JAX_PLATFORMS", "")
        told = f"JAX_PLATFORMS={asked} asks for one that is not there; unset it" if asked else str(error)
        raise ValueError(f"jax finds no device to run on: {told}") from error
    return None if devices[0].platform != "cpu" else cores
