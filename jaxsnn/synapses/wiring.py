"""Random connectivity.

    fixed_probability   each pair of neurons is connected with probability p, independently: an Erdos-Renyi graph, with
                        in-degrees that are binomial
    fixed_indegree      every neuron has `indegree` different inputs, all sets of them equally likely

Both give `Sparse` synapses. `fixed_indegree` has shapes that do not depend on the key, so it may be traced: a sweep can
give each seed a network of its own. `fixed_probability` works on the host.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..core import check_between, check_size, is_concrete, require, strong
from .sparse import Sparse

Weight = Any  # one number for all synapses, or a function (key, shape) -> weights


def fixed_probability(
    key: Array, *, pre: int, post: int, p: float, weight: Weight, self_connections: bool = True
) -> Sparse:
    """Each pair connected with probability p. weight: one number, or a function (key, (synapse,)) -> weights.

    self_connections=False leaves out the pairs of a neuron with itself, in a network where pre = post. Raises
    ValueError for sizes or a p that make no sense, and under a trace.
    """
    _check_sizes(pre, post, self_connections)
    if not is_concrete(key):
        raise ValueError(
            "fixed_probability: the number of synapses depends on the key, which is traced here; call it outside jit, "
            "vmap and grad, or use fixed_indegree"
        )
    check_between("p", p, 0, 1, "pass the probability that a pair is connected")
    wire, weigh = jax.random.split(key)
    generator = np.random.default_rng(np.asarray(jax.random.key_data(wire)).tolist())
    rows = [np.flatnonzero(generator.random(pre) < p) for _ in range(post)]
    post_index = np.repeat(np.arange(post, dtype=np.int32), [len(row) for row in rows])
    pre_index = np.concatenate(rows).astype(np.int32)
    if not self_connections:
        other = post_index != pre_index
        post_index, pre_index = post_index[other], pre_index[other]
    return Sparse.from_lists(post_index, pre_index, _weights(weight, weigh, pre_index.shape), post=post, pre=pre)


def fixed_indegree(
    key: Array, *, pre: int, post: int, indegree: int, weight: Weight, self_connections: bool = True
) -> Sparse:
    """`indegree` different inputs for each neuron.

    weight: one number, or a function (key, (post, indegree)) -> weights.
    self_connections=False excludes a neuron itself, in a network where pre = post. Raises ValueError for sizes that
    make no sense and an indegree beyond the number of inputs.
    """
    _check_sizes(pre, post, self_connections)
    check_size("indegree", indegree)
    most = pre if self_connections else pre - 1
    require(indegree <= most, "indegree", indegree, f"must be at most {most}, the inputs there are", "lower it")
    wire, weigh = jax.random.split(key)
    source = _subsets(wire, post, most, indegree)
    if not self_connections:
        source = source + (source >= jnp.arange(post, dtype=jnp.int32)[:, None]).astype(jnp.int32)
    weights = jnp.broadcast_to(_weights(weight, weigh, (post, indegree)), (post, indegree))
    return Sparse(weights, source, pre=pre)


def _subsets(key: Array, rows: int, total: int, size: int) -> Int[Array, "row size"]:
    """For each row a set of `size` of the numbers 0 ... total - 1, all equally likely, in ascending order (Floyd)."""
    last = jnp.arange(total - size, total, dtype=jnp.int32)
    most = jnp.broadcast_to(last[None], (rows, size))
    drawn = jax.random.randint(key, (rows, size), jnp.zeros_like(most), most + 1, dtype=jnp.int32)  # from 0 ... last

    def choose(n, chosen):
        taken = jnp.any(chosen == drawn[:, n, None], axis=1)
        return chosen.at[:, n].set(jnp.where(taken, last[n], drawn[:, n]))

    return jnp.sort(jax.lax.fori_loop(0, size, choose, jnp.full((rows, size), -1, jnp.int32)), axis=1)


def _weights(weight: Weight, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
    if not isinstance(weight, Callable):
        one = strong(weight)
        require(one.shape == (), "weight.shape", one.shape, "must be ()", "pass a number or a function of (key, shape)")
        return one
    made = strong(weight(key, shape))
    require(made.shape == shape, "weight(key, shape).shape", made.shape, f"must be {shape}", "return one per synapse")
    return made


def _check_sizes(pre: int, post: int, self_connections: bool) -> None:
    check_size("pre", pre, "pass the number of inputs")
    check_size("post", post, "pass the number of neurons")
    same = self_connections or pre == post
    remedy = "a neuron can be its own input only in a network where pre = post"
    require(same, "self_connections", self_connections, f"needs pre = post, got {pre} and {post}", remedy)
