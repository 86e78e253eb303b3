"""Sums, means and variances of a stream in float32, without cancellation.

A sum is a `Total`, high + low with what rounding took from high in low: sums of whole numbers are exact to about 2^46,
and others keep float32's relative precision however many are added.

A `Spread` holds (count, mean, M2), M2 being the sum of squared deviations from the mean. A block of values is reduced
around its own mean (two passes), or if it is short around its first value (one), and merged by Chan, Golub & LeVeque
1979:

    delta = mean_b - mean_a        mean = mean_a + delta n_b / n        M2 = M2_a + M2_b + delta^2 n_a n_b / n

Every term is a deviation, never a difference of large squares: the first value's own deviation is in M2, so that at
most the number of rows is lost of float32's precision. Counts are exact up to 2^31 - 1.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Num, PyTree

from ..core import SHORT, Total, sum_rows, two_sum

_CHUNK = 128  # values added one after the other; longer sums are sums of such sums


class Spread(NamedTuple):
    """Count, mean and sum of squared deviations. Results of nothing are NaN."""

    count: Int[Array, "..."]
    center: Total
    scatter: Total

    @property
    def mean(self) -> Float[Array, "..."]:
        return jnp.where(self.count > 0, self.center.value, jnp.nan)

    @property
    def variance(self) -> Float[Array, "..."]:
        """Population variance."""
        return self.scatter.value / self.count.astype(self.scatter.high.dtype)

    @property
    def std(self) -> Float[Array, "..."]:
        return jnp.sqrt(self.variance)


def float_type() -> jnp.dtype:
    """JAX's default float, in which meters count."""
    return jax.dtypes.canonicalize_dtype(float)


def no_total(shape: tuple[int, ...] = ()) -> Total:
    return Total(jnp.zeros(shape), jnp.zeros(shape))


def no_spread(shape: tuple[int, ...] = (), counts: tuple[int, ...] = ()) -> Spread:
    """The spread of nothing; `counts`: the shape of the count, () where all entries are always counted together."""
    return Spread(jnp.zeros(counts, jnp.int32), no_total(shape), no_total(shape))


def add(total: Total, value: Float[Array, "..."]) -> Total:
    """Add to the high part; what rounding takes from it goes to the low part."""
    high, lost = two_sum(total.high, value)
    return Total(high, total.low + lost)


def sum_over_time(values: Num[Array, "time ..."]) -> Num[Array, "..."]:
    """Sum over the leading axis in chunks, so that rounding does not grow with the length of a block."""
    while values.shape[0] > 2 * _CHUNK:
        padding = [(0, -values.shape[0] % _CHUNK)] + [(0, 0)] * (values.ndim - 1)
        values = jnp.pad(values, padding)
        values = jnp.sum(values.reshape((-1, _CHUNK) + values.shape[1:]), axis=1, dtype=values.dtype)
    return jnp.sum(values, axis=0, dtype=values.dtype)


def rows(weights: Float[Array, " time"], values: Num[Array, "time ..."]) -> Float[Array, "time ..."]:
    """The weights with as many axes as the values, for a product with them."""
    return weights.reshape(weights.shape + (1,) * (values.ndim - 1))


def keep(weights: Float[Array, " time"], values: Float[Array, "time ..."]) -> Float[Array, "time ..."]:
    """The values where the weight is not zero, zero elsewhere, even where they are not finite."""
    return jnp.where(rows(weights, values) > 0, values, jnp.zeros_like(values))


def counted(weights: Float[Array, " time"]) -> Int[Array, ""]:
    """Number of steps of weight one."""
    return sum_over_time((weights > 0).astype(jnp.int32))


def _alone(row: Float[Array, "..."]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    return row, jnp.zeros_like(row)


def gather(spread: Spread, rows: PyTree, weights: Float[Array, " time"], of: Callable = _alone) -> Spread:
    """Add a block of values of weight 0 or 1.

    rows: the values, time first; or what `of` makes them of, row -> (value, what is added to the sum of squared
        deviations for it, beyond its own).
    """
    count = counted(weights)
    number = jnp.maximum(count, 1).astype(weights.dtype)
    either = lambda yes, a, b: jax.tree.map(partial(jnp.where, yes), a, b)
    # The first row that counts stands in for those that do not: they may be infinite, and so would be their gradient.
    place = jnp.argmax(weights)
    first = jax.tree.map(lambda a: jax.lax.dynamic_index_in_dim(a, place, 0, keepdims=False), rows)
    first = either(count > 0, first, jax.tree.map(jnp.zeros_like, first))
    if weights.shape[0] > SHORT:
        values, extra = jax.vmap(lambda row, weight: of(either(weight > 0, row, first)))(rows, weights)
        near = sum_over_time(keep(weights, values)) / number
        deviations = keep(weights, values - near[None])
        rest = sum_over_time(deviations) / number  # what rounding left in `near`
        scatter = sum_over_time(deviations * deviations + keep(weights, extra)) - number * rest * rest
        return merge(spread, count, near, scatter, rest)
    near, _ = of(first)  # deviations from one of the sample, so that little cancels

    def one(now: tuple[PyTree, Array]) -> tuple[Array, Array]:
        value, extra = of(either(now[1] > 0, now[0], first))
        away = value - near
        return away, away * away + jnp.where(now[1] > 0, extra, jnp.zeros_like(extra))

    total, squares = sum_rows(one, (rows, weights))
    rest = total / number
    return merge(spread, count, near, squares - total * rest, rest)


@jax.jit  # to be traced once (`core.decay`)
def merge(
    spread: Spread,
    count: Int[Array, "..."],
    mean: Float[Array, "..."],
    scatter: Float[Array, "..."],
    rest: Float[Array, "..."] | None = None,
) -> Spread:
    """Chan's merge with `count` values of this mean (+ rest) and sum of squared deviations; count may be zero."""
    total = spread.count + count
    share = count.astype(mean.dtype) / jnp.maximum(total, 1).astype(mean.dtype)
    delta = (mean - spread.center.high) - spread.center.low
    delta = delta if rest is None else delta + rest
    between = delta * delta * (spread.count.astype(mean.dtype) * share)
    return Spread(total, add(spread.center, delta * share), add(spread.scatter, scatter + between))


def pool(spread: Spread) -> Spread:
    """All values of all entries as one spread; entries with nothing in them do not count."""
    number = spread.count.astype(spread.center.high.dtype)
    means = jnp.where(spread.count > 0, spread.center.value, 0)
    count = jnp.sum(spread.count, dtype=jnp.int32)
    mean = jnp.sum(number * means) / jnp.maximum(count, 1).astype(number.dtype)
    away = means - mean
    zero = jnp.zeros_like(mean)
    scatter = jnp.sum(spread.scatter.value + number * away * away)
    return Spread(count, Total(mean, zero), Total(scatter, zero))
