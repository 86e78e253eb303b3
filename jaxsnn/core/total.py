"""A number held as high + low, where low keeps what rounding took from high (Knuth's two-sum).

In float32 a sum of many terms, or a slow decay of a large value, loses the digits of what is small beside it; a Total
has twice as many.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float


class Total(NamedTuple):
    high: Float[Array, "..."]
    low: Float[Array, "..."]

    @classmethod
    def of(cls, value: Float[Array, "..."]) -> "Total":
        """A number from which nothing was taken."""
        return cls(value, jnp.zeros_like(value))

    @property
    def value(self) -> Float[Array, "..."]:
        return self.high + self.low


def two_sum(a: Float[Array, "..."], b: Float[Array, "..."]) -> Total:
    """a + b rounded, and what rounding took from it: exact, and right under differentiation."""
    high = a + b
    added = high - a
    return Total(high, (a - (high - added)) + (b - added))


def settle(held: Total, change: Float[Array, "..."]) -> Total:
    """Add a change together with what rounding took before, so that `high` alone is right to its last digit (Kahan)."""
    return two_sum(held.high, change + held.low)
