"""Tables of zeros and ones as bits: word k of a row holds columns 32 k ... 32 k + 31, column 32 k + b in bit b."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Shaped, UInt32

WORD = 32
_WIDTHS = np.asarray([16, 8, 4, 2, 1], np.uint32)
_LOW = np.asarray([0x0000FFFF, 0x00FF00FF, 0x0F0F0F0F, 0x33333333, 0x55555555], np.uint32)


def word_count(columns: int) -> int:
    return -(-columns // WORD)


def packed(ones: Bool[Array, "... column"]) -> UInt32[Array, "... word"]:
    return jnp.concatenate([jnp.sum(_values(part), axis=-1, dtype=jnp.uint32) for part in _by_word(ones)], axis=-1)


def packed_numbers(numbers: Shaped[Array, "... column"]) -> tuple[UInt32[Array, "... word"], Bool[Array, "..."]]:
    """Where they are not 0, as bits, and which rows hold anything but 0 and 1; in one pass over them."""

    def of(part):
        both = _values(part != 0), (part != 0) & (part != 1)
        joined = lambda a, b: (a[0] + b[0], a[1] | b[1])
        return jax.lax.reduce(both, (jnp.uint32(0), np.False_), joined, (part.ndim - 1,))

    words, other = (jnp.concatenate(parts, axis=-1) for parts in zip(*map(of, _by_word(numbers)), strict=True))
    return words, jnp.any(other, axis=-1)


def _by_word(x: Shaped[Array, "... column"]) -> list[Shaped[Array, "... word bit"]]:
    """Columns in words of 32, and those that are left: filled up with zeros, they would all be copied."""
    whole = x.shape[-1] // WORD * WORD
    words = x[..., :whole].reshape(*x.shape[:-1], whole // WORD, WORD)
    return [words, x[..., None, whole:]] if whole < x.shape[-1] else [words]


def _values(bits: Bool[Array, "... bit"]) -> UInt32[Array, "... bit"]:
    """What each bit counts in its word."""
    return jnp.where(bits, jnp.uint32(1) << _places(bits.shape), jnp.uint32(0))


def unpacked(words: UInt32[Array, "... word"], columns: int) -> Bool[Array, "... column"]:
    """What `packed` was given."""
    bits = (words[..., None] >> _places((*words.shape, WORD))) & jnp.uint32(1)
    return bits.reshape(*words.shape[:-1], words.shape[-1] * WORD)[..., :columns] != 0


def _places(shape: tuple[int, ...]) -> UInt32[Array, "..."]:
    """Numbers of the bits of each word; counted, because an array of constants would be read from memory."""
    return jax.lax.broadcasted_iota(jnp.uint32, shape, len(shape) - 1)


def flipped(words: UInt32[Array, "row word"]) -> UInt32[Array, "column row_word"]:
    """Rows for columns. As many columns as there are bits; rows are filled up with zeros.

    Squares of 32 by 32 bits, in five stages: blocks of 16 by 16 change places across the diagonal, within each of them
    blocks of 8 by 8, and so on.
    """
    rows, across = words.shape
    squares = jnp.pad(words, ((0, -rows % WORD), (0, 0))).reshape(-1, WORD, across)
    row = jnp.arange(WORD, dtype=jnp.uint32)

    def stage(squares, given):
        width, low = given
        across_diagonal = squares[:, row ^ width]
        above = (squares & low) | ((across_diagonal & low) << width)
        below = (squares & ~low) | ((across_diagonal >> width) & low)
        return jnp.where((row & width == 0)[None, :, None], above, below), None

    squares, _ = jax.lax.scan(stage, squares, (jnp.asarray(_WIDTHS), jnp.asarray(_LOW)))
    return jax.lax.transpose(squares, (2, 1, 0)).reshape(across * WORD, -1)
