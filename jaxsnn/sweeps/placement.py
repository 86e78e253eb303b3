"""A chunk on the devices: nested vmaps over [point, seed] inside a shard_map over the points.

A network is written for one point and one key. The seeds are vmapped inside the points, and a key that all points share
stays unbatched over them, so the noise is drawn once for all; a flat axis of networks with repeated keys is several
times slower. Each device runs its own part of the points without talking to the others. A chunk is padded to a multiple
of the device count here only: layout and random numbers do not depend on the machine, statistics only in rounding.
"""

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, PyTree

from ..engine import Checkpoint, Program, Progress, drive
from ..engine.segments import count_nonfinite, settle, take_up
from .compiler import compile_chunk


def use_cores(count: int) -> None:
    """Split the processor into `count` devices, one per core; call it before anything runs on jax.

    Raises RuntimeError when jax has already started with another number.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"cores = {count!r}: must be an integer of at least 1; pass 2")
    try:
        jax.config.update("jax_num_cpu_devices", count)
    except RuntimeError as error:
        if len(jax.devices("cpu")) != count:
            raise RuntimeError(
                f"use_cores({count}) comes too late: jax has already started with {len(jax.devices('cpu'))} "
                "processor device(s); call it first thing, before any array is made"
            ) from error


def choose_devices(cores: int | None, width: int) -> list[Any]:
    """The devices for chunks of this width: the first `cores` of this process, never more than there are points."""
    devices = jax.local_devices()
    whole = isinstance(cores, int | np.integer | None) and not isinstance(cores, bool)
    if not whole or (cores is not None and not 1 <= cores <= len(devices)):
        raise ValueError(
            f"cores = {cores!r}: must be an integer from 1 to {len(devices)}, the devices of this process; ask for "
            "one of these, or make more with jaxsnn.sweeps.use_cores before jax starts"
        )
    return devices[: min(cores or len(devices), width)]


class ChunkProgram:
    """One group's begin, advance and finish for chunks of a fixed width, traced once and compiled once."""

    def __init__(
        self,
        program: Program,
        static: dict[str, Any],
        arrays: dict[str, Any],
        key: Array,
        *,
        seeds: int,
        width: int,
        segment: int,
        ragged: bool,
        shared: bool,
        devices: Sequence[Any],
    ):
        """arrays: those of one point; key: any key of the sweep's kind; the rest as in `layout`."""
        self.width, self.segment = width, segment
        self.rows = -(-width // len(devices)) * len(devices)
        mesh = jax.make_mesh((len(devices),), ("point",), axis_types=(AxisType.Auto,), devices=devices)
        self._by_point, self._everywhere = NamedSharding(mesh, P("point")), NamedSharding(mesh, P())
        self._keys = self._everywhere if shared else self._by_point
        over_keys = None if shared else 0

        def begin(arrays, keys):
            one = lambda a, k: settle(program.begin({**static, **a[0]}, k))
            return jax.vmap(jax.vmap(one, (None, 0)), (0, over_keys))(arrays, keys)

        def advance(arrays, keys, carry, start):
            def one(a, k, c):
                values, needed = a
                new = settle(program.advance({**static, **values}, k, c, start, segment))
                # A point that has all its steps stays as it is, whatever else its chunk has to do.
                return jax.tree.map(lambda x, y: jnp.where(start < needed, x, y), new, c) if ragged else new

            return jax.vmap(jax.vmap(one, (None, 0, 0)), (0, over_keys, 0))(arrays, keys, carry)

        def finish(arrays, carry):
            one = lambda a, c: program.finish({**static, **a[0]}, c)
            return jax.vmap(jax.vmap(one, (None, 0)), (0, 0))(arrays, carry)

        by, keys = P("point"), self._keys.spec
        wrap = lambda f, ins: jax.shard_map(f, mesh=mesh, in_specs=ins, out_specs=by, check_vma=False)
        like = lambda shape, dtype, sharding: jax.ShapeDtypeStruct(shape, dtype, sharding=sharding)
        stacked = jax.tree.map(lambda a: like((self.rows, *a.shape), a.dtype, self._by_point), arrays)
        a = (stacked, like((self.rows,), jnp.int32, self._by_point))
        k = like((seeds,) if shared else (self.rows, seeds), key.dtype, self._keys)
        self._begin = jax.jit(wrap(begin, (by, keys))).trace(a, k)
        # shapes of the carry, with the sharding it will have
        c = jax.tree.map(lambda s: like(s.shape, s.dtype, self._by_point), self._begin.out_info)
        start = like((), jnp.int32, self._everywhere)
        self._advance = jax.jit(wrap(advance, (by, keys, by, P())), donate_argnums=2).trace(a, k, c, start)
        self._finish = jax.jit(wrap(finish, (by, by))).trace(a, c)
        self._count = count_nonfinite.trace(c)
        self._carry = c
        self.compiled: tuple[Any, ...] | None = None

    @cached_property
    def memory(self) -> int:
        """Bytes, estimated from shapes: state before and after a segment, and within it where points may
        end there, and twice the largest array in it."""
        state = sum(_bytes(leaf) for leaf in jax.tree.leaves(self._carry))
        results = sum(_bytes(leaf) for leaf in jax.tree.leaves(self._finish.out_info))
        devices = len(self._by_point.device_set)
        inside = _largest([e.params for e in self._advance.jaxpr.eqns])  # of the shard_map, so of one device
        return 3 * state + results + 2 * devices * inside

    def compile(self) -> float:
        """Compile what is not compiled yet; returns the seconds it took."""
        begun = time.monotonic()
        if self.compiled is None:
            traced = (self._begin, self._advance, self._finish, self._count)
            self.compiled = tuple(compile_chunk(one) for one in traced)
        return time.monotonic() - begun

    def run(
        self,
        arrays: Sequence[dict[str, Any]],
        keys: Array,
        steps: Sequence[int],
        segments: int,
        *,
        on_segment: Callable[[Progress], None] | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> dict[str, np.ndarray]:
        """Run the points of one chunk from beginning to end; results of shape [point, seed, ...].

        checkpoint: when its file exists the chunk goes on from it.
        """
        self.compile()
        begin, advance, finish, nonfinite = self.compiled  # type: ignore[misc]
        count, shared = len(arrays), self._keys is self._everywhere
        a = jax.tree.map(lambda *leaves: self._place(np.stack(leaves)), *arrays)
        a = (a, self._place(np.asarray(steps, np.int32)))
        keys = jax.device_put(keys if shared else keys[self._filled(count)], self._keys)
        begun = begin(a, keys)
        start = 0
        if checkpoint is not None:
            checkpoint = checkpoint._replace(pack=lambda carry: jax.tree.map(self._unpadded, carry))
            if checkpoint.path.exists():
                begun, start = self._restore(checkpoint)
        one = lambda carry, start: advance(a, keys, carry, jax.device_put(start, self._everywhere))
        total = segments * self.segment
        end = drive(
            one,
            begun,
            total,
            self.segment,
            start=start,
            on_segment=on_segment,
            checkpoint=checkpoint,
            count=nonfinite,
        )
        return {name: np.asarray(value)[:count] for name, value in finish(a, end.carry).items()}

    def _filled(self, count: int) -> np.ndarray:
        """Rows of a chunk of `count` points: its last point is repeated up to the number of rows."""
        return np.minimum(np.arange(self.rows), count - 1)

    def _place(self, stacked: np.ndarray | Array) -> Array:
        return jax.device_put(stacked[self._filled(len(stacked))], self._by_point)

    def _unpadded(self, leaf: Array) -> Any:
        is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        return leaf[: self.width] if is_key else np.asarray(leaf)[: self.width]

    def _restore(self, checkpoint: Checkpoint) -> tuple[PyTree, int]:
        """The saved carry, back under the sharding that the compiled segment expects."""
        like = jax.tree.map(lambda s: jax.ShapeDtypeStruct((self.width, *s.shape[1:]), s.dtype), self._carry)
        carry, step = take_up(checkpoint, like)
        return jax.tree.map(lambda leaf: self._place(leaf), carry), step


def _bytes(leaf: Any) -> int:
    return int(np.prod(leaf.shape)) * leaf.dtype.itemsize


def _largest(node: Any) -> int:
    """Bytes of the largest value that any equation of a jaxpr makes, inner jaxprs included."""
    if hasattr(node, "jaxpr"):
        return _largest(node.jaxpr)
    if hasattr(node, "eqns"):
        own = [_bytes(v.aval) for e in node.eqns for v in e.outvars if hasattr(v.aval, "dtype")]
        return max([0, *own, _largest([e.params for e in node.eqns])])
    if isinstance(node, dict):
        return _largest(list(node.values()))
    if isinstance(node, list | tuple):
        return max([0, *(_largest(item) for item in node)])
    return 0
