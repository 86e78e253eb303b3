"""One point of a sweep, alone: its parameters and its key, for rasters, traces or a second look.

one = single(study, {"noise": 2.0, "delay": 0.4}, key=key, seed=3)
one.run()                                                              its results again
simulate(network(one.values), dt=..., key=one.key, steps=..., record=...)   the same path with every spike
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..core import check_key, require
from ..engine import Plan, Program, run_program, segment_length
from .keys import point_key
from .study import Study, as_program, as_study, merged_constants, prepare_point


class Single(NamedTuple):
    """A point with everything that its network needs. `values` is what the program is given."""

    study: Study
    point: dict[str, Any]
    plan: Plan
    steps: int
    key: Array

    @property
    def values(self) -> dict[str, Any]:
        return {**self.plan.static, **jax.tree.map(jnp.asarray, self.plan.arrays)}

    def run(self) -> dict[str, Array]:
        """The results of this network alone: those of the sweep, up to rounding."""
        program = as_program(self.study.program)
        segment = segment_length(self.steps, self.study.segment, getattr(program, "block", 1))
        return run_program(program, self.plan, self.key, segment=segment)


def single(
    run: Study | Program | Callable,
    point: Mapping[str, Any],
    *,
    key: Array,
    seed: int = 0,
    independent: bool = False,
    constants: Mapping[str, Any] | None = None,
) -> Single:
    """Prepare one point as `sweep` does with the same key, seed, constants and `independent`.

    point: its coordinates. Raises ValueError for a point that the study refuses.
    """
    study = as_study(run)
    check_key("key", key)
    good = isinstance(seed, int | np.integer) and not isinstance(seed, bool) and 0 <= seed < 2**32
    require(good, "seed", seed, "must be an integer from 0 to 2**32 - 1", "pass one of the seeds of the sweep")
    named = isinstance(point, Mapping) and all(isinstance(name, str) for name in point)
    require(named, "point", point, "must map axes to values", "pass a dict, such as one of grid.points()")
    for name, value in point.items():
        single = not isinstance(value, list | tuple | dict) and np.ndim(value) == 0
        require(single, name, value, "must be one value", "pass one, and `sweep` for several")
    one = prepare_point(study, {**merged_constants(study, list(point), constants), **point})
    return Single(study, one.point, one.plan, one.steps, point_key(key, one.plan, one.point, seed, independent))
