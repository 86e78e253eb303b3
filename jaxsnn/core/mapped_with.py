"""An array that `vmap` maps wherever it maps certain others.

Under the gradient of a `vmap`, JAX adds up what a custom reverse rule returns for an argument that all networks share.
An output that does not depend on what is mapped is shared too, and what arrives from it, already the sum over all
networks, is counted once for each. So a custom rule must have every output depend on every argument that may be mapped:
here without computing anything.
"""

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, PyTree, Shaped


def mapped_with(x: Shaped[Array, "..."], others: PyTree) -> Shaped[Array, "..."]:
    """`x`, mapped by every `vmap` that maps one of the arrays in `others`. Differentiable in x, in both modes."""
    arrays = [leaf for leaf in jax.tree.leaves(others) if hasattr(leaf, "dtype")]
    return _mapped.bind(x, *arrays) if arrays else x


_mapped = Primitive("mapped_with")


def _batched(given, axes):
    (x, *others), axis = given, axes[0]
    if axis is None:
        (size,) = {a.shape[along] for a, along in zip(given, axes, strict=True) if along is not None}
        x, axis = jnp.broadcast_to(x, (size, *x.shape)), 0
    return _mapped.bind(x, *others), axis


_mapped.def_impl(lambda x, *others: x)
_mapped.def_abstract_eval(lambda x, *others: x)
mlir.register_lowering(_mapped, lambda context, x, *others: [x])
batching.primitive_batchers[_mapped] = _batched
ad.primitive_jvps[_mapped] = lambda given, tangents: (_mapped.bind(*given), tangents[0])
