"""Differentiable spiking networks in JAX: sweep noise and delay grids, differentiate, reproduce papers.

    from jaxsnn import Cell, Grid, Study, param, simulate, sweep

Everything that lives in time is a `Cell`; `simulate` is the loop over time; `sweep` runs a study over a grid. The parts
are in subpackages (`jaxsnn.neurons`, `jaxsnn.theory`, ...), each loaded when it is first named.

The distribution is called `spikegrid`. It is not affiliated with electronicvisions/jaxsnn; do not install both.
"""

import gc
import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

from . import _clash

if TYPE_CHECKING:
    from .core import Cell as Cell
    from .core import Span as Span
    from .core import Tick as Tick
    from .core import param as param
    from .engine import simulate as simulate
    from .sweeps import Grid as Grid
    from .sweeps import Study as Study
    from .sweeps import sweep as sweep

__version__ = "0.1.0"

_clash.check()

# Loaded when first named: a store or a plot must not cost those who only want a neuron.
_HOMES = {
    "Cell": "core",
    "Span": "core",
    "Tick": "core",
    "param": "core",
    "simulate": "engine",
    "Grid": "sweeps",
    "Study": "sweeps",
    "sweep": "sweeps",
}


def _parts() -> set[str]:
    return {module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")}


def _load(part: str) -> Any:
    """A part, imported while no garbage is collected: modules make many objects, which all stay, and to look through
    them and those of jax every few thousand objects takes two fifths of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return importlib.import_module(f".{part}", __name__)
    finally:
        if collects:
            gc.enable()


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(_load(_HOMES[name]), name)
    elif name in _parts():
        value = _load(name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__dir__())}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*_HOMES, *_parts(), "__version__"})
