"""A step's row of a ring, where many networks write theirs at once.

Under `vmap` JAX makes a scatter of it, with a check of every place, into rings that lie one after the other: the rows
of a step are then as far apart as a ring is long, each in a page of memory of its own. Here they are laid side by side
(XLA keeps this order through the loop over time) and written as one piece. Reading them back, which is most of a step
of many small networks, gains even more than writing. The derivatives are those of a plain write.
"""

import jax
import jax.numpy as jnp
from jax.experimental.layout import Layout, with_layout_constraint
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Int, Shaped


def write_row(
    ring: Shaped[Array, "slot ..."], row: Shaped[Array, "..."], slot: Int[Array, ""]
) -> Shaped[Array, "slot ..."]:
    """The ring with this row in `slot`, which must be one of its own. Differentiable in ring and row, in both modes."""
    return _write.bind(ring, row, slot, networks=0)


_write = Primitive("write_row")  # networks: leading axes of ring and row that are not this network's


def _plain(ring: Array, row: Array, slot: Array, *, networks: int) -> Array:
    return jax.lax.dynamic_update_index_in_dim(ring, row, slot, networks)


def _compiled(ring: Array, row: Array, slot: Array, *, networks: int) -> Array:
    """Within a program alone: what leaves one, or is made outside, lies as any other array."""
    ring = _plain(ring, row, slot, networks=networks)
    if not networks:
        return ring
    order = (networks, *range(networks), *range(networks + 1, ring.ndim))
    return with_layout_constraint(ring, Layout(order))


def _batched(given, axes, *, networks):
    if axes[2] is not None:  # each network has a step of its own
        return jax.vmap(lambda *each: _plain(*each, networks=networks), axes)(*given), 0
    (size,) = {a.shape[axis] for a, axis in zip(given, axes, strict=True) if axis is not None}

    def for_all(a: Array, axis: int | None) -> Array:
        return jnp.broadcast_to(a, (size, *a.shape)) if axis is None else jnp.moveaxis(a, axis, 0)

    ring, row, slot = for_all(given[0], axes[0]), for_all(given[1], axes[1]), given[2]
    return _write.bind(ring, row, slot, networks=networks + 1), 0


def _slope(given, tangents, *, networks):
    ring, row, slot = given
    new = _write.bind(*given, networks=networks)
    if all(isinstance(tangent, ad.Zero) for tangent in tangents[:2]):
        return new, ad.Zero(jax.typeof(new).to_tangent_aval())
    moved = [ad.instantiate_zeros(tangent) for tangent in tangents[:2]]
    return new, _write.bind(*moved, slot, networks=networks)


def _transposed(cotangent, ring, row, slot, *, networks):
    if isinstance(cotangent, ad.Zero):
        return None, None, None
    due = jax.lax.dynamic_index_in_dim(cotangent, slot, networks, keepdims=False)
    rest = _write.bind(cotangent, jnp.zeros_like(due), slot, networks=networks)
    return (rest if ad.is_undefined_primal(ring) else None), (due if ad.is_undefined_primal(row) else None), None


_write.def_impl(_plain)
_write.def_abstract_eval(lambda ring, row, slot, *, networks: ring)
mlir.register_lowering(_write, mlir.lower_fun(_compiled, multiple_results=False))
batching.primitive_batchers[_write] = _batched
ad.primitive_jvps[_write] = _slope
ad.primitive_transposes[_write] = _transposed
