"""Which names of a point a study reads: a misspelt axis or constant changes nothing, and nothing would show it."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import jax

from ..engine import Plan


class Seen:
    """Names that were asked for one by one, and names that were met as all were gone through."""

    def __init__(self):
        self.named: set[str] = set()
        self.met: set[str] = set()

    @property
    def all(self) -> set[str]:
        return self.named | self.met


class Reads(dict):
    """A point that notes which of its names are asked for. As a pytree it is a dict, all of whose names are met."""

    def __init__(self, values: Mapping[str, Any], seen: Seen | None = None):
        super().__init__(values)
        self.seen = Seen() if seen is None else seen

    def _named(self, name: Any) -> None:
        self.seen.named.add(str(name))

    def _met(self) -> dict[str, Any]:
        plain = dict(super().items())
        self.seen.met.update(plain)
        return plain

    def __getitem__(self, name: str) -> Any:
        self._named(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._named(name)
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._named(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        self._named(name)
        return super().pop(name, *default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        self._named(name)
        return super().setdefault(name, default)

    def keys(self) -> Any:
        return self._met().keys()

    def values(self) -> Any:
        return self._met().values()

    def items(self) -> Any:
        return self._met().items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._met())

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._met())

    def copy(self) -> dict[str, Any]:
        return self._met()

    def popitem(self) -> tuple[str, Any]:
        self._met()
        return super().popitem()

    def __or__(self, other: Any) -> Any:
        return self._met() | other

    def __ror__(self, other: Any) -> Any:
        return other | self._met()

    def __eq__(self, other: object) -> bool:
        return self._met() == other

    __hash__ = None  # type: ignore[assignment]


jax.tree_util.register_pytree_with_keys(
    Reads,
    lambda point: ([(jax.tree_util.DictKey(name), point[name]) for name in sorted(point)], tuple(sorted(point))),
    lambda names, values: dict(zip(names, values, strict=True)),
)


def check_read(
    axes: Sequence[str], constants: Iterable[str], plans: Sequence[Plan], prepared: Seen | None, run: Seen
) -> None:
    """ValueError for an axis or a constant that nothing reads.

    plans: of all points. prepared: what `prepare` read, None for the one that hands everything on; run: what the
    program read of the plans.
    """
    for name in (*axes, *constants):
        if prepared is not None and name in prepared.named:
            continue
        if prepared is None or name in prepared.met:
            handed_on = any(name in plan.static or name in plan.arrays for plan in plans)
            if name in run.all or not handed_on or any(name in plan.noise for plan in plans):
                continue  # handed on, perhaps under another name, and read
        known = sorted(run.named if prepared is None else prepared.named)
        near = difflib.get_close_matches(name, known, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        reads = f"it reads {', '.join(known)}" if known else "it reads nothing by name"
        what, remedy = (
            (f"axis {name!r}", "drop it; for repetitions pass seed=8")
            if name in axes
            else (f"constants[{name!r}]", "drop it")
        )
        raise ValueError(f"{what}: nothing in the study reads it{hint}, and something must; {reads}; {remedy}")
