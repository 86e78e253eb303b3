"""A Program: a run as begin, advance and finish, so that a host loop can stand between its segments.

A jitted function cannot hold a host loop, and a run of minutes needs one: for progress, for noticing numbers that are
no longer finite, for checkpoints and for Ctrl-C. A Program is written for one network, like everything here; `sweep`
vmaps it over points and seeds, `run_program` runs it alone. Any cut into segments gives the same numbers.

A point is a dict: static entries are Python values (sizes), the rest are scalar arrays.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PyTree

from ..core import Cell, check_cells, check_positive, checks_of, not_refused, passing, require
from .blocks import run_steps, run_until, streams
from .kept import kept

Point = Mapping[str, Any]


class Plan(NamedTuple):
    """What a study's `prepare` makes of one grid point, on the host, in float64.

    static: Python values that shape the program (sizes, ring length); points that share them share one compilation.
    arrays: numbers that are traced: one program serves them all.
    noise: what, besides the seed, the random numbers depend on (for instance neurons and dt). Points of one chunk
        share it, and so share their noise.
    """

    static: dict[str, Any]
    arrays: dict[str, Any]
    noise: dict[str, Any] = {}  # noqa: RUF012


class Program(eqx.Module):
    """One network's run in segments. `steps` is the number of steps a point needs; a run may overshoot it."""

    def steps(self, point: Point) -> int:
        """Steps that this point needs (host)."""
        raise NotImplementedError

    def check(self, point: Point) -> None:
        """Raise a ValueError for a concrete point that the run would misread (host)."""
        del point

    def passes(self, plans: Sequence[Plan]) -> np.ndarray:
        """Of plans with equal `static` and alike arrays, those that `check` is known to let pass: bool [plan] (host).

        False says nothing. For programs that can check many points faster than one by one.
        """
        return np.zeros(len(plans), bool)

    def begin(self, point: Point, key: Array) -> PyTree:
        raise NotImplementedError

    def advance(self, point: Point, key: Array, carry: PyTree, start: Int[Array, ""], steps: int) -> PyTree:
        raise NotImplementedError

    def finish(self, point: Point, carry: PyTree) -> dict[str, Array]:
        raise NotImplementedError


class Simulation(Program):
    """The usual Program: build a network from the point, run it, read its meters.

    network: point -> Cell, meters included. The point's entries `dt` and `steps` give the time step and the length.
    result: (point, final state) -> dict of small arrays.
    block: steps per block (see `blocks`).
    """

    network: Callable[[Point], Cell] = eqx.field(static=True)
    result: Callable[[Point, PyTree], dict[str, Array]] = eqx.field(static=True)
    block: int = eqx.field(static=True, default=20)

    def steps(self, point):
        steps = point["steps"]
        whole = np.asarray(steps).dtype.kind in "iuf" and float(steps) == int(steps)
        require(whole, "steps", steps, "must be a whole number", "count the steps of a run, duration / dt")
        return int(steps)

    def check(self, point):
        check_positive("dt", point["dt"])
        check_cells(self.network(point), point["dt"])

    def passes(self, plans):
        return passing(lambda arrays: self.check({**plans[0].static, **arrays}), [plan.arrays for plan in plans])

    def begin(self, point, key):
        initial, _ = streams(key)
        return _begin(self.network(point), initial)

    def advance(self, point, key, carry, start, steps):
        network, (_, stream) = self.network(point), streams(key)
        last = point["steps"]
        whole = isinstance(last, int) and last % steps == 0  # segments begin at multiples of their length
        last = None if whole else jnp.asarray(last, jnp.int32)
        return _advance(network, carry, last, start, point["dt"], stream, steps=steps, block=self.block)

    def finish(self, point, carry):
        return self.result(point, carry)


def _advanced(network: Cell, carry: PyTree, last: Any, start: Any, dt: Any, stream: Array, steps: int, block: int):
    """The state `steps` steps later, or at step `last` if that comes before; None: it does not."""
    run: dict[str, Any] = {"start": start, "steps": steps, "dt": dt, "stream": stream, "block": block}
    if last is None:
        return run_steps(network, carry, None, keep=lambda ys: None, **run)[0]
    return run_until(network, carry, last, **run)


_begin = kept(lambda network, key: network.init(key))
_advance = kept(_advanced, static=("steps", "block"))


class Once(Program):
    """A plain function run(point, key) -> dict of small arrays as a Program of one segment.

    Its checks are those that its cells make, as far as they can be found without running it.
    """

    run: Callable[[Point, Array], dict[str, Array]] = eqx.field(static=True)

    def steps(self, point):
        del point
        return 1

    def check(self, point):
        as_array = lambda leaf: jnp.asarray(leaf) if isinstance(leaf, np.ndarray) else leaf
        # past a point's own `items`: to go through its names here is not to read them
        numbers = {name: jax.tree.map(as_array, value) for name, value in dict.items(point)}
        try:
            checks_of(lambda: self._with_some_key(numbers))()
        except ValueError:
            raise
        except Exception:  # the run itself says that better
            return

    def passes(self, plans):
        return not_refused(
            lambda arrays: self._with_some_key({**plans[0].static, **arrays}), [plan.arrays for plan in plans]
        )

    def _with_some_key(self, point: Point) -> dict[str, Array]:
        return self.run(point, jax.random.key(0))

    def begin(self, point, key):
        return jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(lambda: self.run(point, key)))

    def advance(self, point, key, carry, start, steps):
        del carry, start, steps
        return self.run(point, key)

    def finish(self, point, carry):
        del point
        return carry
