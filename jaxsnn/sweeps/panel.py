"""A panel: one sweep of an experiment, with everything that identifies it, so that it can be run, resumed and cited."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax

from ..core import require
from ..engine import Program
from .grid import Grid
from .run import sweep
from .single import Single, single
from .study import Study

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Panel:
    """study on grid. constants: settings of this panel. key: an integer, the sweep's random key is made of it."""

    study: Study | Program | Any
    grid: Grid
    constants: Mapping[str, Any] = field(default_factory=dict)
    independent: bool = False
    key: int = 0

    def __post_init__(self):
        good = isinstance(self.key, int) and not isinstance(self.key, bool) and 0 <= self.key < 2**32
        require(good, "key", self.key, "must be an integer from 0 to 2**32 - 1", "pass 0, the random key is made of it")

    def run(self, store: str | os.PathLike | None = None, **options: Any) -> "xr.Dataset":
        """The Dataset, from the store as far as it is there; options as those of `sweep`."""
        return sweep(
            self.study,
            self.grid,
            key=jax.random.key(self.key),
            store=None if store is None else Path(store),
            independent=self.independent,
            constants=dict(self.constants),
            **options,
        )

    def single(self, point: Mapping[str, Any], seed: int = 0) -> Single:
        """One point of the panel alone, with the key it has in the panel."""
        return single(
            self.study,
            point,
            key=jax.random.key(self.key),
            seed=seed,
            independent=self.independent,
            constants=dict(self.constants),
        )
