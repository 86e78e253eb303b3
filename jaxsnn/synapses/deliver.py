"""Delivering the spikes of a step, one after another: the work is that of the synapses of the neurons that fired.

    pending[now + delay[pre, k], target[pre, k]] += x[pre] weight[pre, k]        for all pre with x != 0, and all k

Spikes are packed into words of 32 neurons, words that are not empty are bits of words of the next level, and so on to
one word; a loop takes one spike after the other and adds its row of synapses. It ends when all words are used up, so no
spike can be one too many. What costs time is to find the spikes: measured, of 4000 neurons `jnp.nonzero` takes 57 us,
this less than 3.

`pending` is flat, slot after slot: a ring of two axes is copied as a whole in every step. Under `vmap` networks become
one: their neurons are laid side by side, and their spikes go through the same loop; tables that they share are kept
once.
"""

from functools import reduce

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..delays import in_steps
from ..gradients import derivative_of

_WORD = 32


def _whole_steps(delay: Float[Array, "..."], dt: Float[Array, ""], slots: int) -> Int[Array, "..."]:
    """The nearest whole number of steps, halves up."""
    return jnp.clip(jnp.floor(in_steps(delay, dt) + 0.5).astype(jnp.int32), 0, slots - 1)


def _all_at_once(pending, x, target, weight, delay, index, dt, post):
    """The same over all synapses, fired or not: what is differentiated."""
    slots = pending.size // post
    steps = jnp.broadcast_to(_whole_steps(delay, dt, slots), target.shape)
    there = target < post
    place = jnp.where(there, (index + steps) % slots * post + target, pending.size)
    spikes = jnp.sum(x != 0, dtype=jnp.int32)
    return pending.at[place].add(weight * x[:, None], mode="drop"), spikes, spikes


def deliver(
    pending: Float[Array, " slots_of_post"],
    x: Float[Array, " pre"],
    target: Int[Array, "pre outgoing"],
    weight: Float[Array, "pre outgoing"],
    delay: Float[Array, "..."],
    index: Int[Array, ""],
    dt: Float[Array, ""],
    post: int,
) -> tuple[Float[Array, " slots_of_post"], Int[Array, ""], Int[Array, ""]]:
    """`pending` with the currents of step `index`'s spikes, how many spikes there were, and how many were delivered.

    target: `post` for no synapse. delay: in the unit of dt, one for all or one for each.
    """

    @derivative_of(lambda *arrays: _all_at_once(*arrays, post=post))
    def value(pending, x, target, weight, delay, index, dt):
        one = (pending, x, target, weight, delay, index, dt)
        return jax.tree.map(lambda a: a[0], _networks(post)(*(jnp.asarray(a)[None] for a in one)))

    return value(pending, x, target, weight, delay, index, dt)


def _networks(post: int):
    """`_in_turn` for networks along a leading axis; target, weight and delay may have 1 there, for all."""

    @jax.custom_batching.custom_vmap
    def several(*arrays):
        return _in_turn(*arrays, post=post)

    @several.def_vmap
    def _side_by_side(size, batched, pending, x, *others):
        *tables, index, dt = others
        networks = (x.shape[1] if batched[1] else x.shape[0],)

        def merged(array, has, keep_one):
            if keep_one and not has and array.shape[0] == 1:
                return array
            array = array if has else jnp.broadcast_to(array[None], (size, *array.shape))
            array = jnp.broadcast_to(array, (size, *networks, *array.shape[2:]))
            return array.reshape(-1, *array.shape[2:])

        plain = (pending, x, *tables, index, dt)
        kept = (False, False, *[True] * len(tables), False, False)
        found = several(*map(merged, plain, batched, kept))
        return jax.tree.map(lambda a: a.reshape(size, *networks, *a.shape[1:]), found), jax.tree.map(
            lambda _: True, found
        )

    return several


