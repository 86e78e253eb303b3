"""Delay kernels: what a delay that is no whole number of steps means on the time grid.

    y[n] = sum_k weight_k(d) x[n - k]          d = delay / dt in steps, k = lag

    Nearest    weight 1 at the lag nearest to d (halves go up); no gradient for the delay
    Linear     1 - f at lag floor(d) and f one later, f = d - floor(d); the gradient x[n - k - 1] - x[n - k] is exact
               for the interpolated signal, and one-sided (towards longer delays) at a whole d
    Triangular max(0, 1 - |k - d| / width), normalised over the taps: Linear at a width of one step, and wider; delay
               learning starts wide, so that the gradient sees far, and anneals to one (DelRec). Its gradient has kinks
               at whole d, where it is the mean of the two sides for the tap in the middle
    Gaussian   exp(-(k - d)^2 / (2 width^2)), normalised over the taps: the kernel of delay learning with dilated
               convolutions (DCLS; Hammouamri, Khalfaoui-Hassani & Masquelier 2024). Even a whole delay is spread out

A kernel has two forms that agree: `taps`, the few lags that the stepwise ring is read at, and `weights`, over all lags,
for the whole sequence. Both put lags on the leading axis, before the shape of the delay.
"""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..core import check_positive, check_size, copied_first, param, require, sum_first, when_known

Steps = Float[Array, "..."]
Taps = tuple[Int[Array, "tap ..."], Float[Array, "tap ..."]]


def in_steps(delay: Float[Array, "..."], dt: Float[Array, ""]) -> Steps:
    """delay / dt. A result within rounding of a whole number is that number: 0.3 is exactly 6 steps of 0.05."""
    steps = delay / dt
    whole = jnp.round(steps)
    near = jnp.abs(steps - whole) <= 4 * jnp.finfo(steps.dtype).eps * jnp.abs(whole)
    return steps + jax.lax.stop_gradient(jnp.where(near, whole - steps, jnp.zeros_like(steps)))


def _floor(steps: Steps) -> Int[Array, "..."]:
    return jnp.floor(jax.lax.stop_gradient(steps)).astype(jnp.int32)


def _column(lags: Int[Array, " lag"], steps: Steps) -> Int[Array, "lag ..."]:
    """Lags on a new leading axis before the shape of the delay."""
    return jnp.broadcast_to(lags.reshape((-1,) + (1,) * steps.ndim), lags.shape + steps.shape)


_FEW = 8  # lags; products with ones pay from here on


def over_lags(x: Float[Array, "..."], count: int) -> Float[Array, "lag ..."]:
    """`x` at each of `count` lags. Sums over many lags, its gradient among them, were a third of a training step."""
    return jnp.broadcast_to(x[None], (count, *x.shape)) if count <= _FEW else copied_first(x, count)


def _summed(x: Float[Array, "lag ..."]) -> Float[Array, "..."]:
    return jnp.sum(x, axis=0) if x.shape[0] <= _FEW else sum_first(x)


class Kernel(eqx.Module):
    """Base of the kernels. `first` and `last` bound the lags that exist: 0 and max_delay; in recurrence `first` is 1.

    The lag last + 1 exists too: linear interpolation asks for it, with weight zero, at a delay of exactly max_delay.
    """

    spread: ClassVar[bool] = False  # over many lags, even at a whole delay

    def taps(self, steps: Steps, *, first: int = 0, last: int | None = None) -> Taps:
        """Lags (int32) and weights, both [tap, *shape of steps]; how many taps is static. Lags stay within bounds."""
        raise NotImplementedError(f"{type(self).__name__} does not define taps")

    def weights(
        self, steps: Steps, lags: Int[Array, " lag"], *, first: int = 0, last: int | None = None
    ) -> Float[Array, "lag ..."]:
        """Weight of each of `lags`: [lag, *shape of steps]."""
        lag, weight = self.taps(steps, first=first, last=last)
        hit = _column(lags, steps)[:, None] == lag[None]
        return jnp.sum(jnp.where(hit, weight[None], jnp.zeros_like(weight)[None]), axis=1)


def _within(lags: Int[Array, "..."], first: int, last: int | None) -> Int[Array, "..."]:
    """A delay that should have been refused reads the oldest or newest row rather than a stale one."""
    return jnp.clip(lags, first, None if last is None else last + 1)


