"""`Trainings`: a panel of an experiment whose points are trained one by one, by a function on the host."""

import contextlib
import inspect
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
from jaxtyping import Array

from ..core import require
from ..engine import Plan
from ..sweeps import Grid, Spec, digest, point_key
from ..sweeps.spec import describe_key, plain

if TYPE_CHECKING:
    import xarray as xr

    from .progress import Status


class Training(NamedTuple):
    """One run of a panel. id: of its folder; the same wherever it is asked for again."""

    point: dict[str, Any]
    seed: int
    id: str

    def __str__(self) -> str:
        return ", ".join(f"{name} = {value}" for name, value in (*self.point.items(), ("seed", self.seed)))


@dataclass(frozen=True)
class Trainings:
    """train(point, key, checkpoint, **constants) at every point of a grid, for every seed.

    train: trains one model and returns a dict of arrays, of the same names, shapes and dtypes at every point; or that
        and a dict of facts (times, learning curves) that are kept beside the results, without being part of them.
        point: Python values of the grid's axes. key: a random key, the same for one seed at all points.
        checkpoint: a path for `fit(..., checkpoint=checkpoint)`, in a folder of this run alone.
    constants: further arguments: numbers, texts, lists.
    key: an integer from which the random keys are made.
    name, version: identify the results; raise the version when the meaning of the numbers changes.
    undefined: results that may be NaN without a warning.
    """

    train: Any
    grid: Any
    constants: Mapping[str, Any] = field(default_factory=dict)
    key: int = 0
    name: str = ""
    version: str | int = 1
    undefined: tuple[str, ...] = ()

    def __post_init__(self):
        require(callable(self.train), "train", self.train, "must be a function (point, key, checkpoint)", "write one")
        require(isinstance(self.grid, Grid), "grid", self.grid, "must be a Grid", "write Grid(...)")
        named = isinstance(self.constants, Mapping) and all(isinstance(name, str) for name in self.constants)
        require(named, "constants", self.constants, "must map names to values", 'pass {"epochs": 30}')
        good = isinstance(self.key, int) and not isinstance(self.key, bool) and 0 <= self.key < 2**32
        require(good, "key", self.key, "must be an integer from 0 to 2**32 - 1", "pass 0, the random key is made of it")
        both = sorted(set(self.constants) & set(self.grid.names))
        require(not both, "constants", both, "must not name axes of the grid", "drop one of the two")
        # as a worker will read them: what is a tuple here would be a list there
        object.__setattr__(self, "constants", plain(dict(self.constants)))
        if not self.name:
            object.__setattr__(self, "name", getattr(self.train, "__qualname__", type(self.train).__name__))
        _check_call(self.name, self.train, self.constants)

    @property
    def spec(self) -> Spec:
        """Everything that decides the numbers, apart from the code itself."""
        described = describe_key(jax.random.key(self.key))
        return Spec(self.name, str(self.version), self.grid.to_json(), dict(self.constants), described, False)

    @cached_property
    def trainings(self) -> tuple[Training, ...]:
        """All runs, in the order in which they are done: every point for one seed, then for the next.

        So a panel that is looked at half way has whole seeds, which are its independent samples.
        """
        spec = self.spec.to_json()
        own = {name: spec[name] for name in spec if name != "grid"}
        points = self.grid.points()
        name = lambda point, seed: digest({**own, "point": point, "seed": seed})[:16]
        return tuple(Training(point, seed, name(point, seed)) for seed in self.grid.seeds for point in points)

    def key_of(self, training: Training) -> Array:
        """The key of one run: that of a sweep's point which shares its noise with the others."""
        return point_key(jax.random.key(self.key), Plan({}, {}), training.point, training.seed)

    def run(
        self,
        store: str | os.PathLike | None = None,
        *,
        workers: Any = 0,
        trust: bool = False,
        on_progress: "Callable[[Status], None] | None" = None,
    ) -> "xr.Dataset":
        """Train what the store does not hold yet; the Dataset has the axes of the grid and `seed`, as a sweep's.

        store: a folder that keeps every finished run, and checkpoints of the others (default: nothing is kept).
        workers: processes that train at the same time, with one core each; 0 trains in this process.
        trust: take up what other sources have made, for changes that leave the numbers what they are.
        on_progress: told a Status when a run is finished, and now and then in between.

        Raises ValueError for a store of something else, for a point that cannot be trained, and for results that differ
        in their shapes; KeyboardInterrupt after saving, with a sentence on how to go on.
        """
        from .run import run

        whole = isinstance(workers, int) and not isinstance(workers, bool) and workers >= 0
        require(whole, "workers", workers, "must be a number of processes, or 0", "pass 2, or leave it out")
        told = on_progress is None or callable(on_progress)
        require(told, "on_progress", on_progress, "must be a function of a Status", "leave it out")
        with _kept(store) as folder:
            return run(self, folder, workers, trust, on_progress, temporary=store is None)

    def load(self, store: str | os.PathLike, *, whole_seeds: bool = False) -> "xr.Dataset":
        """What a store holds of this panel; unfinished runs are NaN. attrs["finished"] counts.

        whole_seeds: only seeds of which every point is finished. Raises ValueError where there is none, or for a store
        of something else.
        """
        from .dataset import assemble
        from .store import open_store

        return assemble(open_store(self, Path(store), trust=True), whole_seeds)


def _check_call(name: str, train: Any, constants: Mapping[str, Any]) -> None:
    try:
        inspect.signature(train).bind(None, None, None, **constants)
    except TypeError as error:
        raise ValueError(
            f"train = {name}: cannot be called with (point, key, checkpoint) and the constants "
            f"{', '.join(constants) or '(none)'}: {error}; write `def train(point, key, checkpoint, ...)`"
        ) from None
    except ValueError:
        pass  # written in C: nothing is known of its arguments


@contextlib.contextmanager
def _kept(store: str | os.PathLike | None) -> Iterator[Path]:
    if store is not None:
        yield Path(store)
        return
    with tempfile.TemporaryDirectory(prefix="jaxsnn-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "store"
