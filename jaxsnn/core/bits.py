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
    bits = _by_word(ones)
    return jnp.sum(jnp.where(bits, _values(bits.shape), jnp.uint32(0)), axis=-1, dtype=jnp.uint32)


def packed_numbers(numbers: Shaped[Array, "... column"]) -> tuple[UInt32[Array, "... word"], Bool[Array, "..."]]:
    """Where they are not 0, as bits, and which rows hold anything but 0 and 1; in one pass over them."""
    each = _by_word(numbers)
    bits = jnp.where(each != 0, _values(each.shape), jnp.uint32(0))
    both = bits, (each != 0) & (each != 1)
    words, other = jax.lax.reduce(
        both, (jnp.uint32(0), np.False_), lambda a, b: (a[0] + b[0], a[1] | b[1]), (each.ndim - 1,)
    )
    return words, jnp.any(other, axis=-1)


def _by_word(x: Shaped[Array, "... column"]) -> Shaped[Array, "... word bit"]:
    words = word_count(x.shape[-1])
    filled = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, words * WORD - x.shape[-1])])
    return filled.reshape(*x.shape[:-1], words, WORD)


def _values(shape: tuple[int, ...]) -> UInt32[Array, "..."]:
    return jnp.uint32(1) << _places(shape)


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