class Nearest(Kernel):
    """One tap."""

    def taps(self, steps, *, first=0, last=None):
        lag = _within(_floor(steps + 0.5), first, last)
        return lag[None], jnp.ones_like(steps)[None]


class Linear(Kernel):
    """Two taps."""

    def taps(self, steps, *, first=0, last=None):
        low = _floor(steps)
        late = steps - low.astype(steps.dtype)
        lags = jnp.stack([low, low + 1])
        return _within(lags, first, last), jnp.stack([1 - late, late])


class _Spread(Kernel):
    """Taps at all lags from `first` to `last`, or, given `reach`, at the 2 reach lags around floor(delay) + 1/2."""

    spread = True
    width: eqx.AbstractVar[Float[Array, ""]]
    reach: eqx.AbstractVar[int | None]

    def _bump(self, distance: Float[Array, "tap ..."], nearest: Float[Array, "..."]) -> Float[Array, "tap ..."]:
        """Weights up to a factor, not all of them zero; distances of the taps, and of the nearest, in widths."""
        raise NotImplementedError(f"{type(self).__name__} does not define _bump")

    def _check(self, widths: int, words: str) -> None:
        name = type(self).__name__
        check_positive(f"{name}.width", self.width)
        if self.reach is not None:
            check_size(f"{name}.reach", self.reach)
            reach = self.reach

            def wide_enough(width):
                least = widths * float(width)
                allowed = f"must be at least {words} = {least:.3g} steps"
                remedy = "raise it, or leave it out to use all lags"
                require(reach >= least * (1 - 1e-6), f"{name}.reach", reach, allowed, remedy)

            when_known(wide_enough, self.width)

    def _normalised(self, steps, lags, first, last):
        low = _floor(steps)
        there = lags >= first
        if last is not None:
            there &= lags <= last
        if self.reach is not None:
            there &= (lags > low[None] - self.reach) & (lags <= low[None] + self.reach)
        fixed = jax.lax.stop_gradient(steps)
        nearest = (jnp.clip(jnp.round(fixed), first, last) - fixed) / self.width
        distance = (lags.astype(steps.dtype) - over_lags(steps, lags.shape[0])) / self.width
        distance = jnp.where(there, distance, nearest[None])  # of other taps nothing may overflow
        weight = jnp.where(there, self._bump(distance, nearest), jnp.zeros_like(distance))
        return weight * over_lags(1 / _summed(weight), lags.shape[0])

    def taps(self, steps, *, first=0, last=None):
        if self.reach is not None:
            lags = _floor(steps)[None] + _column(jnp.arange(1 - self.reach, self.reach + 1, dtype=jnp.int32), steps)
        else:
            if last is None:
                name = type(self).__name__
                raise ValueError(f"{name}.reach = None: all lags need a longest one; pass reach=... or last=...")
            lags = _column(jnp.arange(first, last + 1, dtype=jnp.int32), steps)
        return _within(lags, first, last), self._normalised(steps, lags, first, last)

    def weights(self, steps, lags, *, first=0, last=None):
        return self._normalised(steps, _column(lags, steps), first, last)


class Triangular(_Spread):
    """Zero further than `width` from the delay; a reach of `width` steps or more loses nothing."""

    width: Float[Array, ""] = param(1.0)  # half the support, steps: at least one
    reach: int | None = eqx.field(static=True, default=None, kw_only=True)  # steps

    def __check_init__(self):
        self._check(1, "the width")
        allowed = "must be at least 1 step, or some delays would find no lag"
        wide = lambda w: require(float(w) >= 1, "Triangular.width", w, allowed, "Linear() is the narrowest")
        when_known(wide, self.width)

    def _bump(self, distance, nearest):
        del nearest
        return jnp.maximum(1 - jnp.abs(distance), 0)


class Gaussian(_Spread):
    """Taps at all lags from `first` to `last`, or, given `reach`, at the 2 reach lags around floor(delay) + 1/2.

    A window of less than five widths to each side would cut the kernel and make it jump as the delay passes a whole
    step, so it is refused.
    """

    width: Float[Array, ""] = param(0.5)  # steps
    reach: int | None = eqx.field(static=True, default=None, kw_only=True)  # steps

    def __check_init__(self):
        self._check(5, "5 widths")

    def _bump(self, distance, nearest):
        # over that of the nearest tap, which would underflow for a narrow kernel between two steps
        return jnp.exp(0.5 * (nearest * nearest)[None] - 0.5 * distance * distance)
