"""Bounds of a trainable parameter, as data: {"neuron.threshold": positive(), "line.delay": between(0, 24)}.

A bound maps a parameter to the free value that the optimiser moves, and back:

    free()                          value = free
    positive(above=0)               value = above + exp(free)            steps are relative; never reaches `above`
    between(low, high)              value = free, cut to [low, high] after every step (delay learning with DCLS)
    between(low, high, "sigmoid")   value = low + (high - low) / (1 + exp(-free))       never reaches the ends

Cells hold no bounds and no bijections: what is trained, and within what, belongs to the fit.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..core import check_finite


@dataclass(frozen=True)
class Bound:
    """Base: no bound at all. ends: values up to which a parameter may come, of a bound that has both."""

    @property
    def ends(self) -> tuple[float, ...]:
        return ()

    def contains(self, value: Any) -> bool:
        """Whether a fit may begin at `value` (host)."""
        return bool(np.all(np.isfinite(np.asarray(value, float))))

    def to_free(self, value: Float[Array, "..."]) -> Float[Array, "..."]:
        return value

    def to_value(self, free: Float[Array, "..."]) -> Float[Array, "..."]:
        return free

    def settle(self, free: Float[Array, "..."]) -> Float[Array, "..."]:
        """Put a free value that an optimiser's step has moved back where it is allowed."""
        return free

    def __str__(self):
        return "finite"


@dataclass(frozen=True)
class _Positive(Bound):
    above: float

    def contains(self, value):
        return super().contains(value) and bool(np.all(np.asarray(value, float) > self.above))

    def to_free(self, value):
        return jnp.log(value - self.above)

    def to_value(self, free):
        return self.above + jnp.exp(free)

    def __str__(self):
        return f"above {self.above:g}"


@dataclass(frozen=True)
class _Cut(Bound):
    low: float
    high: float

    @property
    def ends(self):
        return self.low, self.high

    def contains(self, value):
        array = np.asarray(value, float)
        return bool(np.all((array >= self.low) & (array <= self.high)))

    def settle(self, free):
        return jnp.clip(free, self.low, self.high)

    def __str__(self):
        return f"in [{self.low:g}, {self.high:g}]"


@dataclass(frozen=True)
class _Sigmoid(Bound):
    low: float
    high: float

    @property
    def ends(self):
        inside = 1e-3 * (self.high - self.low)
        return self.low + inside, self.high - inside

    def contains(self, value):
        array = np.asarray(value, float)
        return bool(np.all((array > self.low) & (array < self.high)))

    def to_free(self, value):
        share = (value - self.low) / (self.high - self.low)
        return jnp.log(share) - jnp.log1p(-share)

    def to_value(self, free):
        return self.low + (self.high - self.low) * jax.nn.sigmoid(free)

    def __str__(self):
        return f"strictly between {self.low:g} and {self.high:g}"


def free() -> Bound:
    """Any finite value."""
    return Bound()


def positive(above: float = 0.0) -> Bound:
    """Above zero, or above another number; the optimiser moves the logarithm."""
    check_finite("positive(above)", above, "pass a number")
    return _Positive(float(above))


def _is_real(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "iuf" and bool(np.all(np.isfinite(value)))


def between(low: float, high: float, by: str = "cut") -> Bound:
    """From low to high. by: "cut" after every step (ends included), or "sigmoid" (ends excluded)."""
    if not (_is_real(low) and _is_real(high) and low < high):
        raise ValueError(f"between({low!r}, {high!r}): must be two finite numbers, the lower first; swap or fix them")
    kinds = {"cut": _Cut, "sigmoid": _Sigmoid}
    if by not in kinds:
        raise ValueError(f'between(by={by!r}): must be "cut" or "sigmoid"; "cut" allows the ends themselves')
    return kinds[by](float(low), float(high))
