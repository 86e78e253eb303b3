"""A grid of points: named axes, crossed or zipped, and the seeds.

    Grid(noise="0.05:40:24:log", delay=[0, 0.1], seed=8)      every noise with every delay, 8 seeds each
    Grid.zip(noise=[0.5, 2.0], delay=[0.1, 1.6])              the first with the first, the second with the second
    Grid(leak=[0.1, 1]) * Grid.zip(...)                       crossed

The forms of an axis are those of `axes`. Seeds are always crossed with everything and always last.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from . import axes
from .axes import Value
from .spec import canonical

Factor = tuple[tuple[str, tuple[Value, ...]], ...]  # axes that run together: (name, values), all of one length

MOST_POINTS, MOST_NETWORKS = 1_000_000, 100_000_000


def _check_names(names: Iterable[Any]) -> None:
    for name in names:
        if not isinstance(name, str) or not name.isidentifier() or name == "seed":
            raise ValueError(f"axis {name!r}: its name must be a word of letters, digits and _, not 'seed'; rename it")


class Grid:
    """An immutable set of points; see the module for how to write one. Raises ValueError for axes it cannot read."""

    __slots__ = ("_factors", "_seeds")

    def __init__(self, /, *, seed: Any = None, **named: Any):
        _check_names(named)
        factors = tuple(((name, axes.values(name, form)),) for name, form in named.items())
        self._set(factors, None if seed is None else axes.seeds(seed))

    @classmethod
    def zip(cls, /, **named: Any) -> "Grid":
        """Axes of one length that run together; in the Dataset they share a dimension named after all of them."""
        if "seed" in named:
            raise ValueError("seeds are crossed with every point, never zipped; write Grid.zip(...) * Grid(seed=...)")
        _check_names(named)
        if not named:
            raise ValueError("Grid.zip() has no axes and must have one; give it at least one")
        columns = {name: axes.values(name, form) for name, form in named.items()}
        if len({len(column) for column in columns.values()}) > 1:
            lengths = ", ".join(f"{name} has {len(column)}" for name, column in columns.items())
            raise ValueError(f"zipped axes must have one length, but {lengths}; use Grid(...) to cross them")
        return cls._made((tuple(columns.items()),), None)

    @classmethod
    def _made(cls, factors: tuple[Factor, ...], seeds: tuple[int, ...] | None) -> "Grid":
        grid = cls.__new__(cls)
        grid._set(factors, seeds)
        return grid

    def _set(self, factors: tuple[Factor, ...], seeds: tuple[int, ...] | None) -> None:
        _check_names(name for factor in factors for name, _ in factor)
        sizes = [len(factor[0][1]) for factor in factors if factor]
        points, networks = math.prod(sizes), math.prod(sizes) * len(seeds or (0,))
        if points > MOST_POINTS or networks > MOST_NETWORKS:
            raise ValueError(
                f"grid = {points} points ({' x '.join(map(str, sizes))}), {networks} networks: must be at most "
                f"{MOST_POINTS} points and {MOST_NETWORKS} networks; take fewer values, or cut it into several sweeps"
            )
        taken = ["_".join(name for name, _ in factor) for factor in factors]
        taken += [name for factor in factors if len(factor) > 1 for name, _ in factor]
        doubled = [name for name, times in Counter(taken).items() if times > 1]
        if doubled:
            raise ValueError(f"axis {doubled[0]!r} appears twice; every axis needs a name of its own")
        for factor in factors:
            rows = Counter(zip(*(column for _, column in factor), strict=True))
            again = [row for row, times in rows.items() if times > 1]
            if again:
                what = " and ".join(name for name, _ in factor)
                shown = again[0] if len(factor) > 1 else again[0][0]
                raise ValueError(
                    f"{what} = {shown!r} appears more than once; every point of a grid must be distinct, so drop it"
                )
        object.__setattr__(self, "_factors", factors)
        object.__setattr__(self, "_seeds", seeds)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a Grid is immutable; make another one with the {name} you want")

    def __mul__(self, other: "Grid") -> "Grid":
        """Cross two grids; at most one of them may name the seeds."""
        if not isinstance(other, Grid):
            return NotImplemented
        if self._seeds is not None and other._seeds is not None:
            raise ValueError("both grids name their seeds; leave them to one of the two")
        return Grid._made(self._factors + other._factors, self._seeds if other._seeds is None else other._seeds)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seed 0 alone unless the grid says otherwise."""
        return (0,) if self._seeds is None else self._seeds

    @property
    def factors(self) -> tuple[Factor, ...]:
        return self._factors

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all axes, without the seed."""
        return tuple(name for factor in self._factors for name, _ in factor)

    @property
    def labels(self) -> tuple[str, ...]:
        """Axes of names that run together with others: all that they do may be to name the points."""
        zipped = [pair for factor in self._factors if len(factor) > 1 for pair in factor]
        return tuple(name for name, column in zipped if isinstance(column[0], str))

    @property
    def dims(self) -> tuple[str, ...]:
        """Dimensions of the Dataset, without the seed: one per factor."""
        return tuple("_".join(name for name, _ in factor) for factor in self._factors)

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along each dimension, without the seed."""
        return tuple(len(factor[0][1]) for factor in self._factors)

    @property
    def networks(self) -> int:
        """Points times seeds."""
        return math.prod(self.shape) * len(self.seeds)

    def points(self) -> list[dict[str, Value]]:
        """Every point as a dict of Python values, without the seed; the last axis varies fastest."""
        rows = []
        for factor in self._factors:
            names, columns = [name for name, _ in factor], [column for _, column in factor]
            rows.append([dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)])
        return [{name: value for part in parts for name, value in part.items()} for parts in itertools.product(*rows)]

    def to_json(self) -> dict[str, Any]:
        """The grid in full: every value, whatever form it was written in."""
        factors = [[[name, list(column)] for name, column in factor] for factor in self._factors]
        return {"factors": factors, "seed": list(self.seeds)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Grid":
        """The grid that `to_json` wrote. Raises ValueError for anything else."""
        try:
            _check_names(name for factor in data["factors"] for name, _ in factor)
            factors = tuple(tuple((name, axes.values(name, list(column))) for name, column in factor)
                            for factor in data["factors"])  # fmt: skip
            seeds = axes.seeds(list(data["seed"]))
            if data.keys() != {"factors", "seed"} or any(len({len(c) for _, c in f}) != 1 for f in factors):
                raise ValueError("its axes do not go together")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(
                f"grid = {axes.short(data)}: must be what Grid.to_json() returns ({error}); write it with that"
            ) from None
        return cls._made(factors, seeds)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and canonical(self.to_json()) == canonical(other.to_json())

    def __hash__(self) -> int:
        return hash(canonical(self.to_json()))

    def __repr__(self) -> str:
        sizes = [f"{dim}[{size}]" for dim, size in zip(self.dims, self.shape, strict=True)]
        return f"Grid({' x '.join([*sizes, f'seed[{len(self.seeds)}]'])}: {self.networks} networks)"
