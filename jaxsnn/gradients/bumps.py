"""The shapes of surrogate derivatives, g(u) = c h(u / width). `surrogate` says what c and the options mean.

    rule             h(x)                area h    as noise      other libraries
    FastSigmoid      1 / (1 + |x|)^2     2         heavy tails   SuperSpike (Zenke & Ganguli 2018), soft sign;
                                                                 snnTorch's k, SpikingJelly's a are 1 / width
    ArcTan           1 / (1 + x^2)       pi        Cauchy        Fang et al. 2021; SpikingJelly's a is 2 / (pi width)
    Sigmoid          4 s(x) (1 - s(x))   4         logistic      SpikingJelly's a is 1 / width; tanh(k u): width 1 / 2k
    Erf              exp(-x^2 / 2)       sqrt 2pi  normal        Gaussian, erfc; SpikingJelly's a is 1 / (width sqrt 2)
    Triangle         max(0, 1 - |x|)     1         triangular    Esser et al. 2016, Bellec et al. 2018
    Rectangle        1 if |x| < 1        2         uniform       boxcar; SpikingJelly's a is 1 / (2 width)
    Laplace          exp(-|x|)           2         Laplace       SLAYER, piecewise exponential; width is SLAYER's tau
    MultiGaussian    see the class       1 - side  none          Yin et al. 2021
    StraightThrough  1                   infinite  none          g = 1 everywhere, no width

s(x) is the logistic function. With unit area the derivative is that of a noisy threshold's firing probability, the
noise having g as its density: NoiseDriven with that noise is the rule that also fires that way.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import check_between, check_positive, param, require
from .surrogate import Bump, Surrogate


class FastSigmoid(Bump):
    """g falls off as 1/u^2. Known as SuperSpike (unit peak) and soft sign (unit area)."""

    width: Float[Array, "..."] = param(0.04)  # of u: threshold units
    normalize: str = eqx.field(static=True, default="peak", kw_only=True)

    def bump(self, x):
        return 1 / (1 + jnp.abs(x)) ** 2

    @property
    def area(self):
        return 2.0


class ArcTan(Bump):
    """Cauchy bump. At the default width unit peak and unit area are the same."""

    width: Float[Array, "..."] = param(1 / math.pi)
    normalize: str = eqx.field(static=True, default="peak", kw_only=True)

    def bump(self, x):
        return 1 / (1 + x * x)

    @property
    def area(self):
        return math.pi


class Sigmoid(Bump):
    """Derivative of the logistic function."""

    width: Float[Array, "..."] = param(0.25)
    normalize: str = eqx.field(static=True, default="peak", kw_only=True)

    def bump(self, x):
        s = jax.nn.sigmoid(x)
        return 4 * s * (1 - s)

    @property
    def area(self):
        return 4.0


class Erf(Bump):
    """Gaussian bump, the derivative of the error function; width is its standard deviation."""

    width: Float[Array, "..."] = param(0.4)
    normalize: str = eqx.field(static=True, default="peak", kw_only=True)

    def bump(self, x):
        return jnp.exp(-x * x / 2)

    @property
    def area(self):
        return math.sqrt(2 * math.pi)


class Triangle(Bump):
    """Compact support: exactly zero further than `width` from threshold."""

    width: Float[Array, "..."] = param(1.0)
    normalize: str = eqx.field(static=True, default="peak", kw_only=True)

    def bump(self, x):
        return jnp.maximum(1 - jnp.abs(x), 0)

    @property
    def area(self):
        return 1.0


class Rectangle(Bump):
    """Constant up to `width` from threshold, zero beyond."""

    width: Float[Array, "..."] = param(0.5)
    normalize: str = eqx.field(static=True, default="peak", kw_only=True)

    def bump(self, x):
        return (jnp.abs(x) < 1).astype(x.dtype)

    @property
    def area(self):
        return 2.0


class Laplace(Bump):
    """Two-sided exponential: SLAYER's probability density, SpikingJelly's piecewise exponential."""

    width: Float[Array, "..."] = param(0.25)
    normalize: str = eqx.field(static=True, default="peak", kw_only=True)

    def bump(self, x):
        return jnp.exp(-jnp.abs(x))

    @property
    def area(self):
        return 2.0


class MultiGaussian(Bump):
    """A Gaussian with two wide negative ones beside it; n the standard normal density.

        h(x) = (1 + side) n(x) - side / spread (n((x - 1) / spread) + n((x + 1) / spread))

    Negative in its tails, so no density of any noise. Its signed integral is 1 - side, which normalize="area" makes 1;
    the original has area 0.5 (1 - side), so multiply its learning rate by 0.425 to compare.
    """

    width: Float[Array, "..."] = param(0.5)  # standard deviation of the middle one, and distance of the others
    side: Float[Array, ""] = param(0.15, kw_only=True)
    spread: Float[Array, ""] = param(6.0, kw_only=True)
    normalize: str = eqx.field(static=True, default="peak", kw_only=True)

    def __check_init__(self):
        check_between("MultiGaussian.side", self.side, 0, 0.9, "lower it: at 1 nothing is left of the area")
        check_positive("MultiGaussian.spread", self.spread)

    def bump(self, x):
        normal = lambda z: jnp.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        wide = normal((x - 1) / self.spread) + normal((x + 1) / self.spread)
        return (1 + self.side) * normal(x) - self.side / self.spread * wide

    @property
    def area(self):
        return 1 - self.side

    @property
    def peak(self):
        return self.bump(jnp.zeros_like(self.side))


class StraightThrough(Surrogate):
    """g = 1 everywhere: a unit peak, no width and no finite area."""

    normalize: str = eqx.field(static=True, default="peak", kw_only=True)

    def __check_init__(self):
        require(
            self.normalize == "peak",
            "StraightThrough.normalize",
            self.normalize,
            'must be "peak": a constant has no finite area',
            "leave it out, or take a Rectangle of the width you mean",
        )

    def slope(self, u):
        return jnp.ones_like(u)