def _in_turn(pending, x, target, weight, delay, index, dt, post):
    networks, pre = x.shape
    slots = pending.shape[1] // post
    x, index = x.ravel(), index % slots
    levels = _tree(x)
    if networks == 1:
        spikes = _number(levels[-1])[None]
    else:
        spikes = jnp.sum((x != 0).reshape(networks, pre), axis=1, dtype=jnp.int32)

    def row(table, network, neuron):
        at = (network if table.shape[0] > 1 else 0, neuron) + (0,) * (table.ndim - 2)
        at = [jnp.asarray(place, jnp.int32) for place in at[: table.ndim]]
        return jax.lax.dynamic_slice(table, at, (1, 1, *table.shape[2:])[: table.ndim]).ravel()

    def more(carry):
        return jnp.any(carry[1][0] != 0)

    def add(carry):
        flat, where, counts = carry
        n, where = _next(levels, where)
        network = n // pre if networks > 1 else 0
        neuron = n - network * pre
        now = index[network] + _whole_steps(row(delay, network, neuron), dt[network], slots)
        to = row(target, network, neuron)
        start = (network * slots + jnp.where(now >= slots, now - slots, now)) * post
        sent = jnp.where(to < post, row(weight, network, neuron) * x[n], 0)
        flat = flat.at[start + jnp.minimum(to, post - 1)].add(sent, mode="promise_in_bounds")
        return flat, where, counts.at[network].add(1)

    nothing = jnp.zeros(len(levels) - 1, jnp.uint32)
    first = jnp.stack([jnp.concatenate([levels[0], nothing]), jnp.zeros(len(levels), jnp.uint32)])
    flat, _, delivered = jax.lax.while_loop(more, add, (pending.ravel(), first, jnp.zeros(networks, jnp.int32)))
    return flat.reshape(pending.shape), spikes, delivered


def _tree(x: Array) -> list[Array]:
    """Words of bits, the root first: a bit says whether its word of the next level has one, and the last level's bits
    are the neurons."""
    levels = [_packed(x)]
    while levels[0].size > 1:
        levels.insert(0, _packed(levels[0]))
    return levels


def _number(words: Array) -> Int[Array, ""]:
    """Bits that are set, in all."""
    counts = jax.lax.population_count(words).astype(jnp.int32)
    return jnp.sum(reduce(jnp.add, _slices(counts)), dtype=jnp.int32)


def _next(levels: list[Array], where: Array) -> tuple[Int[Array, ""], Array]:
    """The next neuron that fired, and where the search then stands.

    where [2, level]: bits of each level's word that are left, and the number of that word.
    """
    left, word = ([where[kind, level] for level in range(len(levels))] for kind in range(2))
    moves = [jnp.bool_(True)]  # whether a level gives away a bit: where all words below are used up; the last always
    for bits in left[:0:-1]:
        moves.insert(0, moves[0] & (bits == 0))
    fresh, found = jnp.bool_(False), jnp.uint32(0)  # whether the level above gave one away, and which
    for level, words in enumerate(levels):
        word[level] = jnp.where(fresh, found, word[level])
        bits = jnp.where(fresh, words[word[level].astype(jnp.int32)], left[level])
        found = _lowest(bits).astype(jnp.uint32) * words.size + word[level]
        left[level] = jnp.where(moves[level], bits & (bits - jnp.uint32(1)), bits)
        fresh = moves[level]
    return found.astype(jnp.int32), jnp.stack(left + word).reshape(where.shape)


def _packed(values: Array) -> Array:
    """Value b * words + w is bit b of word w, set if it is not zero."""
    bit = lambda b, part: (part != 0).astype(jnp.uint32) << jnp.uint32(b)
    return reduce(jnp.bitwise_or, [bit(b, part) for b, part in enumerate(_slices(values))])


def _slices(values: Array) -> list[Array]:
    """32 contiguous parts of one size, with zeros at the end."""
    size = -(-values.size // _WORD)
    padded = jnp.pad(values, (0, _WORD * size - values.size))
    return [padded[b * size : (b + 1) * size] for b in range(_WORD)]


def _lowest(bits: Array) -> Int[Array, ""]:
    """Number of the lowest bit that is set."""
    return jax.lax.population_count((bits & (~bits + jnp.uint32(1))) - jnp.uint32(1)).astype(jnp.int32)
